package simulate

import (
	"context"
	"errors"
	"runtime"
	"testing"
)

// BenchmarkMillionRanks finds the times of all algorithms of a collective on a
// million ranks, one after another, and reports the memory taken from the system:
//
//	go test ./internal/simulate -run XXX -bench MillionRanks -benchtime 1x
func BenchmarkMillionRanks(b *testing.B) {
	for _, kind := range Collectives {
		b.Run(kind.String(), func(b *testing.B) {
			times := 0
			for b.Loop() {
				for _, a := range Algorithms(kind) {
					for _, size := range []int{8, 64 << 10, 1 << 20} {
						_, err := Evaluate(context.Background(), Question{Kind: kind, Algorithm: a, Ranks: 1_000_000, Bytes: size, Network: Default()}, Limits{Workers: 2})
						switch {
						case err == nil:
							times++
						case !errors.Is(err, ErrNotFit) && !errors.Is(err, ErrTooLong):
							b.Fatal(err)
						}
					}
				}
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys>>20), "MiB")
			b.ReportMetric(float64(times)/float64(b.N), "times/op")
		})
	}
}
