/* SPDX-License-Identifier: BSD-3-Clause */
/* object.h - maps, programs, links and BTF, as bpf(2) numbers and opens them */
#ifndef WEIR_CTL_OBJECT_H
#define WEIR_CTL_OBJECT_H

#include "ctl/request.h"

struct object_kind {
	const char *what;    /* "program" */
	const char *command; /* `weir prog list` */
	int next_id, open;   /* BPF_*_GET_NEXT_ID, BPF_*_GET_FD_BY_ID */
	bool (*is)(struct wclient *c, int handle);
	bool (*is_called)(struct wclient *c, int handle, const char *name);
};

extern const struct object_kind object_map, object_prog, object_link,
	object_btf, object_queue;

/* A handle, or a negative errno. */
int object_open(const struct request *rq, const struct object_kind *kind,
		u32 id);
/* The smallest id greater than id with its handle, which the caller closes;
 * 0: none. */
u32 object_next(const struct request *rq, const struct object_kind *kind,
		u32 id, int *handle);

/* The object that the argument names: {"id":7}, {"name":"acl"},
 * {"pinned":PATH}, or just 7 or "acl".  A handle, open until the request ends,
 * or a negative errno. */
int arg_object(const struct request *rq, const char *name,
	       const struct object_kind *kind, struct err *err);

/* BPF_OBJ_PIN. */
int pin_handle(const struct request *rq, int handle, const char *path,
	       struct err *err);
/* "pinned" with the names that an object has, if it has any. */
void print_pins(const struct request *rq, struct json *j, const void *object);

#endif
