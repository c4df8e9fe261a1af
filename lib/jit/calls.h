/* SPDX-License-Identifier: BSD-3-Clause */
/* calls.h - what a program calls, for who loops over it */
#ifndef WEIR_JIT_CALLS_H
#define WEIR_JIT_CALLS_H

enum ir_calls {
	IR_CALLS_TAIL = 1,     /* another program, that may call anything */
	IR_CALLS_REDIRECT = 2, /* what says where the packet goes */
	IR_CALLS_OTHER = 4,    /* anything but maps' elements */
};

#endif
