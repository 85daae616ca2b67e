#include "textflag.h"

// Each function combines n > 0 blocks of 128 bytes: dst = a op b. All of a block
// is loaded before any of it is stored, so that dst may be a or b.

#define COMBINE(OP) \
	MOVQ    dst+0(FP), DI        \
	MOVQ    a+8(FP), SI          \
	MOVQ    b+16(FP), DX         \
	MOVQ    n+24(FP), CX         \
	XORQ    AX, AX               \
loop:                            \
	VMOVDQU (SI)(AX*1), Y0       \
	VMOVDQU 32(SI)(AX*1), Y1     \
	VMOVDQU 64(SI)(AX*1), Y2     \
	VMOVDQU 96(SI)(AX*1), Y3     \
	OP      (DX)(AX*1), Y0, Y0   \
	OP      32(DX)(AX*1), Y1, Y1 \
	OP      64(DX)(AX*1), Y2, Y2 \
	OP      96(DX)(AX*1), Y3, Y3 \
	VMOVDQU Y0, (DI)(AX*1)       \
	VMOVDQU Y1, 32(DI)(AX*1)     \
	VMOVDQU Y2, 64(DI)(AX*1)     \
	VMOVDQU Y3, 96(DI)(AX*1)     \
	ADDQ    $128, AX             \
	DECQ    CX                   \
	JNZ     loop                 \
	VZEROUPPER                   \
	RET

// func addFloat32(dst, a, b unsafe.Pointer, n int)
TEXT ·addFloat32(SB), NOSPLIT, $0-32
	COMBINE(VADDPS)

// func addFloat64(dst, a, b unsafe.Pointer, n int)
TEXT ·addFloat64(SB), NOSPLIT, $0-32
	COMBINE(VADDPD)

// func mulFloat32(dst, a, b unsafe.Pointer, n int)
TEXT ·mulFloat32(SB), NOSPLIT, $0-32
	COMBINE(VMULPS)

// func mulFloat64(dst, a, b unsafe.Pointer, n int)
TEXT ·mulFloat64(SB), NOSPLIT, $0-32
	COMBINE(VMULPD)

// func add8(dst, a, b unsafe.Pointer, n int)
TEXT ·add8(SB), NOSPLIT, $0-32
	COMBINE(VPADDB)

// func add16(dst, a, b unsafe.Pointer, n int)
TEXT ·add16(SB), NOSPLIT, $0-32
	COMBINE(VPADDW)

// func add32(dst, a, b unsafe.Pointer, n int)
TEXT ·add32(SB), NOSPLIT, $0-32
	COMBINE(VPADDD)

// func add64(dst, a, b unsafe.Pointer, n int)
TEXT ·add64(SB), NOSPLIT, $0-32
	COMBINE(VPADDQ)

// func mul16(dst, a, b unsafe.Pointer, n int)
TEXT ·mul16(SB), NOSPLIT, $0-32
	COMBINE(VPMULLW)

// func mul32(dst, a, b unsafe.Pointer, n int)
TEXT ·mul32(SB), NOSPLIT, $0-32
	COMBINE(VPMULLD)

// func maxInt8(dst, a, b unsafe.Pointer, n int)
TEXT ·maxInt8(SB), NOSPLIT, $0-32
	COMBINE(VPMAXSB)

// func maxInt16(dst, a, b unsafe.Pointer, n int)
TEXT ·maxInt16(SB), NOSPLIT, $0-32
	COMBINE(VPMAXSW)

// func maxInt32(dst, a, b unsafe.Pointer, n int)
TEXT ·maxInt32(SB), NOSPLIT, $0-32
	COMBINE(VPMAXSD)

// func maxUint8(dst, a, b unsafe.Pointer, n int)
TEXT ·maxUint8(SB), NOSPLIT, $0-32
	COMBINE(VPMAXUB)

// func maxUint16(dst, a, b unsafe.Pointer, n int)
TEXT ·maxUint16(SB), NOSPLIT, $0-32
	COMBINE(VPMAXUW)

// func maxUint32(dst, a, b unsafe.Pointer, n int)
TEXT ·maxUint32(SB), NOSPLIT, $0-32
	COMBINE(VPMAXUD)

// func minInt8(dst, a, b unsafe.Pointer, n int)
TEXT ·minInt8(SB), NOSPLIT, $0-32
	COMBINE(VPMINSB)

// func minInt16(dst, a, b unsafe.Pointer, n int)
TEXT ·minInt16(SB), NOSPLIT, $0-32
	COMBINE(VPMINSW)

// func minInt32(dst, a, b unsafe.Pointer, n int)
TEXT ·minInt32(SB), NOSPLIT, $0-32
	COMBINE(VPMINSD)

// func minUint8(dst, a, b unsafe.Pointer, n int)
TEXT ·minUint8(SB), NOSPLIT, $0-32
	COMBINE(VPMINUB)

// func minUint16(dst, a, b unsafe.Pointer, n int)
TEXT ·minUint16(SB), NOSPLIT, $0-32
	COMBINE(VPMINUW)

// func minUint32(dst, a, b unsafe.Pointer, n int)
TEXT ·minUint32(SB), NOSPLIT, $0-32
	COMBINE(VPMINUD)

// func and(dst, a, b unsafe.Pointer, n int)
TEXT ·and(SB), NOSPLIT, $0-32
	COMBINE(VPAND)

// func or(dst, a, b unsafe.Pointer, n int)
TEXT ·or(SB), NOSPLIT, $0-32
	COMBINE(VPOR)

// func xor(dst, a, b unsafe.Pointer, n int)
TEXT ·xor(SB), NOSPLIT, $0-32
	COMBINE(VPXOR)
