package control

import "fmt"

// A codec writes the fields of a message to b, or reads them from it.
type codec struct {
	b       []byte
	reading bool
	err     error
}

func (c *codec) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
	c.b = nil
}

// long writes or reads a number, signed by its lowest bit.
func (c *codec) long(v *int64) {
	if !c.reading {
		u := uint64(*v)<<1 ^ uint64(*v>>63)
		for u >= 0x80 {
			c.b = append(c.b, byte(u)|0x80)
			u >>= 7
		}
		c.b = append(c.b, byte(u))
		return
	}
	var u uint64
	for shift := uint(0); ; shift += 7 {
		if len(c.b) == 0 {
			c.fail("it ends in the middle of a number")
			return
		}
		d := c.b[0]
		c.b = c.b[1:]
		if shift == 63 && d > 1 {
			c.fail("a number has more than 64 bits")
			return
		}
		u |= uint64(d&0x7f) << shift
		if d < 0x80 {
			break
		}
	}
	*v = int64(u>>1) ^ -int64(u&1)
}

func (c *codec) int(v *int) {
	l := int64(*v)
	c.long(&l)
	if !c.reading {
		return
	}
	if int64(int(l)) != l {
		c.fail("the number %d is too large", l)
		return
	}
	*v = int(l)
}

func (c *codec) bool(v *bool) {
	n := 0
	if *v {
		n = 1
	}
	c.int(&n)
	if !c.reading {
		return
	}
	if n != 0 && n != 1 {
		c.fail("%d is neither true nor false", n)
	}
	*v = n == 1
}

// length writes or reads the length of a list, whose elements have at least a byte.
func (c *codec) length(n int) int {
	c.int(&n)
	if c.reading && (n < 0 || n > len(c.b)) {
		c.fail("a list of %d does not fit into what is left", n)
		return 0
	}
	return n
}

func (c *codec) bytes(v *[]byte) {
	n := c.length(len(*v))
	if !c.reading {
		c.b = append(c.b, *v...)
		return
	}
	*v = append([]byte(nil), c.b[:n]...)
	c.b = c.b[n:]
}

func (c *codec) string(v *string) {
	n := c.length(len(*v))
	if !c.reading {
		c.b = append(c.b, *v...)
		return
	}
	*v = string(c.b[:n])
	c.b = c.b[n:]
}

// list writes or reads a list with the fields of each element.
func list[T any](c *codec, v *[]T, fields func(*codec, *T)) {
	n := c.length(len(*v))
	if c.reading {
		*v = nil
	}
	for i := 0; i < n && c.err == nil; i++ {
		if c.reading {
			var zero T
			*v = append(*v, zero)
		}
		fields(c, &(*v)[i])
	}
}

func (c *codec) strings(v *[]string) { list(c, v, (*codec).string) }
func (c *codec) ints(v *[]int)       { list(c, v, (*codec).int) }
