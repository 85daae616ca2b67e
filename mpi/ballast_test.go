package mpi

import "testing"

func TestBallast(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	p := &process{}
	seen := map[*Request]bool{}
	for range 3 * largestSlab {
		r := p.allocRequest()
		if seen[r] {
			t.Fatal("a request was handed out twice")
		}
		seen[r] = true
	}
	if len(ballast) != ballastSize {
		t.Errorf("the ballast has %d bytes after %d requests", len(ballast), len(seen))
	}
}
