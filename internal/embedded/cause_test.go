package embedded

import "testing"

func TestFirstCause(t *testing.T) {
	for _, tt := range []struct{ reason, want string }{
		{"no more paper", "no more paper"},
		{"Recv: rank 2 on h has ended: was killed by signal 9", "rank 2 on h has ended: was killed by signal 9"},
		{"main.go:3: Barrier: rank 1 on h has ended: rank 2 on h has ended: was killed", "rank 2 on h has ended: was killed"},
		{"rank 0 (rank 3 of the world) on h has ended: gone", "rank 3 on h has ended: gone"},
		{"it has ended: gone", "it has ended: gone"},
	} {
		if got := firstCause(tt.reason); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.reason, got, tt.want)
		}
		if again := firstCause("Send: rank 7 on h has ended: " + firstCause(tt.reason)); tt.reason != tt.want && again != tt.want {
			t.Errorf("%q: passed on as %q", tt.reason, again)
		}
	}
}
