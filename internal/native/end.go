package native

import (
	"fmt"
	"os"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// lastWords is the time that the launcher has to read what the rank wrote.
const lastWords = 100 * time.Millisecond

// Abort tells why and calls MPI_Abort, which ends all ranks.
func (d *driver) Abort(code int, reason string) {
	fmt.Fprintf(os.Stderr, "ringo: rank %d of %d on %s: %s\n", d.world.rank, d.world.size, d.host, reason)
	d.abort(code)
}

func (d *driver) abort(code int) {
	code = engine.AbortStatus(code)
	if !d.finalized.Load() {
		// Launchers end the ranks at once and lose what they have not read yet.
		time.Sleep(lastWords)
		d.library.call(fnAbort, d.world.handle, integer(code))
	}
	os.Exit(code)
}

// Fail ends the whole job: no library lets the other ranks go on without this
// one. Package mpi has told why. It does not return.
func (d *driver) Fail(reason string) { d.abort(1) }

// Finalize completes what was begun and calls MPI_Finalize, on the thread that
// called MPI_Init_thread; the library's exit handlers run after that
// (farewell). It is collective: all ranks of the job call it. Calls that wait
// on other goroutines end with ErrFinalized. Receives that are still posted are
// withdrawn, and the rank, which has finished, gets an error. After any other
// error the job can only be aborted.
func (d *driver) Finalize() error {
	if d.ending.Swap(true) {
		return errFinalized
	}
	f := &parting{d: d}
	if err := d.settle(f); err != nil {
		return err
	}
	if err := f.takeLeave(&d.detached.list); err != nil {
		return err
	}
	d.finalized.Store(true)
	d.release()
	var rc int32
	handlers := saveSignals()
	d.onMain(func() {
		if rc = d.call(fnFinalize); rc == 0 {
			d.farewell()
		}
	})
	handlers.restore()
	close(d.main)
	if rc != 0 {
		return engine.Errorf(engine.ErrOther, "MPI_Finalize failed with code %d", rc)
	}
	if n := d.posted.Load(); n > 0 {
		return engine.Errorf(engine.ErrPending, "%d receives were still posted at Finalize", n)
	}
	return nil
}

// release frees what the engine holds of the library, which would otherwise
// complain.
func (d *driver) release() {
	d.types.release(d)
	d.ops.free(d)
	_ = d.world.release() // the library is about to be finalized
	_ = d.self.release()
}
