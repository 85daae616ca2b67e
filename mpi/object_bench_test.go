package mpi_test

import (
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// benchObject measures one way of objects between two goroutine ranks.
func benchObject[T any](b *testing.B, v T) {
	b.ReportAllocs()
	err := mpi.Run(2, func(c *mpi.Comm) error {
		for range b.N {
			if c.Rank() == 0 {
				if err := mpi.SendObject(c, v, 1, 0); err != nil {
					return err
				}
				if _, _, err := mpi.RecvObject[T](c, 1, 0); err != nil {
					return err
				}
				continue
			}
			w, _, err := mpi.RecvObject[T](c, 0, 0)
			if err != nil {
				return err
			}
			if err := mpi.SendObject(c, w, 0, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2, "ns/oneway")
}

func BenchmarkObject(b *testing.B) {
	type particle struct {
		ID   int
		Name string
		X, Y float64
	}
	b.Run("int", func(b *testing.B) { benchObject(b, 12345) })
	b.Run("float64", func(b *testing.B) { benchObject(b, 1.5) })
	b.Run("string", func(b *testing.B) { benchObject(b, "eight by") })
	b.Run("struct", func(b *testing.B) { benchObject(b, particle{1, "electron", 0.5, 1.5}) })
	b.Run("map", func(b *testing.B) { benchObject(b, map[string]int{"a": 1, "b": 2}) })
	b.Run("1000 float64", func(b *testing.B) { benchObject(b, make([]float64, 1000)) })
	b.Run("1 MiB", func(b *testing.B) { benchObject(b, make([]byte, 1<<20)) })
	b.Run("buffer of 8 B", func(b *testing.B) {
		b.ReportAllocs()
		mpi.Run(2, func(c *mpi.Comm) error {
			buf := make([]float64, 1)
			for range b.N {
				if c.Rank() == 0 {
					mpi.Send(c, buf, 1, 0)
					mpi.Recv(c, buf, 1, 0)
				} else {
					mpi.Recv(c, buf, 0, 0)
					mpi.Send(c, buf, 0, 0)
				}
			}
			return nil
		})
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2, "ns/oneway")
	})
}
