/* SPDX-License-Identifier: BSD-3-Clause */
/* ours.c - what a run of a generated program leaves on our side */
#include "ours.h"

#include <string.h>

bool ours_run(struct bench *b, const struct prog *prog, const u8 *packet,
	      u32 len, struct outcome *o)
{
	struct map *hash = b->maps[GEN_HASH];
	u32 key, *from = NULL;
	const u8 *start; /* as BPF_PROG_TEST_RUN shows it */
	bool ended;

	memset(o, 0, sizeof(*o));
	bench_reset(b, packet, len);
	ended = bench_run(b, prog, NULL, &o->ret) && !b->run.fault.code;
	o->ret = (u32)o->ret;
	start = prog->type == BPF_PROG_TYPE_XDP ? b->pkt.data_meta
						: b->pkt.data;
	o->len = (u32)(b->pkt.data_end - start);
	memcpy(o->packet, start, MIN(o->len, sizeof(o->packet)));
	for (u32 i = 0; i < GEN_OUTER; i++)
		for (key = 0; i != GEN_HASH && key < gen_maps[i].max_entries;
		     key++)
			b->maps[i]->ops->read(b->maps[i], &key,
					      o->values[i][key], 0);
	while (o->hash_cnt < 8 && !hash->ops->next_key(hash, from, &key)) {
		memcpy(o->hash[o->hash_cnt], &key, 4);
		hash->ops->read(hash, &key, o->hash[o->hash_cnt++] + 4, 0);
		from = &key;
	}
	outcome_sort(o);
	return ended;
}
