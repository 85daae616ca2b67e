//go:build linux && (amd64 || arm64 || loong64 || ppc64le || riscv64) && !android

package ccall

import (
	"runtime"
	"sync"
	"testing"
	"unsafe"
)

func libc(t testing.TB) uintptr {
	lib, err := Open("libc.so.6", false)
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func symbol(t testing.TB, name string) uintptr {
	p := Symbol(libc(t), name)
	if p == 0 {
		t.Fatalf("libc has no %s", name)
	}
	return p
}

func address[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }

// All ten arguments arrive, those in registers and those on the stack:
// snprintf prints them.
func TestArguments(t *testing.T) {
	out := make([]byte, 128)
	format := []byte("%d %d %d %d %d %d %d\x00")
	b := &Block{Fn: symbol(t, "snprintf")}
	b.Args = [MaxArgs]uintptr{address(&out[0]), uintptr(len(out)), address(&format[0]), 1, 22, 333, 4444, 55555, 666666, 7777777}
	b.Run()
	want := "1 22 333 4444 55555 666666 7777777"
	if got := string(out[:max(b.Ret, 0)]); got != want {
		t.Errorf("snprintf printed %q, want %q", got, want)
	}
	runtime.KeepAlive(format)
}

// The result is a C int: the upper half of the register is not part of it.
func TestResultIsInt(t *testing.T) {
	minus := []byte("-7\x00")
	b := &Block{Fn: symbol(t, "atoi")}
	b.Args[0] = address(&minus[0])
	b.Run()
	if b.Ret != -7 {
		t.Errorf("atoi(-7) = %d", b.Ret)
	}
}

// Poll is called until the flag rises or the polls are used up.
func TestPoll(t *testing.T) {
	var calls, flag, raise int32
	var args [MaxPollArgs]uintptr
	fn := Callback(func(a, b, c, d, e, f uintptr) uintptr {
		args = [MaxPollArgs]uintptr{a, b, c, d, e, f}
		if calls++; calls == raise {
			flag = 1
		}
		return 0
	})
	b := &Block{Poll: fn, Flag: &flag, PollArgs: [MaxPollArgs]uintptr{1, 2, 3, 4, 5, 6}}

	b.Polls, raise = 10, 0
	b.Run()
	if calls != 10 || b.Polls != 0 {
		t.Errorf("flag never raised: %d calls, %d polls left; want 10, 0", calls, b.Polls)
	}
	if args != b.PollArgs {
		t.Errorf("arguments %v, want %v", args, b.PollArgs)
	}

	calls, b.Polls, raise = 0, 10, 4
	b.Run()
	if calls != 4 || b.Polls != 6 || flag != 1 {
		t.Errorf("flag raised by call 4: %d calls, %d polls left, flag %d", calls, b.Polls, flag)
	}
}

// A function that starts an operation and fails is not followed by polls; an
// error of a poll ends them.
func TestErrorsEndTheBlock(t *testing.T) {
	var order []string
	var startRet, pollRet uintptr
	start := Callback(func(a uintptr) uintptr { order = append(order, "start"); return startRet })
	poll := Callback(func(a uintptr) uintptr { order = append(order, "poll"); return pollRet })
	var flag int32
	b := &Block{Fn: start, Poll: poll, Flag: &flag}

	for _, c := range []struct {
		start, poll uintptr
		want        int
		ret         int32
	}{{3, 0, 1, 3}, {0, 5, 2, 5}, {0, 0, 4, 0}} {
		order, startRet, pollRet, b.Polls = nil, c.start, c.poll, 3
		b.Run()
		if len(order) != c.want || order[0] != "start" || b.Ret != c.ret {
			t.Errorf("start returns %d, poll %d: calls %v, result %d; want %d calls, result %d", c.start, c.poll, order, b.Ret, c.want, c.ret)
		}
	}
}

// A callback that needs much stack moves the goroutine's; the block stays.
func TestCallbackGrowsStack(t *testing.T) {
	var deep func(n int) int
	deep = func(n int) int {
		var pad [256]byte
		if n == 0 {
			return int(pad[0])
		}
		return deep(n-1) + int(pad[n%256]) + 1
	}
	fn := Callback(func(a, b *int) uintptr {
		deep(2000)
		runtime.GC()
		switch {
		case *a < *b:
			return ^uintptr(0)
		case *a > *b:
			return 1
		}
		return 0
	})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			numbers := []int{5, 3, 9, g, 7, 1}
			b := &Block{Fn: symbol(t, "qsort")}
			b.Args = [MaxArgs]uintptr{address(&numbers[0]), uintptr(len(numbers)), unsafe.Sizeof(numbers[0]), fn}
			b.Run()
			for i := 1; i < len(numbers); i++ {
				if numbers[i-1] > numbers[i] {
					t.Errorf("not sorted: %v", numbers)
				}
			}
		})
	}
	wg.Wait()
}

func TestMissing(t *testing.T) {
	if p := Symbol(libc(t), "no_such_function"); p != 0 {
		t.Errorf("symbol that does not exist is at %#x", p)
	}
	if _, err := Open("/no/such/library.so", false); err == nil {
		t.Error("a library that does not exist was opened")
	}
}

func TestNoAllocation(t *testing.T) {
	b := &Block{Fn: symbol(t, "abs")}
	if n := testing.AllocsPerRun(1000, b.Run); n != 0 {
		t.Errorf("a call allocates %v times", n)
	}
}

func BenchmarkRun(b *testing.B) {
	block := &Block{Fn: symbol(b, "abs")}
	for b.Loop() {
		block.Run()
	}
}
