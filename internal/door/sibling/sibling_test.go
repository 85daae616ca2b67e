package sibling_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/door"
	"github.com/ringo-mpi/ringo/internal/door/sibling"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/mpi"
)

// run runs f on n goroutine ranks.
func run(t *testing.T, n int, f func(c *mpi.Comm) error) {
	t.Helper()
	if err := mpi.Run(n, f); err != nil {
		t.Error(err)
	}
}

// here is the place of its caller, some lines further on.
func here(lines int) string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file[strings.LastIndexByte(file, '/')+1:], line+lines)
}

// is checks the structure of an error.
func is(err error, want mpi.Error) error {
	var e *mpi.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%v is no *mpi.Error", err)
	}
	got := *e
	if got.Err == nil || got.Host == "" {
		return fmt.Errorf("%v has no cause or host", err)
	}
	got.Err, got.Host = nil, ""
	if got != want {
		return fmt.Errorf("%+v, want %+v", got, want)
	}
	return nil
}

// A package beside mpi sends, receives and reduces through the door as mpi does.
func TestThroughTheDoor(t *testing.T) {
	run(t, 3, func(c *mpi.Comm) error {
		n, me := c.Size(), c.Rank()
		d, err := c.Dup()
		if err != nil {
			return err
		}
		if err := sibling.Send(d, []int32{1, 2, 3}, (me+1)%n); err != nil {
			return err
		}
		buf := []int32{9, 9, 9, 9, 9}
		bytes, err := sibling.Recv(d, buf, mpi.Strided(3, 1, 2), (me+n-1)%n)
		if err != nil {
			return err
		}
		if want := []int32{1, 9, 2, 9, 3}; bytes != 12 || !slices.Equal(buf, want) {
			return fmt.Errorf("received %v, %d bytes, want %v", buf, bytes, want)
		}
		if sum, err := sibling.Sum(d, float64(me)); err != nil || sum != 3 {
			return fmt.Errorf("the sum is %v, %w", sum, err)
		}
		return d.Free()
	})
}

// Errors name the sibling's function and the line of the program, whoever found
// them: the door, the engine, or the end of a context.
func TestErrorsAtTheCaller(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		me := c.Rank()
		none := mpi.Error{Comm: "world", Rank: me, Peer: mpi.Undefined, Tag: mpi.Undefined}
		with := func(op, at string, class mpi.Class, peer, tag int) mpi.Error {
			e := none
			e.Op, e.At, e.Class, e.Peer, e.Tag = op, at, class, peer, tag
			return e
		}
		at := here(1)
		err := sibling.Send(c, []int{1}, 5)
		if err := is(err, with("sibling.Send", at, mpi.ErrRank, mpi.Undefined, mpi.Undefined)); err != nil {
			return err
		}
		at = here(1)
		err = sibling.Send(c, []string{"x"}, me)
		if err := is(err, with("sibling.Send", at, mpi.ErrType, mpi.Undefined, mpi.Undefined)); err != nil {
			return err
		}
		at = here(1)
		_, err = sibling.Sum(c, struct{ X int }{1})
		if err := is(err, with("sibling.Sum", at, mpi.ErrOp, mpi.Undefined, mpi.Undefined)); err != nil {
			return err
		}
		at = here(1)
		_, err = sibling.Recv(c, make([]int, 3), mpi.Contiguous(4), me)
		if err := is(err, with("sibling.Recv", at, mpi.ErrBuffer, mpi.Undefined, mpi.Undefined)); err != nil {
			return err
		}

		// The engine finds this one.
		if err := sibling.Send(c, []int32{1, 2}, me); err != nil {
			return err
		}
		at = here(1)
		_, err = sibling.Recv(c, make([]int32, 1), mpi.Contiguous(1), me)
		if err := is(err, with("sibling.Recv", at, mpi.ErrTruncate, me, 7)); err != nil {
			return err
		}

		ctx, stop := context.WithCancelCause(context.Background())
		stop(errors.New("enough"))
		at = here(1)
		_, err = sibling.Recv(c.WithContext(ctx), make([]int32, 1), mpi.Contiguous(1), me)
		if err := is(err, with("sibling.Recv", at, mpi.ErrCancelled, me, 7)); err != nil {
			return err
		}
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "enough") {
			return fmt.Errorf("%v is not the context's error", err)
		}

		// Package mpi called by the program, not by a sibling, stays itself.
		at = here(1)
		err = mpi.Send(c, []int{1}, 5, 0)
		return is(err, with("Send", at, mpi.ErrRank, mpi.Undefined, mpi.Undefined))
	})
}

// What an engine has not is ErrUnsupported, with the reason, at the program's
// line.
func TestAbsent(t *testing.T) {
	run(t, 1, func(c *mpi.Comm) error {
		at := here(1)
		_, err := sibling.Expose(c, make([]byte, 8))
		if !strings.Contains(fmt.Sprint(err), "one-sided communication: Ringo's own engine") {
			return fmt.Errorf("no reason: %w", err)
		}
		return is(err, mpi.Error{Op: "sibling.Expose", Comm: "world", Peer: mpi.Undefined, Tag: mpi.Undefined, Class: mpi.ErrUnsupported, At: at})
	})
}

// A communicator that cannot be used has a view that says why, and nothing
// else; no target is touched.
func TestUnusable(t *testing.T) {
	var ended *mpi.Comm
	run(t, 1, func(c *mpi.Comm) error {
		freed, err := c.Dup()
		if err != nil {
			return err
		}
		if err := freed.Free(); err != nil {
			return err
		}
		ended = c
		for what, d := range map[string]*mpi.Comm{"nil": nil, "zero": new(mpi.Comm), "freed": freed} {
			var eng engine.Engine
			var ec engine.Comm
			if d.As(&eng) || d.As(&ec) || eng != nil || ec != nil {
				return fmt.Errorf("a %s communicator hands out its engine", what)
			}
			if v, err := door.Open(d); v == nil || !errors.Is(err, mpi.ErrComm) {
				return fmt.Errorf("%s: %v, %w", what, v, err)
			}
			if err := sibling.Send(d, []int{1}, 0); !errors.Is(err, mpi.ErrComm) || !strings.Contains(err.Error(), "sibling.Send") {
				return fmt.Errorf("%s: %w", what, err)
			}
		}
		return nil
	})
	if _, err := door.Open(ended); !errors.Is(err, mpi.ErrFinalized) {
		t.Errorf("after Finalize: %v", err)
	}
}

// As knows its targets and leaves others alone.
func TestAs(t *testing.T) {
	run(t, 1, func(c *mpi.Comm) error {
		var eng engine.Engine
		var ec engine.Comm
		if !c.As(&eng) || !c.As(&ec) || eng.Info().Host != c.Host() || ec.Size() != 1 {
			return fmt.Errorf("%v, %v", eng, ec)
		}
		var other int
		for _, target := range []any{nil, 5, other, &other, eng, (*engine.Engine)(nil), (*engine.Comm)(nil), (*door.View)(nil)} {
			if c.As(target) {
				return fmt.Errorf("%T is a target", target)
			}
		}
		v, err := door.Open(c)
		if err != nil || v.Done() != nil || v.Context() != context.Background() {
			return fmt.Errorf("%v, %w", v, err)
		}
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		if v, err = door.Open(c.WithContext(ctx)); err != nil || v.Done() != ctx.Done() || v.Context() != ctx {
			return fmt.Errorf("with a context: %v, %w", v, err)
		}
		return nil
	})
}

func TestLayoutAs(t *testing.T) {
	for _, c := range []struct {
		layout mpi.Layout
		ok     bool
		count  int
	}{
		{mpi.Layout{}, true, 0},
		{mpi.Strided(3, 2, 5), true, 6},
		{mpi.Contiguous(2).Shift(-1), false, 0},
		{mpi.Contiguous(-1), false, 0},
	} {
		var l *engine.Layout
		if ok := c.layout.As(&l); ok != c.ok || ok != (l != nil) || ok && (l.Count() != c.count || l.Span() != c.layout.Span()) {
			t.Errorf("%v: %v, %v", c.layout, ok, l)
		}
		var other int
		if c.layout.As(&other) || c.layout.As(nil) || c.layout.As((**engine.Layout)(nil)) {
			t.Errorf("%v: a target that is none", c.layout)
		}
	}
}

// The description of an element that is known costs no allocation.
func TestTypeOfAllocatesNothing(t *testing.T) {
	type pair struct{ A, B int32 }
	run(t, 1, func(c *mpi.Comm) error {
		v, err := door.Open(c)
		if err != nil {
			return err
		}
		first, err := door.TypeOf[pair](v)
		if err != nil {
			return err
		}
		if n := testing.AllocsPerRun(100, func() {
			if again, _ := door.TypeOf[pair](v); again != first {
				t.Error("another description")
			}
		}); n != 0 {
			return fmt.Errorf("%v allocations", n)
		}
		return nil
	})
}
