//go:build linux && (loong64 || ppc64le || riscv64) && !android && !faketime

package ccall

import "github.com/ebitengine/purego"

// Run executes the block.
func (b *Block) Run() {
	if b.Fn != 0 {
		r, _, _ := purego.SyscallN(b.Fn, b.Args[:]...)
		if b.Ret = int32(r); b.Ret != 0 {
			return
		}
	}
	if b.Poll == 0 {
		return
	}
	for b.Polls > 0 {
		b.Polls--
		r, _, _ := purego.SyscallN(b.Poll, b.PollArgs[:]...)
		if b.Ret = int32(r); b.Ret != 0 || *b.Flag != 0 {
			return
		}
	}
}
