package mpi

import (
	"errors"
	"strings"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// A collective that one rank refuses for its arguments is called by the others
// all the same, who wait for this rank. So a refused call is handed to the engine
// as one that is refused (see engine.Refused): this rank stays in step, and the
// others end with an ErrMismatch that names it and the reason.

// refuse tells the other ranks that this one takes no part in a collective
// because of err, and returns err.
func (c *Comm) refuse(err error, nonblocking bool) error {
	_ = c.sayRefused(err, engine.Refused, nonblocking)
	return err
}

// refuseAll is refuse for a call that is several collectives. Where the others
// do not refuse as well, the ranks are out of step: the communicator is revoked.
func (c *Comm) refuseAll(err error) error {
	if e := c.sayRefused(err, engine.RefusedFirst, false); e != nil {
		c.ec.Revoke(c.whyRefused(err))
	}
	return err
}

// refuseApart is refuseAll for a call that is messages and no collective. In
// check mode the others compare their calls before the first message, and none
// begins.
func (c *Comm) refuseApart(err error) error {
	switch {
	case !c.usable() || c.size == 1:
	case c.st.check != nil:
		return c.refuse(err, false)
	default:
		c.ec.Revoke(c.whyRefused(err))
	}
	return err
}

// refuseAmong is refuse for a call of some of the ranks, whom this one cannot
// know: all of the communicator are told.
func (c *Comm) refuseAmong(err error) error {
	if c.size > 1 {
		c.ec.Revoke(c.whyRefused(err))
	}
	return err
}

func (c *Comm) sayRefused(err error, kind engine.CollKind, nonblocking bool) error {
	if !c.usable() || c.size == 1 {
		return nil
	}
	why := c.whyRefused(err)
	if c.st.check != nil {
		return c.st.check.refused(c, why, nonblocking)
	}
	if nonblocking {
		_, err = c.ec.Icollective(refusal(kind, why))
		return err
	}
	return c.ec.Collective(refusal(kind, why), c.done)
}

// refusal describes a refused call to an engine.
func refusal(kind engine.CollKind, why string) engine.Coll {
	return engine.Coll{Kind: kind, Send: engine.OfBytes([]byte(why))}
}

// whyRefused is what the others are told, in one line.
func (c *Comm) whyRefused(err error) string {
	text := err.Error()
	if e := (*Error)(nil); errors.As(err, &e) {
		own := *e
		own.Comm = ""
		text = strings.TrimPrefix(own.Error(), "mpi: ")
	}
	return "rank " + rankName(c.rank) + " has refused its call: " + strings.ReplaceAll(text, "\n", " ")
}
