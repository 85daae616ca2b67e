package muster

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"
)

// card is what a rank tells the others of itself. As a value it has no blanks and is
// at most manager.ValueMax bytes long.
type card struct {
	build     string       // ranks of one job have one
	host      string       // what names the host, for machines
	name      string       // … and for people
	socket    string       // of the rank, in hexadecimal digits
	cores     []uint64     // a bit for each that the rank may use; nil: not known
	addresses []netip.Addr // of the host, for the other hosts
	key       []byte       // of the job; rank 0 only
}

const (
	cardFields   = 7
	keySize      = 32
	maxCores     = 1024
	maxAddresses = 6
	maxText      = 64
	socketDigits = 32 // of the name of a rank's sockets
)

func (c *card) String() string {
	var cores strings.Builder
	for i := len(c.cores) - 1; i >= 0; i-- {
		switch {
		case cores.Len() > 0:
			fmt.Fprintf(&cores, "%016x", c.cores[i])
		case c.cores[i] != 0:
			fmt.Fprintf(&cores, "%x", c.cores[i])
		}
	}
	addresses := make([]string, 0, maxAddresses)
	for _, a := range c.addresses[:min(len(c.addresses), maxAddresses)] {
		addresses = append(addresses, a.String())
	}
	return strings.Join([]string{
		c.build, c.host, c.name, c.socket,
		cores.String(), strings.Join(addresses, ","), hex.EncodeToString(c.key),
	}, ";")
}

// clean leaves of a text what a card may hold.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 127 || r == ';' || r == '=' {
			return '_'
		}
		return r
	}, text[:min(len(text), maxText)])
}

// parseCard reads what String has written.
func parseCard(value string) (*card, error) {
	f := strings.Split(value, ";")
	if len(f) != cardFields {
		return nil, errors.New("it is of another version of Ringo, or no rank of Ringo's")
	}
	c := &card{build: f[0], host: f[1], name: f[2], socket: f[3]}
	key, err := hex.DecodeString(f[6])
	if err != nil || len(c.name) > maxText || len(c.host) > maxText || len(key) != 0 && len(key) != keySize || c.host == "" || c.socket == "" {
		return nil, fmt.Errorf("%.100q is not what a rank tells of itself", value)
	}
	c.key = key
	if digits := f[4]; len(digits) <= maxCores/4 {
		for len(digits) > 0 {
			from := max(0, len(digits)-16)
			var word uint64
			if _, err := fmt.Sscanf(digits[from:], "%x", &word); err != nil {
				return nil, fmt.Errorf("%.100q is no list of cores", f[4])
			}
			c.cores = append(c.cores, word)
			digits = digits[:from]
		}
	}
	for a := range strings.SplitSeq(f[5], ",") {
		if at, err := netip.ParseAddr(a); err == nil && at.Zone() == "" && len(c.addresses) < maxAddresses {
			c.addresses = append(c.addresses, at)
		}
	}
	return c, nil
}

// union counts the cores that some ranks may use together, 0 if one does not know.
func union(cards []*card) int {
	var all []uint64
	for _, c := range cards {
		if len(c.cores) == 0 {
			return 0
		}
		for i, w := range c.cores {
			for len(all) <= i {
				all = append(all, 0)
			}
			all[i] |= w
		}
	}
	n := 0
	for _, w := range all {
		n += bits.OnesCount64(w)
	}
	return n
}
