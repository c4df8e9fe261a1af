/* SPDX-License-Identifier: BSD-3-Clause */
/* live.h - generated programs in the live kernel, with its maps like bench.h's
 */
#ifndef WEIR_TESTS_VERIFIER_LIVE_H
#define WEIR_TESTS_VERIFIER_LIVE_H

#include "bench.h"

struct live {
	int maps[GEN_MAPS];
	int btf;
	struct btf_blob *kernel; /* its types: where kernel functions are */
	_Atomic u64 *consumer, *producer; /* of the ring buffer */
	char log[1 << 20];
};

/* What a run left. */
struct outcome {
	u64 ret;
	u32 len;
	u8 packet[BENCH_PACKET_MAX * 2];
	u8 values[GEN_OUTER][2][64]; /* but the hash's */
	u8 hash[8][28];		     /* by key */
	u32 hash_cnt;
};

/* False: said why. */
bool live_open(struct live *l);
void live_close(struct live *l);
/* The descriptor, or -errno with the log, if there is a level; -EAGAIN: it
 * takes too long. */
int live_load(struct live *l, const struct bench_prog *p, u32 log_level);
/* False: the kernel would not run it. */
bool live_run(struct live *l, int fd, const u8 *packet, u32 len,
	      struct outcome *o);
/* Entries of the hash as they were found, in order. */
void outcome_sort(struct outcome *o);

#endif
