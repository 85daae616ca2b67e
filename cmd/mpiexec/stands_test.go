package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// stands WHAT…: what each rank does for ever; the last word is that of all others. A
// rank says so when it does it.
func stands() {
	mpi.Main(func(world *mpi.Comm) error {
		if err := world.Barrier(); err != nil {
			return err
		}
		what := os.Args[min(1+world.Rank(), len(os.Args)-1)]
		if what == "crowd" { // of goroutines
			for range 500 {
				go func() { <-make(chan int) }()
			}
			what = "receive"
		}
		switch what {
		case "receive":
			go func() {
				for buf := make([]byte, 1<<20); !bytes.Contains(buf[:runtime.Stack(buf, true)], []byte("/mpi.Recv[")); {
					time.Sleep(time.Millisecond)
				}
				fmt.Println("rank", world.Rank(), what)
			}()
			return receiveForEver(world)
		}
		fmt.Println("rank", world.Rank(), what)
		switch what {
		case "compute":
			computeForEver()
		case "sleep":
			time.Sleep(time.Hour) // sleep
		case "stop":
			return exec.Command("kill", "-STOP", strconv.Itoa(os.Getpid())).Run()
		}
		return nil
	})
}

func receiveForEver(world *mpi.Comm) error {
	_, err := mpi.Recv(world, make([]int, 1), mpi.AnySource, 7) // receive
	return err
}

//go:noinline
func computeForEver() {
	x := 1.0
	for x > 0 {
		x = x*1.5 + 1
		if x > 1e9 {
			x = 1 // compute
		}
	}
	runtime.KeepAlive(x)
}
