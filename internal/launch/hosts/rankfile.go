package hosts

import (
	"sort"
	"strings"
)

// Rank is where a rank runs.
type Rank struct {
	Rank  int
	Host  Host   // of an entry +nK, Name is "" and
	Index int    // K, the number of a host of the job; -1 where the host has a name
	Slots []Slot // the cores it may use; nil: it is not bound
	At    Place
}

// ParseRankfile reads a file of ranks as Open MPI has it: a line "rank N=HOST
// slot=LIST" for each rank from 0 on, in any order. HOST may be USER@NAME, or +nK for
// the K-th host of the job; of LIST see [ParseSlots]. Comments are those of
// [ParseFile].
func ParseRankfile(file, text string) ([]Rank, error) {
	var out []Rank
	seen := map[int]Place{}
	err := eachLine(file, text, func(p Place, line string) error {
		words := fields(line)
		if !strings.EqualFold(words[0], "rank") {
			return p.errorf("%q: a line has the form rank N=HOST slot=LIST", words[0])
		}
		if len(words) < 2 {
			return p.errorf("the number of the rank is missing")
		}
		number, host, ok := strings.Cut(words[1], "=")
		if !ok {
			return p.errorf("%q: N=HOST is wanted behind rank", words[1])
		}
		n, err := p.count("the rank", number, 0)
		if err != nil {
			return err
		}
		if before, twice := seen[n]; twice {
			return p.errorf("rank %d is in line %d already", n, before.Line)
		}
		seen[n] = p
		r := Rank{Rank: n, Index: -1, At: p}
		if k, ok := strings.CutPrefix(host, "+n"); ok {
			if r.Index, err = p.count("the number of the host behind +n", k, 0); err != nil {
				return err
			}
		} else if r.Host, err = p.named(host); err != nil {
			return err
		} else if r.Host.Given {
			return p.errorf("%q: a rankfile has no number of ranks behind a host", host)
		}
		rest := words[2:]
		if len(rest) > 0 {
			key, list, _ := strings.Cut(rest[0], "=")
			if k := strings.ToLower(key); k != "slot" && k != "slots" {
				return p.errorf("%q is not known: slot=LIST is wanted", rest[0])
			}
			if len(rest) > 1 {
				return p.errorf("%q follows the slots: a list has no blanks", rest[1])
			}
			if r.Slots, err = p.slots(list); err != nil {
				return err
			}
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, Place{File: file}.errorf("it names no rank")
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Rank < out[j].Rank })
	for i, r := range out {
		if r.Rank != i {
			return nil, r.At.errorf("rank %d is here, and rank %d is nowhere", r.Rank, i)
		}
	}
	return out, nil
}
