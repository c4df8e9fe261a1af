/* SPDX-License-Identifier: BSD-3-Clause */
/* job.c - what is compiled, as bytes between processes and to name it by */
#include "jit/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define JOB_MAGIC 0x31424f4a52494557ull /* "WEIRJOB1" */

/* Maps follow, then instructions, then facts: each at a multiple of 8. */
struct head {
	u64 magic;
	u32 type;
	u32 attach_type;
	u32 level;
	u32 memory;
	u32 insn_cnt;
	u32 map_cnt;
	u32 text;
	u32 unused;
};

static size_t maps_bytes(const struct head *h)
{
	return (size_t)h->map_cnt * sizeof(struct jit_map);
}

static size_t insns_bytes(const struct head *h)
{
	return (size_t)h->insn_cnt * sizeof(struct bpf_insn);
}

u8 *jit_job_write(const struct jit_job *job, size_t *size)
{
	const struct head h = {
		.magic = JOB_MAGIC,
		.type = job->type,
		.attach_type = job->attach_type,
		.level = job->level,
		.memory = job->memory,
		.insn_cnt = job->insn_cnt,
		.map_cnt = job->map_cnt,
		.text = job->text,
	};
	u8 *bytes, *at;

	*size = sizeof(h) + maps_bytes(&h) + insns_bytes(&h) + h.insn_cnt;
	bytes = at = malloc(*size);
	if (!bytes)
		return NULL;
	memcpy(at, &h, sizeof(h));
	at += sizeof(h);
	memcpy(at, job->maps, maps_bytes(&h));
	at += maps_bytes(&h);
	memcpy(at, job->insns, insns_bytes(&h));
	at += insns_bytes(&h);
	memcpy(at, job->facts, h.insn_cnt);
	return bytes;
}

int jit_job_read(const u8 *bytes, size_t size, struct jit_job *job)
{
	struct head h;

	if (size < sizeof(h))
		return -EUCLEAN;
	memcpy(&h, bytes, sizeof(h));
	if (h.magic != JOB_MAGIC || !h.insn_cnt ||
	    size != sizeof(h) + maps_bytes(&h) + insns_bytes(&h) + h.insn_cnt)
		return -EUCLEAN;
	bytes += sizeof(h);
	*job = (struct jit_job){
		.type = h.type,
		.attach_type = h.attach_type,
		.level = h.level,
		.memory = h.memory,
		.insn_cnt = h.insn_cnt,
		.map_cnt = h.map_cnt,
		.text = h.text,
		.maps = (const struct jit_map *)bytes,
		.insns = (const struct bpf_insn *)(bytes + maps_bytes(&h)),
		.facts = bytes + maps_bytes(&h) + insns_bytes(&h),
	};
	return 0;
}
