package pmix

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Types of values, as they travel.
const (
	typeBool   = 1
	typeString = 3
	typeInt    = 6
	typeInt32  = 9
	typeUint16 = 13
	typeUint32 = 14
	typeUint64 = 15
	typeSize   = 4
	typeRank   = 40
)

// Commands.
const (
	cmdAbort    = 1
	cmdCommit   = 2
	cmdFence    = 3
	cmdGet      = 4
	cmdFinalize = 5
)

// Status is what the server says of a request.
type Status int32

// The statuses that have names here.
const (
	statusOK       Status = 0
	statusTimeout  Status = -24
	statusNotFound Status = -46
)

func (s Status) Error() string {
	names := map[Status]string{
		-1: "error", -20: "cannot unpack the message", statusTimeout: "timed out", -25: "unreachable", -27: "bad parameter",
		statusNotFound: "not found", -47: "not supported", -61: "connection lost",
	}
	if name, ok := names[s]; ok {
		return fmt.Sprintf("%s (PMIx status %d)", name, int32(s))
	}
	return fmt.Sprintf("PMIx status %d", int32(s))
}

const (
	headerSize = 16
	maxMessage = 16 << 20 // that is read
	wildcard   = 0xfffffffe

	scopeLocal  = 1 // to ranks of this host
	scopeRemote = 2 // to the others
)

// errShort says that a message ends before what it is to hold.
var errShort = errors.New("pmix: the message is cut short")

// A packer builds a message.
type packer struct{ b []byte }

func (p *packer) u32(v uint32) { p.b = binary.BigEndian.AppendUint32(p.b, v) }
func (p *packer) u16(v uint16) { p.b = binary.BigEndian.AppendUint16(p.b, v) }
func (p *packer) u8(v byte)    { p.b = append(p.b, v) }

// count goes before the members of an array, and before every single value.
func (p *packer) count(n int) { p.u32(uint32(n)) }

// text is a string without a count: its length with the terminating zero, and it.
func (p *packer) text(s string) {
	p.u32(uint32(len(s)) + 1)
	p.b = append(append(p.b, s...), 0)
}

func (p *packer) string(s string) {
	p.count(1)
	p.text(s)
}

// length is an integer of the type size_t without a count.
func (p *packer) length(n int) {
	p.u16(typeUint64)
	p.b = binary.BigEndian.AppendUint64(p.b, uint64(n))
}

func (p *packer) size(n int) {
	p.count(1)
	p.length(n)
}

func (p *packer) command(c byte) {
	p.count(1)
	p.u8(c)
}

// infoTrue is an info whose value is true.
func (p *packer) infoTrue(key string) {
	p.text(key)
	p.u32(0) // no flags
	p.u16(typeBool)
	p.u8(1)
}

// buffer is a buffer within a message.
func (p *packer) buffer(content []byte) {
	p.count(1)
	p.u8(1) // its values have no descriptions
	p.length(len(content))
	p.b = append(p.b, content...)
}

// keyString is a key with a string as its value.
func (p *packer) keyString(key, value string) {
	p.count(1)
	p.text(key)
	p.u16(typeString)
	p.text(value)
}

// An unpacker takes a message apart. After an error it yields zeros, and err says
// what was wrong first.
type unpacker struct {
	b       []byte
	err     error
	compact bool // integers are in the encoding of newer clients
}

func (u *unpacker) fail(err error) {
	if u.err == nil {
		u.err = err
	}
	u.b = nil
}

func (u *unpacker) take(n int) []byte {
	if n < 0 || n > len(u.b) {
		u.fail(errShort)
		return nil
	}
	p := u.b[:n]
	u.b = u.b[n:]
	return p
}

func (u *unpacker) u8() byte {
	if p := u.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (u *unpacker) u16() uint16 {
	if p := u.take(2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

func (u *unpacker) u32() uint32 {
	if p := u.take(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (u *unpacker) u64() uint64 {
	if p := u.take(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// base128 reads an integer of seven bits a byte, the lowest first.
func (u *unpacker) base128() (v uint64) {
	for shift := 0; ; shift += 7 {
		b := u.u8()
		if u.err == nil && shift > 56 {
			u.fail(errors.New("pmix: an integer is out of range"))
		}
		if u.err != nil {
			return 0
		}
		if v |= uint64(b&0x7f) << shift; b < 0x80 {
			return v
		}
	}
}

// signed reads an integer that may be negative, unsigned one that is not.
func (u *unpacker) signed() int32 {
	if !u.compact {
		return int32(u.u32())
	}
	v := u.base128()
	return int32(v>>1) ^ -int32(v&1)
}

func (u *unpacker) unsigned() uint32 {
	if !u.compact {
		return u.u32()
	}
	return uint32(u.base128())
}

// one reads the count before a single value.
func (u *unpacker) one() {
	if n := u.signed(); u.err == nil && n != 1 {
		u.fail(fmt.Errorf("pmix: %d values in the place of one", n))
	}
}

func (u *unpacker) text() string {
	n := u.signed()
	if n == 0 {
		return ""
	}
	p := u.take(int(n))
	if u.err != nil {
		return ""
	}
	if p[n-1] != 0 {
		u.fail(errors.New("pmix: a string does not end with a zero"))
		return ""
	}
	return string(p[:n-1])
}

func (u *unpacker) length() int {
	if u.compact {
		if n := u.base128(); n <= maxMessage {
			return int(n)
		}
		u.fail(errors.New("pmix: a length is out of range"))
		return 0
	}
	switch t := u.u16(); {
	case u.err != nil:
	case t == typeUint64:
		if n := u.u64(); n <= maxMessage {
			return int(n)
		}
		u.fail(errors.New("pmix: a length is out of range"))
	case t == typeUint32:
		return int(u.u32())
	default:
		u.fail(fmt.Errorf("pmix: a length has type %d", t))
	}
	return 0
}

func (u *unpacker) status() Status {
	u.one()
	return Status(u.u32())
}

// keyValue reads a key with its value. Only strings and unsigned integers are read;
// ok is false for a value of another type, whose end is not known.
func (u *unpacker) keyValue() (key string, value any, ok bool) {
	u.one()
	key = u.text()
	switch t := u.u16(); t {
	case typeString:
		value = u.text()
	case typeBool:
		value = u.u8() != 0
	case typeUint32, typeRank:
		value = uint64(u.unsigned())
	case typeUint16, typeUint64, typeInt32, typeSize, typeInt:
		if u.compact {
			return key, nil, false // nothing that is asked for
		}
		switch t {
		case typeUint16:
			return key, uint64(u.u16()), u.err == nil
		case typeUint64:
			return key, u.u64(), u.err == nil
		case typeInt32:
			return key, uint64(u.u32()), u.err == nil
		}
		switch inner := u.u16(); inner {
		case typeUint64:
			value = u.u64()
		case typeUint32, typeInt32:
			value = uint64(u.u32())
		default:
			return key, nil, false
		}
	default:
		return key, nil, false
	}
	return key, value, u.err == nil
}

// find looks for a key in the reply to a get, after its status. What a server had to
// get from another one it passes on in the newer encoding, whatever its client speaks:
// in it integers have seven bits a byte, and those with a sign have it in the lowest.
func find(reply []byte, key string) (any, error) {
	v, err := (&unpacker{b: reply}).find(key)
	if err != nil && !errors.Is(err, statusNotFound) {
		if w, e := (&unpacker{b: reply, compact: true}).find(key); e == nil || errors.Is(e, statusNotFound) {
			return w, e
		}
	}
	return v, err
}

// find reads byte objects, in each of which are a process, and keys with their values.
func (u *unpacker) find(key string) (any, error) {
	for len(u.b) > 0 {
		u.one()
		object := unpacker{b: u.take(u.length()), compact: u.compact}
		if u.err != nil {
			return nil, u.err
		}
		object.one() // the process that has put them
		object.text()
		object.unsigned()
		for len(object.b) > 0 {
			k, v, ok := object.keyValue()
			if object.err != nil {
				return nil, object.err
			}
			if !ok {
				break
			}
			if k == key {
				return v, nil
			}
		}
		if object.err != nil {
			return nil, object.err
		}
	}
	return nil, statusNotFound
}
