/* SPDX-License-Identifier: BSD-3-Clause */
/* ref.h - a user's reference to an object of any kind; inside sys/ only */
#ifndef WEIR_SYS_REF_H
#define WEIR_SYS_REF_H

#include "bpf/btf.h"
#include "maps/map.h"
#include "maps/pkt_queue.h"
#include "prog/prog.h"
#include "sys/link.h"

/* A queue is no object of bpf(2), but what has the place of a socket. */
enum ref_kind { REF_NONE, REF_MAP, REF_PROG, REF_BTF, REF_LINK, REF_QUEUE };

struct ref {
	enum ref_kind kind;
	union {
		struct map *map;
		struct prog *prog;
		struct btf_blob *btf;
		struct link *link;
		struct pkt_queue *queue;
	};
};

/* One more. */
static inline struct ref ref_get(struct ref r)
{
	if (r.kind == REF_MAP)
		map_get(r.map);
	else if (r.kind == REF_PROG)
		prog_get(r.prog);
	else if (r.kind == REF_BTF)
		btf_get(r.btf);
	else if (r.kind == REF_LINK)
		link_get(r.link);
	else if (r.kind == REF_QUEUE)
		pkt_queue_get(r.queue);
	return r;
}

static inline void ref_put(struct ref r)
{
	if (r.kind == REF_MAP)
		map_put(r.map);
	else if (r.kind == REF_PROG)
		prog_put(r.prog);
	else if (r.kind == REF_BTF)
		btf_put(r.btf);
	else if (r.kind == REF_LINK)
		link_put(r.link);
	else if (r.kind == REF_QUEUE)
		pkt_queue_put(r.queue);
}

/* NULL: it refers to nothing. */
static inline void *ref_object(struct ref r)
{
	if (r.kind == REF_MAP)
		return r.map;
	if (r.kind == REF_PROG)
		return r.prog;
	if (r.kind == REF_LINK)
		return r.link;
	if (r.kind == REF_QUEUE)
		return r.queue;
	return r.kind == REF_BTF ? r.btf : NULL;
}

static inline struct ref ref_map(struct map *map)
{
	return (struct ref){ .kind = REF_MAP, .map = map };
}

static inline struct ref ref_prog(struct prog *prog)
{
	return (struct ref){ .kind = REF_PROG, .prog = prog };
}

static inline struct ref ref_btf(struct btf_blob *btf)
{
	return (struct ref){ .kind = REF_BTF, .btf = btf };
}

static inline struct ref ref_queue(struct pkt_queue *queue)
{
	return (struct ref){ .kind = REF_QUEUE, .queue = queue };
}

static inline struct ref ref_link(struct link *link)
{
	return (struct ref){ .kind = REF_LINK, .link = link };
}

#endif
