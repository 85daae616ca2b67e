#include "textflag.h"

// func runScript(clone, flags, stack uintptr, s *guardScript) (pid int)
TEXT ·runScript(SB), NOSPLIT, $0-40
	MOVD clone+0(FP), R8
	MOVD flags+8(FP), R0
	MOVD stack+16(FP), R1
	MOVD s+24(FP), R19
	MOVD $0, R2
	MOVD $0, R3
	MOVD $0, R4
	SVC
	CBZ R0, child
	MOVD R0, pid+32(FP)
	RET

child:
	MOVD $5, R20

next:
	CALL systemCall<>(SB)
	SUB $1, R20
	CBNZ R20, next
	CBZ R0, exec // the result of the read
	ADD $40, R19

exec:
	CALL systemCall<>(SB) // exec, or exit if it was left out
	CALL systemCall<>(SB)
	BRK

// systemCall makes the call that R19 points to, and goes on to the next.
TEXT systemCall<>(SB), NOSPLIT, $0
	MOVD 0(R19), R8
	MOVD 8(R19), R0
	MOVD 16(R19), R1
	MOVD 24(R19), R2
	MOVD 32(R19), R3
	ADD $40, R19
	SVC
	RET
