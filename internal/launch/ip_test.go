package launch

import (
	"net/netip"
	"testing"
)

// FuzzIP compares the reader of addresses with that of net/netip.
func FuzzIP(f *testing.F) {
	for _, s := range []string{
		"127.0.0.1", "10.67.0.1", "::1", "::", "fe80::1", "169.254.1.2", "::ffff:127.0.0.1", "::ffff:7f00:1", "fd67::1:2", "1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::2::3", "1.2.3", "01.2.3.4", "1:2", ":::", ":1::", "1:2:3:4:5:6:1.2.3.4", "1.2.3.4::", "a", "", "12345::", "0.0.0.0", "febf::1", "fec0::1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := parseIP(text)
		want, err := netip.ParseAddr(text)
		if err != nil || want.Zone() != "" {
			if got != nil {
				t.Fatalf("%q is %v", text, got)
			}
			return
		}
		if string(got) != string(want.AsSlice()) {
			t.Fatalf("%q is %v, want %v", text, got, want)
		}
		plain := want.Unmap()
		if got.loopback() != plain.IsLoopback() || got.linkLocal() != plain.IsLinkLocalUnicast() || got.unspecified() != plain.IsUnspecified() {
			t.Errorf("%q: loopback %v, link-local %v, unspecified %v", text, got.loopback(), got.linkLocal(), got.unspecified())
		}
		if back, err := netip.ParseAddr(got.String()); err != nil || back.Unmap() != plain {
			t.Errorf("%q is written %s", text, got)
		}
	})
}
