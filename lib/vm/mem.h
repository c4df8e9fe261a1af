/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mem.h - the accesses themselves
 *
 * Programs share map values between lcores without locks, as on Linux; what
 * that means for them is theirs to know, so the loops that include this are
 * not instrumented for races.
 */
#ifndef WEIR_VM_MEM_H
#define WEIR_VM_MEM_H

#include "base/types.h"

#define VM_INLINE static inline __attribute__((always_inline))
#define VM_LOOP __attribute__((no_sanitize("thread")))

struct vm_u16 {
	u16 v;
} __attribute__((packed, may_alias));
struct vm_u32 {
	u32 v;
} __attribute__((packed, may_alias));
struct vm_u64 {
	u64 v;
} __attribute__((packed, may_alias));

/* size is a constant wherever these are used */
VM_INLINE u64 mem_load(const void *at, u32 size)
{
	switch (size) {
	case 1:
		return *(const volatile u8 *)at;
	case 2:
		return ((const volatile struct vm_u16 *)at)->v;
	case 4:
		return ((const volatile struct vm_u32 *)at)->v;
	default:
		return ((const volatile struct vm_u64 *)at)->v;
	}
}

VM_INLINE void mem_store(void *at, u32 size, u64 value)
{
	switch (size) {
	case 1:
		*(volatile u8 *)at = (u8)value;
		return;
	case 2:
		((volatile struct vm_u16 *)at)->v = (u16)value;
		return;
	case 4:
		((volatile struct vm_u32 *)at)->v = (u32)value;
		return;
	default:
		((volatile struct vm_u64 *)at)->v = value;
	}
}

#endif
