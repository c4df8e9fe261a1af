// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * core_pair.bpf.c - types on both sides of CO-RE relocations
 *
 * With -DTARGET only the types, as a target has them.
 */
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define CORE __attribute__((preserve_access_index))

struct xdp_md;
struct shared {
	int x;
};

#ifdef TARGET
enum color { RED, GREEN = 5, BLUE, WHITE };
enum wide { NARROW = 7, WIDE = 0x700000000 };
struct known {
	int x;
};
struct fields {
	long pad;
	enum color color;
	enum wide wide;
	int grid[5][6];
	struct known *known;
	struct shared *pointer;
	long sign;
	unsigned long grows;
	struct {
		struct {
			int deep;
		};
	};
	short kind;
	int open[];
} CORE;
struct __attribute__((packed)) packed {
	__u32 low : 30;
	__u32 across : 6;
	__u32 high : 20;
} CORE;
struct calls {
	int (*first)(struct shared *, long, const void *);
	void (*second)(enum color);
	int more;
};
struct holds {
	struct shared *by_pointer;
	struct shared by_value;
	int array[4];
	union {
		int a;
		long b;
	} one;
	enum color color;
	struct known *declared;
};
union either {
	int a;
	long b;
	short c;
};
#else
enum color { GREEN, BLUE };
enum wide { WIDE = 0x300000000, NARROW = 1 };
enum other { NEITHER };
struct known;
struct fields {
	enum color color;
	enum wide wide;
	int grid[5][6];
	struct known *known;
	struct shared *pointer;
	int sign;
	unsigned int grows;
	int deep;
	int kind;
	int open[];
} CORE;
struct fields___other {
	enum other color; /* another enum: not this field */
	int known;	  /* no pointer */
} CORE;
struct __attribute__((packed)) packed {
	__u32 across : 6;
	__u32 low : 30;
	__u32 high : 20;
} CORE;
struct calls {
	int (*first)(struct shared *, long, const void *);
	void (*second)(enum color);
};
struct calls___fewer {
	int (*first)(struct shared *, long);
};
struct calls___void {
	int (*first)(struct shared *, void *, const void *);
};
struct holds {
	struct shared by_value;
	int array[4];
	union {
		int a;
	} one;
	enum color color;
	struct known *declared;
	struct shared *by_pointer;
};
struct holds___longer {
	int array[5];
};
struct holds___union {
	union shared___union *by_pointer;
};
struct holds___value {
	struct shared *by_value;
};
struct holds___enum {
	enum other color;
};
union either {
	long b;
};
union either___more {
	unsigned int a;
};
#endif

typedef int (*function)(struct shared *, long);
typedef int array[3];
typedef struct shared *pointer;
#ifdef TARGET
typedef int (*differs)(struct shared *, long *);
typedef void (*callback)(int[2]);
#else
typedef int (*differs)(struct shared *, long);
typedef void (*callback)(int[7]);
#endif

#define FIELD(type, field) (((struct type *)0)->field)
#define INFO(type, field, what) \
	__builtin_preserve_field_info(FIELD(type, field), BPF_FIELD_##what)

#ifdef TARGET
/* What a function points to is there whole. */
#define PRESENT(name, type)    \
	int name(type *value); \
	int name(type *value)  \
	{                      \
		return !value; \
	}
PRESENT(p0, struct fields)
PRESENT(p1, struct packed)
PRESENT(p2, struct calls)
PRESENT(p3, struct holds)
PRESENT(p4, union either)
PRESENT(p5, function)
PRESENT(p6, array)
PRESENT(p7, pointer)
PRESENT(p8, differs)
PRESENT(p9, callback)
PRESENT(p10, enum color)
PRESENT(p11, enum wide)
#else
#define ASK(name, expr)               \
	SEC("xdp")                    \
	long name(struct xdp_md *ctx) \
	{                             \
		return (long)(expr);  \
	}

ASK(color, bpf_core_field_offset(FIELD(fields, color)))
ASK(color_other, bpf_core_field_exists(FIELD(fields___other, color)))
ASK(color_value, bpf_core_enum_value(enum color, GREEN))
ASK(wide, bpf_core_field_exists(FIELD(fields, wide)))
ASK(wide_value, bpf_core_enum_value(enum wide, WIDE))
ASK(wide_small, bpf_core_enum_value(enum wide, NARROW))
ASK(grid, bpf_core_field_offset(FIELD(fields, grid[3][2])))
ASK(grid_row, bpf_core_field_offset(FIELD(fields, grid[3])))
ASK(grid_row_size, bpf_core_field_size(FIELD(fields, grid[3])))
ASK(grid_size, bpf_core_field_size(FIELD(fields, grid)))
ASK(known, bpf_core_field_offset(FIELD(fields, known)))
ASK(known_other, bpf_core_field_exists(FIELD(fields___other, known)))
ASK(pointer_size, bpf_core_field_size(FIELD(fields, pointer)))
ASK(deep, bpf_core_field_offset(FIELD(fields, deep)))
ASK(open, bpf_core_field_offset(FIELD(fields, open[100])))
ASK(sign, INFO(fields, sign, SIGNED))
ASK(across_offset, INFO(packed, across, BYTE_OFFSET))
ASK(across_size, INFO(packed, across, BYTE_SIZE))
ASK(across_left, INFO(packed, across, LSHIFT_U64))
ASK(across_right, INFO(packed, across, RSHIFT_U64))
ASK(calls_match, bpf_core_type_matches(struct calls))
ASK(calls_fewer, bpf_core_type_matches(struct calls___fewer))
ASK(calls_void, bpf_core_type_matches(struct calls___void))
ASK(holds_match, bpf_core_type_matches(struct holds))
ASK(holds_longer, bpf_core_type_matches(struct holds___longer))
ASK(holds_union, bpf_core_type_matches(struct holds___union))
ASK(holds_value, bpf_core_type_matches(struct holds___value))
ASK(holds_enum, bpf_core_type_matches(struct holds___enum))
ASK(either_matches, bpf_core_type_matches(union either))
ASK(either_more, bpf_core_type_matches(union either___more))
ASK(color_matches, bpf_core_type_matches(enum color))
ASK(wide_matches, bpf_core_type_matches(enum wide))
ASK(function_exists, bpf_core_type_exists(function))
ASK(function_matches, bpf_core_type_matches(function))
ASK(array_exists, bpf_core_type_exists(array))
ASK(array_size, bpf_core_type_size(array))
ASK(pointer_exists, bpf_core_type_exists(pointer))
ASK(pointer_matches, bpf_core_type_matches(pointer))
ASK(differs_exists, bpf_core_type_exists(differs))
ASK(differs_matches, bpf_core_type_matches(differs))
ASK(callback_exists, bpf_core_type_exists(callback))
ASK(callback_matches, bpf_core_type_matches(callback))

/* The target lacks both; of this object's own types, either could be meant. */
struct twice {
	int pad;
	int x;
} CORE;
struct twice___again {
	int x;
} CORE;
ASK(twice, bpf_core_field_exists(FIELD(twice, x)))
ASK(twice_again, bpf_core_field_exists(FIELD(twice___again, x)))

struct fields___lacking {
	int lacks;
} CORE;

/* Never reached: the verifier does not see what becomes of the accesses. */
SEC("xdp")
int accesses(struct xdp_md *ctx)
{
	struct fields *f = (void *)ctx;

	if (!bpf_core_field_exists(FIELD(fields___lacking, lacks)))
		return 2;
	f->color = 3;
	f->grows += 1;
	f->grid[1][2] = f->deep;
	f->pointer = 0;
	return f->sign + f->kind + f->open[7];
}

char LICENSE[] SEC("license") = "GPL";
#endif
