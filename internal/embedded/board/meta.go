package board

import (
	"strconv"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// callMeta says in a word what a member has called: the kind, the reduction, the
// root or the sole receiver, and the type.
type callMeta uint64

const (
	metaOp     = 8       // 7 bits, above 8 of the kind
	metaSole   = 1 << 15 // the rank is that of a sole receiver; of a refusal, see passedOnFrom
	metaRank   = 16      // 16 bits
	metaSig    = 32      // 32 bits
	metaOpMask = 1<<7 - 1
)

var _ [metaOpMask + 1 - engine.NumOps]struct{} // every reduction fits

// metaOf describes a call. Members that call a collective without a root say the
// same in its place.
func metaOf(k *engine.Coll) callMeta {
	m, rank := callMeta(k.Kind), k.Root
	if t := k.Type(); t != nil {
		m |= callMeta(t.Sig) << metaSig
	}
	if k.Op != nil {
		m |= callMeta(k.Op.Code) << metaOp
	}
	if k.Kind == engine.ReduceScatter {
		if rank = soleReceiver(k.V.RecvCounts); rank >= 0 {
			m |= metaSole
		}
	}
	return m | callMeta(uint16(rank))<<metaRank
}

func (m callMeta) kind() engine.CollKind { return engine.CollKind(m) }
func (m callMeta) op() engine.OpCode     { return engine.OpCode(m >> metaOp & metaOpMask) }
func (m callMeta) sig() engine.Sig       { return engine.Sig(m >> metaSig) }

// root is the root of a rooted collective.
func (m callMeta) root() int { return int(uint16(m >> metaRank)) }

// sole is the only receiver of a ReduceScatter; -1 if there are several, or
// none, and for any other collective.
func (m callMeta) sole() int {
	if m&metaSole == 0 {
		return -1
	}
	return int(uint16(m >> metaRank))
}

// passedOnFrom is a refusal that another member hands on in the place of data,
// while the reason lies at the member origin.
func (m callMeta) passedOnFrom(origin int) callMeta {
	return m | metaSole | callMeta(uint16(origin))<<metaRank
}

// metaUnexplained marks a refusal that is handed on by a member whose slot is in
// use, so that there is no reason in it.
const metaUnexplained callMeta = 1 << metaSig

func (m callMeta) unexplained() bool { return m&metaUnexplained != 0 && m.passedOn() }

// passedOn tells whether a refusal is handed on; its root is then the origin.
func (m callMeta) passedOn() bool { return m&metaSole != 0 && m.kind().Refuses() }

// untyped is m without the type.
func (m callMeta) untyped() uint32 { return uint32(m) }

// withSig is m with another type.
func (m callMeta) withSig(s engine.Sig) callMeta {
	return callMeta(m.untyped()) | callMeta(s)<<metaSig
}

// String describes the call: "Reduce with Sum with root 1".
func (m callMeta) String() string {
	k := m.kind()
	name := k.String()
	if k.Reduces() {
		name += " with " + m.op().String()
	}
	if k.Rooted() {
		name += " with root " + strconv.Itoa(m.root())
	}
	if sole := m.sole(); sole >= 0 {
		name += " for rank " + strconv.Itoa(sole) + " alone"
	}
	return name
}
