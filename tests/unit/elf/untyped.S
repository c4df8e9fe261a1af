# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
# untyped.S - functions whose symbols have no type and no size

	.section	license,"a",@progbits
	.asciz	"GPL"

	.text
	.globl	twice
twice:
	r0 = r1
	r0 += r1
	exit
	.globl	thrice
thrice:
	r6 = r1
	call	.text
	r0 += r6
	exit

	.section	xdp,"ax",@progbits
	.globl	first
first:
	r1 = 5
	call	.text+24
	exit

	.section	tc,"ax",@progbits
	.globl	second
second:
	r0 = 0
	exit
