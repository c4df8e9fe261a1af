/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * code.h - why programs are rejected, as names that stay
 *
 * A row: the enumerator, the name that tools print, the class.  Unsafe: there
 * is a fault on some path.  Unproven: there may be none, but nothing in the
 * program shows it.  Unsupported: Linux may accept it, Weir does not have it.
 */
#ifndef WEIR_VERIFY_CODE_H
#define WEIR_VERIFY_CODE_H

enum verify_class {
	VERIFY_UNSAFE,
	VERIFY_UNPROVEN,
	VERIFY_LACKING,
};

#define VERIFY_CODES(X)                               \
	X(OK, "ok", UNSAFE)                           \
	X(INSN, "bad-instruction", UNSAFE)            \
	X(FLOW, "bad-control-flow", UNSAFE)           \
	X(MAP, "bad-map", UNSAFE)                     \
	X(BTF, "bad-btf", UNSAFE)                     \
	X(UNINIT, "uninitialized", UNSAFE)            \
	X(NOT_POINTER, "not-a-pointer", UNSAFE)       \
	X(NULL_POINTER, "null-not-checked", UNPROVEN) \
	X(POINTER_MATH, "pointer-arithmetic", UNSAFE) \
	X(BOUNDS, "out-of-bounds", UNPROVEN)          \
	X(PACKET, "packet-bounds", UNPROVEN)          \
	X(STACK, "stack-access", UNSAFE)              \
	X(STACK_DEPTH, "stack-depth", UNSAFE)         \
	X(CTX, "context-access", UNSAFE)              \
	X(ALIGN, "misaligned", UNSAFE)                \
	X(READ_ONLY, "read-only", UNSAFE)             \
	X(ACCESS, "forbidden-access", UNSAFE)         \
	X(HELPER, "helper-not-allowed", UNSAFE)       \
	X(ARG, "bad-argument", UNSAFE)                \
	X(SIZE, "size-argument", UNPROVEN)            \
	X(REF, "reference", UNSAFE)                   \
	X(LOCK, "lock", UNSAFE)                       \
	X(CALL, "bad-call", UNSAFE)                   \
	X(RETURN, "return-value", UNPROVEN)           \
	X(DYNPTR, "dynptr", UNSAFE)                   \
	X(ITER, "iterator", UNSAFE)                   \
	X(LOOP, "infinite-loop", UNPROVEN)            \
	X(COMPLEX, "too-complex", UNPROVEN)           \
	X(UNSUPPORTED, "unsupported", LACKING)        \
	X(NO_MEMORY, "no-memory", LACKING)

enum verify_code {
#define CODE(name, text, class) VERIFY_##name,
	VERIFY_CODES(CODE)
#undef CODE
		VERIFY_CODE_COUNT
};

const char *verify_code_name(enum verify_code code);
enum verify_class verify_code_class(enum verify_code code);
const char *verify_class_name(enum verify_class class); /* "unsafe" */

#endif
