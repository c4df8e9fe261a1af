/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oracle.h - the live kernel through raw bpf(2)
 *
 * Loads the same object into Linux, runs the same packets by
 * BPF_PROG_TEST_RUN and compares verdict, bytes, length and maps (architecture
 * decision 2).  Serves `weir test --vs kernel` and the kernel tests.
 */
#ifndef WEIR_ORACLE_ORACLE_H
#define WEIR_ORACLE_ORACLE_H

#include "elf/elf_obj.h"
#include "sys/sys.h"

struct oracle;

/* 0, or -EPERM/-ENOSYS with the reason in err: tests then skip. */
int oracle_available(struct err *err);

struct oracle_opts {
	const struct sys_load_opts *load;
	const char *prog; /* the program to run */
	u32 repeat;	  /* runs per packet on the kernel's side, 1 by default */
	u32 max_shown;	  /* differences kept in full, 10 by default */
};

struct oracle_difference {
	u64 packet; /* number, from 1; 0: found after the last */
	char *what; /* several lines */
};

struct oracle_reason {
	char text[96];
	u64 count;
};

struct oracle_result {
	u64 compared;
	u64 different;
	u64 not_compared;
	u32 reason_cnt;
	struct oracle_reason reasons[16]; /* of not_compared */
	u32 shown;
	struct oracle_difference *differences;
};

/*
 * Load path twice: into sys and into the kernel, with time, random numbers and
 * CPU number made equal on both sides.  The target of the kernel's CO-RE
 * relocations is the kernel's own BTF.
 */
int oracle_open(const char *path, struct sys *sys,
		const struct oracle_opts *opts, struct err *err,
		struct oracle **out);
void oracle_close(struct oracle *o);

/* What Weir said of the packet; bytes and length are left in out. */
struct oracle_run {
	u32 retval;
	u8 *bytes;
	u32 len;
	bool compared;
	bool different;
};

/* Run one packet on both sides and compare.  0 or a negative errno. */
int oracle_run(struct oracle *o, const void *bytes, u32 len, u64 number,
	       struct oracle_run *out, struct err *err);
/* Compare the maps and finish.  Owned by o. */
const struct oracle_result *oracle_finish(struct oracle *o);

#endif
