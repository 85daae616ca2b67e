package topo

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// maxCPU bounds the CPU numbers that a list may name: well above what Linux
// supports (8192), and small enough that a damaged file cannot make a Set of
// gigabytes.
const maxCPU = 1 << 16

// Set is a set of CPU numbers (or of any small non-negative numbers): bit i%64
// of word i/64 says whether i is in it. The zero value is the empty set. Sets
// are values to read; only Add changes one in place.
type Set []uint64

// SetOf returns the set of the numbers given.
func SetOf(ids ...int) Set {
	var s Set
	for _, id := range ids {
		s.Add(id)
	}
	return s
}

// Add puts id into the set. It panics if id is negative.
func (s *Set) Add(id int) {
	for id/64 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[id/64] |= 1 << (id % 64)
}

// Has reports whether id is in the set.
func (s Set) Has(id int) bool {
	return id >= 0 && id/64 < len(s) && s[id/64]&(1<<(id%64)) != 0
}

// Count returns the number of elements.
func (s Set) Count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// First returns the smallest element, or -1 if the set is empty.
func (s Set) First() int {
	for i, w := range s {
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	return -1
}

// IDs returns the elements in ascending order.
func (s Set) IDs() []int {
	ids := make([]int, 0, s.Count())
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			ids = append(ids, i*64+bits.TrailingZeros64(w))
		}
	}
	return ids
}

// And returns the elements that are in both sets.
func (s Set) And(t Set) Set {
	out := make(Set, min(len(s), len(t)))
	for i := range out {
		out[i] = s[i] & t[i]
	}
	return out
}

// AndNot returns the elements of s that are not in t.
func (s Set) AndNot(t Set) Set {
	out := make(Set, len(s))
	copy(out, s)
	for i := range min(len(s), len(t)) {
		out[i] &^= t[i]
	}
	return out
}

// Or returns the elements that are in either set.
func (s Set) Or(t Set) Set {
	if len(s) < len(t) {
		s, t = t, s
	}
	out := make(Set, len(s))
	copy(out, s)
	for i, w := range t {
		out[i] |= w
	}
	return out
}

// Equal reports whether both sets have the same elements.
func (s Set) Equal(t Set) bool {
	if len(s) < len(t) {
		s, t = t, s
	}
	for i, w := range s {
		if i < len(t) && w != t[i] || i >= len(t) && w != 0 {
			return false
		}
	}
	return true
}

// String writes the set as the kernel writes CPU lists: "0-3,8".
func (s Set) String() string {
	var b strings.Builder
	ids := s.IDs()
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(ids[i]))
		if j > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(ids[j]))
		}
		i = j + 1
	}
	return b.String()
}

// MarshalText writes the set as String does.
func (s Set) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what ParseList reads.
func (s *Set) UnmarshalText(text []byte) error {
	t, err := ParseList(string(text))
	if err == nil {
		*s = t
	}
	return err
}

// ParseList reads a CPU list as the kernel writes it: numbers and ranges
// separated by commas, "0-3,8". White space around the items is ignored and an
// empty list is the empty set. Numbers of 65536 and above are refused.
func ParseList(list string) (Set, error) {
	var s Set
	if strings.TrimSpace(list) == "" {
		return s, nil
	}
	for item := range strings.SplitSeq(list, ",") {
		lo, hi, isRange := strings.Cut(strings.TrimSpace(item), "-")
		first, err := parseID(lo)
		if err != nil {
			return nil, fmt.Errorf("CPU list %q: %w", strings.TrimSpace(list), err)
		}
		last := first
		if isRange {
			if last, err = parseID(hi); err != nil {
				return nil, fmt.Errorf("CPU list %q: %w", strings.TrimSpace(list), err)
			}
		}
		if last < first {
			return nil, fmt.Errorf("CPU list %q: range %d-%d runs backwards", strings.TrimSpace(list), first, last)
		}
		for id := first; id <= last; id++ {
			s.Add(id)
		}
	}
	return s, nil
}

func parseID(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not a CPU number", text)
	}
	if n >= maxCPU {
		return 0, fmt.Errorf("CPU number %d is too large (at most %d)", n, maxCPU-1)
	}
	return int(n), nil
}
