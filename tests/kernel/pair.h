/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pair.h - the same map twice, Weir's and the live kernel's, and one operation
 * on both
 *
 * A test has a function that makes its operations; pair_main() is the rest of
 * it.  Operations come from a seed that is printed, and `TEST SEED` repeats it.
 */
#ifndef WEIR_TESTS_KERNEL_PAIR_H
#define WEIR_TESTS_KERNEL_PAIR_H

#include "base/slot.h"
#include "kmap.h"

#define PAIR_KEY_MAX 260
#define PAIR_VALUE_MAX 64
/* a value from outside, of all slots: longer than any key */
#define PAIR_BYTES_MAX (PAIR_VALUE_MAX * SLOT_MAX)

/* What was asked on both sides, and how often the answers were not the same. */
struct pair_tally {
	u64 compared;
	u64 different;
};

extern struct pair_tally pair_tally;

struct pair {
	struct map_attr attr;
	struct map *mine;
	int theirs;
	struct kmap_progs progs;
	u32 cpus;
	u32 bytes; /* a value from outside */
};

enum pair_command {
	PAIR_READ,
	PAIR_WRITE,
	PAIR_ERASE,
	PAIR_NEXT_KEY,
	PAIR_PROG_LOOKUP,
	PAIR_PROG_UPDATE,
	PAIR_PROG_DELETE,
	PAIR_COMMANDS,
};

extern const char *const pair_commands[PAIR_COMMANDS];

struct pair_op {
	enum pair_command command;
	u64 flags;
	u8 key[PAIR_KEY_MAX];
	u8 value[PAIR_BYTES_MAX];
};

struct pair_answer {
	int code;
	u8 out[PAIR_BYTES_MAX]; /* the value, or the next key */
};

/* Both maps, and the programs that use the kernel's; false, said and counted
 * as a difference, when one cannot be had. */
bool pair_open(const struct map_env *env, const struct map_attr *attr,
	       struct pair *p);
void pair_close(struct pair *p);

void pair_ask_weir(struct pair *p, const struct pair_op *op,
		   struct pair_answer *a);
void pair_ask_linux(struct pair *p, const struct pair_op *op,
		    struct pair_answer *a);
/* Both; what they leave alone in the answers is zero. */
void pair_ask(struct pair *p, const struct pair_op *op,
	      struct pair_answer *mine, struct pair_answer *theirs);

/* Whether two values from outside are the same.  Padding between per-CPU values
 * is not compared: in a new element Linux leaves in it what an older one had
 * there. */
bool pair_same_value(const struct pair *p, const u8 *a, const u8 *b);

/* Count a difference; true as long as it is worth a line. */
bool pair_differs(void);

u32 pair_random(u64 *seed, u32 n);

/* The test: run() with a map environment of this budget.  0 if nothing differed
 * and at least this much was compared, KMAP_SKIP without bpf(2). */
int pair_main(int argc, char **argv, u64 budget, u64 at_least,
	      void (*run)(const struct map_env *env, u64 seed));

#endif
