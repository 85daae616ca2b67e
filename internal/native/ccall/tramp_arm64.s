//go:build (linux || darwin || freebsd || netbsd) && !android && !faketime

#include "textflag.h"
#include "go_asm.h"

// void trampoline(Block *b), AAPCS64, on the system stack. The two stack
// arguments of the callee are at the bottom of the frame, so the frame is made
// by hand: +0 and +8 the arguments, +16 b, +24 the return address. All stack
// arguments that package native passes are 8 bytes wide or followed by one
// that is, so that Darwin's packed layout comes out the same.
GLOBL ·trampolineABI0(SB), NOPTR|RODATA, $8
DATA ·trampolineABI0(SB)/8, $trampoline(SB)
TEXT trampoline(SB), NOSPLIT|NOFRAME, $0
	SUB  $32, RSP
	MOVD R30, 24(RSP)
	MOVD R0, 16(RSP)
	MOVD R0, R9
	MOVD Block_Fn(R9), R10
	CBZ  R10, poll
	MOVD (Block_Args+64)(R9), R11
	MOVD R11, 0(RSP)
	MOVD (Block_Args+72)(R9), R11
	MOVD R11, 8(RSP)
	MOVD (Block_Args+0)(R9), R0
	MOVD (Block_Args+8)(R9), R1
	MOVD (Block_Args+16)(R9), R2
	MOVD (Block_Args+24)(R9), R3
	MOVD (Block_Args+32)(R9), R4
	MOVD (Block_Args+40)(R9), R5
	MOVD (Block_Args+48)(R9), R6
	MOVD (Block_Args+56)(R9), R7
	BL   (R10)
	MOVD 16(RSP), R9
	MOVW R0, Block_Ret(R9)
	CBNZW R0, done
	MOVD Block_Poll(R9), R10
	CBZ  R10, done

poll:
	MOVW Block_Polls(R9), R11
	CMPW $0, R11
	BLE  done
	SUBW $1, R11
	MOVW R11, Block_Polls(R9)
	MOVD (Block_PollArgs+0)(R9), R0
	MOVD (Block_PollArgs+8)(R9), R1
	MOVD (Block_PollArgs+16)(R9), R2
	MOVD (Block_PollArgs+24)(R9), R3
	MOVD (Block_PollArgs+32)(R9), R4
	MOVD (Block_PollArgs+40)(R9), R5
	MOVD Block_Poll(R9), R10
	BL   (R10)
	MOVD 16(RSP), R9
	MOVW R0, Block_Ret(R9)
	CBNZW R0, done
	MOVD Block_Flag(R9), R10
	MOVW 0(R10), R11
	CBZW R11, poll

done:
	MOVD ZR, R0
	MOVD 24(RSP), R30
	ADD  $32, RSP
	RET
