package simulate

import (
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "8": 8, "64K": 64 << 10, "1m": 1 << 20, " 1G": 1 << 30} {
		if got, err := parseSize(text); got != want || err != nil {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "K", "-1", "1.5K", "1KM", "8 K", "99999999999999999999999", "2000G", "0x10"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func FuzzSizes(f *testing.F) {
	for _, s := range []string{"8", "64K", "1024G", "", "-5", "9223372036854775807K"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := parseSize(text); err == nil && (n < 0 || n > maxSize) {
			t.Errorf("%q is %d", text, n)
		}
	})
}

// Whatever the file, there are times above 0 of so many ranks, or an error of
// one line.
func FuzzMeasured(f *testing.F) {
	f.Add("benchmark,ranks,size,avg_us\nbcast,4,8,5.5\nbarrier,4,0,3\n")
	f.Add("benchmark,ranks,collective,size,avg_us,min_us\ncollectives,4,alltoall,64,5e1,3\n")
	f.Add("benchmark,ranks,size,avg_us\nbcast,4,8,-5\n")
	f.Add("size\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMeasured("times.csv", strings.NewReader(text))
		if err != nil {
			return
		}
		if m.ranks < 1 || len(m.times) == 0 {
			t.Errorf("%d ranks, %d times", m.ranks, len(m.times))
		}
		for k, us := range m.times {
			if k.size < 0 || k.size > maxSize || !(us > 0) {
				t.Errorf("%v takes %g", k, us)
			}
		}
	})
}

func TestMeasured(t *testing.T) {
	m, err := parseMeasured("times.csv", strings.NewReader("ranks,benchmark,avg_us,size\n4,allreduce,5.5,64\n4,allreduce,4,8\n4,gather,9,8\n4,barrier,3,0\n"))
	if err != nil || m.ranks != 4 || len(m.times) != 3 || m.times[key{engine.Allreduce, 64}] != 5.5 {
		t.Fatalf("%+v, %v", m, err)
	}
	if s := m.sizes(engine.Allreduce); len(s) != 2 || s[0] != 8 || s[1] != 64 {
		t.Errorf("sizes %v", s)
	}
}
