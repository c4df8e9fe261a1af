/* SPDX-License-Identifier: BSD-3-Clause */
/* types.h - short integer names and the few macros that everything uses */
#ifndef WEIR_BASE_TYPES_H
#define WEIR_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define CACHE_LINE 64

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#undef container_of /* DPDK's headers have one too */
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* align must be a power of two */
static inline u64 round_up(u64 n, u64 align)
{
	return (n + align - 1) & ~(align - 1);
}

#endif
