package mpi_test

import (
	"context"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// Calls on zero values, and on the nil *Comm of a rank that is not in a
// communicator, are errors or harmless, never a panic.
func TestZeroValues(t *testing.T) {
	calls := map[string]func(c *mpi.Comm) error{
		"Send":       func(c *mpi.Comm) error { return mpi.Send(c, []int{1}, 0, 0) },
		"Bsend":      func(c *mpi.Comm) error { return mpi.Bsend(c, []int{1}, 0, 0) },
		"Recv":       func(c *mpi.Comm) error { _, err := mpi.Recv(c, []int{1}, 0, 0); return err },
		"RecvAppend": func(c *mpi.Comm) error { _, _, err := mpi.RecvAppend[int](c, nil, 0, 0); return err },
		"Sendrecv": func(c *mpi.Comm) error {
			_, err := mpi.Sendrecv(c, []int{1}, 0, 0, []int{1}, 0, 0)
			return err
		},
		"SendrecvReplace": func(c *mpi.Comm) error { _, err := mpi.SendrecvReplace(c, []int{1}, 0, 0, 0, 0); return err },
		"Isend":           func(c *mpi.Comm) error { _, err := mpi.Isend(c, []int{1}, 0, 0).Wait(); return err },
		"Irecv":           func(c *mpi.Comm) error { return mpi.WaitAll(mpi.Irecv(c, []int{1}, 0, 0)) },
		"Probe":           func(c *mpi.Comm) error { _, err := c.Probe(0, 0); return err },
		"Iprobe":          func(c *mpi.Comm) error { _, _, err := c.Iprobe(0, 0); return err },
		"Mprobe":          func(c *mpi.Comm) error { _, _, err := c.Mprobe(0, 0); return err },
		"Improbe":         func(c *mpi.Comm) error { _, _, _, err := c.Improbe(0, 0); return err },
		"Barrier":         func(c *mpi.Comm) error { return c.Barrier() },
		"Ibarrier":        func(c *mpi.Comm) error { _, err := c.Ibarrier().Wait(); return err },
		"Bcast":           func(c *mpi.Comm) error { return mpi.Bcast(c, []int{1}, 0) },
		"Scatterv":        func(c *mpi.Comm) error { return mpi.Scatterv(c, mpi.PartsOf([]int{1}, []int{1}), []int{1}, 0) },
		"Gather":          func(c *mpi.Comm) error { return mpi.Gather(c, []int{1}, []int{1}, 0) },
		"GatherSlices":    func(c *mpi.Comm) error { _, err := mpi.GatherSlices(c, []int{1}, 0); return err },
		"Alltoall":        func(c *mpi.Comm) error { return mpi.Alltoall(c, []int{1}, []int{1}) },
		"Alltoallw":       func(c *mpi.Comm) error { return mpi.Alltoallw(c, nil, nil) },
		"Allreduce":       func(c *mpi.Comm) error { return mpi.Allreduce(c, []int{1}, []int{1}, mpi.Sum) },
		"AllreduceValue":  func(c *mpi.Comm) error { _, err := mpi.AllreduceValue(c, 1, mpi.Sum); return err },
		"Iallreduce":      func(c *mpi.Comm) error { _, err := mpi.Iallreduce(c, []int{1}, []int{1}, mpi.Sum).Wait(); return err },
		"SendObject":      func(c *mpi.Comm) error { return mpi.SendObject(c, 1, 0, 0) },
		"RecvObject":      func(c *mpi.Comm) error { _, _, err := mpi.RecvObject[int](c, 0, 0); return err },
		"IrecvObject":     func(c *mpi.Comm) error { _, _, err := mpi.IrecvObject[int](c, 0, 0).Wait(); return err },
		"BcastObject":     func(c *mpi.Comm) error { _, err := mpi.BcastObject(c, 1, 0); return err },
		"ReduceObject": func(c *mpi.Comm) error {
			_, err := mpi.ReduceObject(c, 1, func(a, b int) int { return a + b }, 0)
			return err
		},
		"SendView":    func(c *mpi.Comm) error { return mpi.SendView(c, mpi.View[int]{}, 0, 0) },
		"Alloc":       func(c *mpi.Comm) error { _, err := mpi.Alloc[int](c, 1); return err },
		"Dealloc":     func(c *mpi.Comm) error { return mpi.Dealloc(c, []int{1}) },
		"Dup":         func(c *mpi.Comm) error { _, err := c.Dup(); return err },
		"Split":       func(c *mpi.Comm) error { _, err := c.Split(0, 0); return err },
		"SplitType":   func(c *mpi.Comm) error { _, err := c.SplitType(mpi.SplitShared, 0); return err },
		"Create":      func(c *mpi.Comm) error { _, err := c.Create(nil); return err },
		"CreateGroup": func(c *mpi.Comm) error { _, err := c.CreateGroup(nil, 0); return err },
		"Free":        func(c *mpi.Comm) error { return c.Free() },
		"WithContext": func(c *mpi.Comm) error { return c.WithContext(context.Background()).Barrier() },
		"WithCodec":   func(c *mpi.Comm) error { return c.WithCodec(nil).Barrier() },
	}
	harmless := map[string]func(c *mpi.Comm){
		"Rank, Size":           func(c *mpi.Comm) { _, _ = c.Rank(), c.Size() },
		"LocalRank, LocalSize": func(c *mpi.Comm) { _, _ = c.LocalRank(), c.LocalSize() },
		"Host":                 func(c *mpi.Comm) { _ = c.Host() },
		"Engine":               func(c *mpi.Comm) { _ = c.Engine() },
		"Name":                 func(c *mpi.Comm) { _ = c.Name(); c.SetName("x") },
		"Self":                 func(c *mpi.Comm) { _ = c.Self() },
		"Group":                func(c *mpi.Comm) { _ = c.Group() },
		"Compare":              func(c *mpi.Comm) { _ = c.Compare(c); _ = c.Compare(nil) },
		"Attr":                 func(c *mpi.Comm) { c.SetAttr(1, 2); _, _ = c.Attr(1); c.DeleteAttr(1) },
		"Revoke":               func(c *mpi.Comm) { c.Revoke() },
	}
	for _, v := range []struct {
		name string
		c    *mpi.Comm
	}{{"nil", nil}, {"zero", new(mpi.Comm)}} {
		for name, f := range calls {
			t.Run(v.name+" Comm/"+name, func(t *testing.T) {
				if err := f(v.c); err == nil {
					t.Error("no error")
				}
			})
		}
		for name, f := range harmless {
			t.Run(v.name+" Comm/"+name, func(*testing.T) { f(v.c) })
		}
	}
	t.Run("Message", func(t *testing.T) {
		for _, m := range []*mpi.Message{nil, new(mpi.Message)} {
			if _, err := mpi.Mrecv(m, []int{1}); err == nil {
				t.Error("Mrecv: no error")
			}
			if _, err := mpi.Imrecv(m, []int{1}).Wait(); err == nil {
				t.Error("Imrecv: no error")
			}
			if _, _, err := mpi.MrecvObject[int](m); err == nil {
				t.Error("MrecvObject: no error")
			}
		}
	})
	t.Run("Request", func(*testing.T) {
		for _, r := range []*mpi.Request{nil, new(mpi.Request)} {
			_, _ = r.Wait()
			_, _, _ = r.Test()
			_ = r.Cancel()
			_ = r.Status()
			_ = mpi.WaitAll(r, r)
			_, _, _ = mpi.WaitAny(r, r)
			_, _ = mpi.WaitSome(r, r)
			_, _ = mpi.TestAll(r, r)
			_, _, _, _ = mpi.TestAny(r, r)
			_, _ = mpi.TestSome(r, r)
		}
		for _, r := range []*mpi.ObjectRequest[int]{nil, new(mpi.ObjectRequest[int])} {
			_, _, _ = r.Wait()
			_, _, _, _ = r.Test()
		}
	})
	t.Run("Group", func(*testing.T) {
		g := new(mpi.Group)
		_, _, _ = g.Size(), g.Rank(), g.String()
		_, _ = g.Incl(0)
		_, _ = g.Excl(0)
		_, _ = g.RangeIncl([]mpi.Range{{}})
		_, _ = g.RangeExcl([]mpi.Range{{}})
		_, _, _ = g.Union(g), g.Intersection(g), g.Difference(g)
		_, _ = g.Translate([]int{0}, g)
		_ = g.Compare(g)
	})
	t.Run("Op, Status, View, Error", func(*testing.T) {
		_ = mpi.Count[int](mpi.Status{})
		_, _ = mpi.Pack(mpi.View[int]{})
		_ = (&mpi.Error{}).Error()
	})
}
