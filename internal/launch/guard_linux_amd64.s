#include "textflag.h"

// func runScript(clone, flags, stack uintptr, s *guardScript) (pid int)
TEXT ·runScript(SB), NOSPLIT, $0-40
	MOVQ clone+0(FP), AX
	MOVQ flags+8(FP), DI
	MOVQ stack+16(FP), SI
	MOVQ s+24(FP), R12
	MOVQ $0, DX
	MOVQ $0, R10
	MOVQ $0, R8
	SYSCALL
	TESTQ AX, AX
	JEQ child
	MOVQ AX, pid+32(FP)
	RET

child:
	MOVQ $5, R13

next:
	CALL systemCall<>(SB)
	DECQ R13
	JNZ next
	TESTQ AX, AX // the result of the read
	JEQ exec
	ADDQ $40, R12

exec:
	CALL systemCall<>(SB) // exec, or exit if it was left out
	CALL systemCall<>(SB)
	INT $3

// systemCall makes the call that R12 points to, and goes on to the next.
TEXT systemCall<>(SB), NOSPLIT, $0
	MOVQ 0(R12), AX
	MOVQ 8(R12), DI
	MOVQ 16(R12), SI
	MOVQ 24(R12), DX
	MOVQ 32(R12), R10
	ADDQ $40, R12
	SYSCALL
	RET
