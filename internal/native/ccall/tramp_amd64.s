//go:build (linux || darwin || freebsd || netbsd) && !android && !faketime

#include "textflag.h"
#include "go_asm.h"

// void trampoline(Block *b), System V calling convention, on the system stack.
// 0..31(SP) are the stack arguments of the callee, 40(SP) keeps b.
GLOBL ·trampolineABI0(SB), NOPTR|RODATA, $8
DATA ·trampolineABI0(SB)/8, $trampoline(SB)
TEXT trampoline(SB), NOSPLIT, $48-0
	MOVQ DI, R11
	MOVQ R11, 40(SP)
	MOVQ Block_Fn(R11), R10
	TESTQ R10, R10
	JEQ  poll
	MOVQ (Block_Args+48)(R11), AX
	MOVQ AX, 0(SP)
	MOVQ (Block_Args+56)(R11), AX
	MOVQ AX, 8(SP)
	MOVQ (Block_Args+64)(R11), AX
	MOVQ AX, 16(SP)
	MOVQ (Block_Args+72)(R11), AX
	MOVQ AX, 24(SP)
	MOVQ (Block_Args+0)(R11), DI
	MOVQ (Block_Args+8)(R11), SI
	MOVQ (Block_Args+16)(R11), DX
	MOVQ (Block_Args+24)(R11), CX
	MOVQ (Block_Args+32)(R11), R8
	MOVQ (Block_Args+40)(R11), R9
	XORL AX, AX
	CALL R10
	MOVQ 40(SP), R11
	MOVL AX, Block_Ret(R11)
	TESTL AX, AX
	JNE  done
	CMPQ Block_Poll(R11), $0
	JEQ  done

poll:
	CMPL Block_Polls(R11), $0
	JLE  done
	DECL Block_Polls(R11)
	MOVQ (Block_PollArgs+0)(R11), DI
	MOVQ (Block_PollArgs+8)(R11), SI
	MOVQ (Block_PollArgs+16)(R11), DX
	MOVQ (Block_PollArgs+24)(R11), CX
	MOVQ (Block_PollArgs+32)(R11), R8
	MOVQ (Block_PollArgs+40)(R11), R9
	XORL AX, AX
	MOVQ Block_Poll(R11), R10
	CALL R10
	MOVQ 40(SP), R11
	MOVL AX, Block_Ret(R11)
	TESTL AX, AX
	JNE  done
	MOVQ Block_Flag(R11), R10
	CMPL 0(R10), $0
	JEQ  poll

done:
	XORL AX, AX
	RET
