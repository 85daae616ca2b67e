package mpi_test

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/ringo-mpi/ringo/mpi"
)

// disks is what the examples send.
type disks struct {
	Size []int
	Name []string
}

func ExampleSendObject() {
	ranksDo(2, func(world *mpi.Comm) error {
		if world.Rank() == 0 {
			return mpi.SendObject(world, disks{[]int{1, 3, 8}, []string{"disk1", "disk2", "disk3"}}, 1, 11)
		}
		d, st, err := mpi.RecvObject[disks](world, 0, 11)
		if err != nil {
			return err
		}
		fmt.Println(d.Name[2], "has size", d.Size[2], "says rank", st.Source)
		return nil
	})
	// Output: disk3 has size 8 says rank 0
}

func ExampleIrecvObject() {
	ranksDo(2, func(world *mpi.Comm) error {
		if world.Rank() == 0 {
			return mpi.SendObject(world, "of any length", 1, 0)
		}
		req := mpi.IrecvObject[string](world, 0, 0)
		// Other work goes here.
		text, _, err := req.Wait()
		if err != nil {
			return err
		}
		fmt.Println("a text", text)
		return nil
	})
	// Output: a text of any length
}

func ExampleAllreduceObject() {
	ranksDo(3, func(world *mpi.Comm) error {
		mine := map[string]int{"ranks": 1, fmt.Sprint("rank", world.Rank()): world.Rank()}
		all, err := mpi.AllreduceObject(world, mine, func(a, b map[string]int) map[string]int {
			b["ranks"] += a["ranks"]
			n := b["ranks"]
			maps.Copy(b, a)
			b["ranks"] = n
			return b
		})
		if err != nil {
			return err
		}
		if world.Rank() == 0 {
			fmt.Println(all)
		}
		return nil
	})
	// Output: map[rank0:0 rank1:1 rank2:2 ranks:3]
}

// jsonCodec is a codec of the program's own.
type jsonCodec struct{}

func (jsonCodec) Name() string { return "json" }

func (jsonCodec) Encode(dst []byte, v any) ([]byte, [][]byte, error) {
	b, err := json.Marshal(v)
	return append(dst, b...), nil, err
}

func (jsonCodec) Decode(data []byte, _ [][]byte, v any) error { return json.Unmarshal(data, v) }

func (jsonCodec) MaxBytes() int64 { return 1 << 30 }

func ExampleCodec() {
	ranksDo(2, func(world *mpi.Comm) error {
		world = world.WithCodec(jsonCodec{})
		d, err := mpi.BcastObject(world, disks{[]int{1}, []string{"disk1"}}, 0)
		if err == nil && world.Rank() == 1 {
			fmt.Printf("%+v\n", d)
		}
		return err
	})
	// Output: {Size:[1] Name:[disk1]}
}
