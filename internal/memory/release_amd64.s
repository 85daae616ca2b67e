//go:build !race

#include "textflag.h"

// func Pause()
TEXT ·Pause(SB), NOSPLIT, $0-0
	PAUSE
	RET

// CLDEMOTE (AX) is encoded in the space of hints: processors without it do
// nothing.

// func Demote(p unsafe.Pointer, n int)
TEXT ·Demote(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), AX
	MOVQ n+8(FP), CX
	ADDQ AX, CX
	ANDQ $~63, AX
	JMP  test
next:
	BYTE $0x0F; BYTE $0x1C; BYTE $0x00 // CLDEMOTE (AX)
	ADDQ $64, AX
test:
	CMPQ AX, CX
	JB   next
	RET

// PREFETCHW (AX) does nothing on processors without it.

// func Claim(p unsafe.Pointer, n int)
TEXT ·Claim(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), AX
	MOVQ n+8(FP), CX
	ADDQ AX, CX
	ANDQ $~63, AX
	JMP  test
next:
	BYTE $0x0F; BYTE $0x0D; BYTE $0x08 // PREFETCHW (AX)
	ADDQ $64, AX
test:
	CMPQ AX, CX
	JB   next
	RET

// func Fetch(p unsafe.Pointer)
TEXT ·Fetch(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	RET
