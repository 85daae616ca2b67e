package simulate

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What Get and Text write, Set reads.
func TestParametersReadWhatTheyWrite(t *testing.T) {
	names, help := Parameters()
	if len(names) != len(help) || len(names) < 13 {
		t.Fatalf("%d parameters, %d explanations", len(names), len(help))
	}
	rapid.Check(t, func(rt *rapid.T) {
		n := randomNetwork(rt)
		var again Network
		for _, name := range names {
			if err := again.Set(name, n.Get(name)); err != nil {
				rt.Fatal(err)
			}
		}
		if math.Abs(again.Memory/n.Memory-1) > 1e-12 || again.Between.Latency != n.Between.Latency || again.PerHost != n.PerHost || again.Eager != n.Eager {
			rt.Fatalf("%+v is read as %+v", n, again)
		}
		for _, name := range names {
			if again.Get(name) != n.Get(name) {
				rt.Fatalf("%s: %s is read as %s", name, n.Get(name), again.Get(name))
			}
			if !strings.Contains(n.Text(), n.Get(name)) {
				rt.Fatalf("%s is not in the text", name)
			}
		}
	})
	var n Network
	if n.Set("colour", "1") == nil || n.Get("colour") != "" {
		t.Error("a network has a colour")
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]Time{
		"1.5us": 1500 * Nanosecond, "200ns": 200 * Nanosecond, "10µs": 10 * Microsecond, "0": 0, "3 ms": 3 * Millisecond, "2s": 2 * Second, "7ps": 7, ".5ns": 500,
	} {
		if got, err := ParseTime(text); got != want || err != nil {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "us", "5", "-1us", "1.5hours", "1us2", "2000s", "NaN", "Infs", "1.2.3us"} {
		if got, err := ParseTime(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]float64{
		"12GB/s": 12e9, "100Gbit/s": 12.5e9, "1 GiB/s": 1 << 30, "5B/s": 5, "0": 0, "1.5TB/s": 1.5e12, "800kbit/s": 1e5,
	} {
		if got, err := ParseRate(text); got != want || err != nil {
			t.Errorf("%q is %g, %v; want %g", text, got, err, want)
		}
	}
	for _, text := range []string{"", "12", "GB/s", "-1GB/s", "1gb/s", "1GB", "0.1bit/s", "10000000TB/s"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("%q is %g", text, got)
		}
	}
}

// Whatever the text, there is a value in range or an error.
func FuzzParameters(f *testing.F) {
	names, _ := Parameters()
	n := Default()
	for i, name := range names {
		f.Add(i, n.Get(name))
	}
	f.Add(1, "1e999us")
	f.Fuzz(func(t *testing.T, i int, text string) {
		name := names[uint(i)%uint(len(names))]
		n := Default()
		if n.Set(name, text) != nil {
			return
		}
		if n.Check() != nil {
			return
		}
		var again Network
		if err := again.Set(name, n.Get(name)); err != nil {
			t.Errorf("%s: %q is written as %q: %v", name, text, n.Get(name), err)
		}
	})
}

// A fit finds the link that the times are made of.
func TestFit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := Link{
			Latency:  Time(rapid.IntRange(100, 50_000).Draw(rt, "latency")) * Nanosecond,
			Overhead: Time(rapid.IntRange(10, 3000).Draw(rt, "overhead")) * Nanosecond,
			Gap:      Time(rapid.IntRange(0, 3000).Draw(rt, "gap")) * Nanosecond,
		}
		want.Overhead = min(want.Overhead, want.Latency/2)
		each := float64(rapid.IntRange(40, 5000).Draw(rt, "ps a byte"))
		limit := rapid.SampledFrom([]int{0, 1 << 10, 8 << 10, 64 << 10}).Draw(rt, "eager")
		noise := rapid.IntRange(-2, 2)
		m := Measured{Call: want.Overhead, Flood: want.Gap}
		for n := 1; n <= 4<<20; n *= 2 {
			at := want.Latency + 2*want.Overhead + bytes(int64(n), each)
			if limit > 0 && n > limit {
				at += 2*want.Latency + 2*want.Overhead
			}
			m.OneWay = append(m.OneWay, Sample{n, at + at*Time(noise.Draw(rt, "noise"))/200})
		}
		got, _, err := Fit(m)
		if err != nil {
			rt.Fatal(err)
		}
		near := func(what string, got, want, off float64) {
			if math.Abs(got-want) > off*want {
				rt.Fatalf("%s is %g, want %g (%+v)", what, got, want, m)
			}
		}
		near("latency", float64(got.Latency), float64(want.Latency), 0.1)
		near("overhead", float64(got.Overhead), float64(want.Overhead), 0.1)
		near("bandwidth", got.Bandwidth, 1e12/each, 0.1)
		if got.Gap != want.Gap {
			rt.Fatalf("gap is %v, want %v", got.Gap, want.Gap)
		}
	})
}

// Where announcing a long message costs, the fit sees from which size on.
func TestFitSeesTheAnnouncement(t *testing.T) {
	for _, limit := range []int{0, 8 << 10} {
		m := Measured{Call: Microsecond, Flood: Microsecond}
		for n := 1; n <= 1<<20; n *= 2 {
			at := 12*Microsecond + bytes(int64(n), 100)
			if limit > 0 && n > limit {
				at += 22 * Microsecond
			}
			m.OneWay = append(m.OneWay, Sample{n, at})
		}
		if _, got, err := Fit(m); err != nil || got != limit {
			t.Errorf("%d bytes, %v; want %d", got, err, limit)
		}
	}
}

func TestFitNeedsBothEnds(t *testing.T) {
	for _, m := range []Measured{
		{}, {OneWay: []Sample{{8, 100}}}, {OneWay: []Sample{{1 << 20, 100}}}, {OneWay: []Sample{{8, 0}, {1 << 20, 100}}}, {OneWay: []Sample{{-8, 5}, {1 << 20, 100}}},
	} {
		if l, _, err := Fit(m); err == nil {
			t.Errorf("%v is fitted: %v", m, l)
		}
	}
}
