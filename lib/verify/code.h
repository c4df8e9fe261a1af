/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * code.h - why programs are rejected, as names that stay
 *
 * A row: the enumerator, the name that tools print, the class if the value that
 * was refused is known exactly, and the class if it is a range.  Unsafe: there
 * is a fault on some path.  Unproven: there may be none, but nothing in the
 * program shows it.  Lacking: Linux may accept it, Weir does not have it.
 */
#ifndef WEIR_VERIFY_CODE_H
#define WEIR_VERIFY_CODE_H

#include <stdbool.h>

enum verify_class {
	VERIFY_UNSAFE,
	VERIFY_UNPROVEN,
	VERIFY_LACKING,
};

#define VERIFY_CODES(X)                                         \
	X(OK, "ok", UNSAFE, UNSAFE)                             \
	X(INSN, "bad-instruction", UNSAFE, UNSAFE)              \
	X(FLOW, "bad-control-flow", UNSAFE, UNSAFE)             \
	X(MAP, "bad-map", UNSAFE, UNSAFE)                       \
	X(BTF, "bad-btf", UNSAFE, UNSAFE)                       \
	X(UNINIT, "uninitialized", UNSAFE, UNSAFE)              \
	X(NOT_POINTER, "not-a-pointer", UNSAFE, UNSAFE)         \
	X(NULL_POINTER, "null-not-checked", UNPROVEN, UNPROVEN) \
	X(POINTER_MATH, "pointer-arithmetic", UNSAFE, UNSAFE)   \
	X(BOUNDS, "out-of-bounds", UNSAFE, UNPROVEN)            \
	X(PACKET, "packet-bounds", UNPROVEN, UNPROVEN)          \
	X(STACK, "stack-access", UNSAFE, UNPROVEN)              \
	X(STACK_DEPTH, "stack-depth", UNSAFE, UNSAFE)           \
	X(CTX, "context-access", UNSAFE, UNSAFE)                \
	X(ALIGN, "misaligned", UNSAFE, UNPROVEN)                \
	X(READ_ONLY, "read-only", UNSAFE, UNSAFE)               \
	X(ACCESS, "forbidden-access", UNSAFE, UNSAFE)           \
	X(HELPER, "helper-not-allowed", UNSAFE, UNSAFE)         \
	X(ARG, "bad-argument", UNSAFE, UNSAFE)                  \
	X(SIZE, "size-argument", UNSAFE, UNPROVEN)              \
	X(REF, "reference", UNSAFE, UNSAFE)                     \
	X(LOCK, "lock", UNSAFE, UNSAFE)                         \
	X(CALL, "bad-call", UNSAFE, UNSAFE)                     \
	X(RETURN, "return-value", UNSAFE, UNPROVEN)             \
	X(DYNPTR, "dynptr", UNSAFE, UNSAFE)                     \
	X(ITER, "iterator", UNSAFE, UNSAFE)                     \
	X(LOOP, "infinite-loop", UNPROVEN, UNPROVEN)            \
	X(COMPLEX, "too-complex", UNPROVEN, UNPROVEN)           \
	X(UNSUPPORTED, "unsupported", LACKING, LACKING)         \
	X(NO_MEMORY, "no-memory", LACKING, LACKING)

enum verify_code {
#define CODE(name, text, known, range) VERIFY_##name,
	VERIFY_CODES(CODE)
#undef CODE
		VERIFY_CODE_COUNT
};

const char *verify_code_name(enum verify_code code);
enum verify_class verify_code_class(enum verify_code code, bool known);
const char *verify_class_name(enum verify_class class); /* "unsafe" */

#endif
