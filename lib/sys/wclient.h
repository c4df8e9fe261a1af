/* SPDX-License-Identifier: BSD-3-Clause */
/* wclient.h - clients and their handles; inside sys/ only */
#ifndef WEIR_SYS_WCLIENT_H
#define WEIR_SYS_WCLIENT_H

#include <pthread.h>

#include "sys/sys_priv.h"
#include "sys/wbpf.h"

#define MODE_READ 1u
#define MODE_WRITE 2u
#define MODE_MAPPED 4u /* its memory, to write: until the handle is closed */

/* A reference to an object and what may be done through it. */
struct handle {
	struct ref ref;
	u32 mode; /* of maps: MODE_* */
};

struct wclient {
	struct sys *sys;
	pthread_mutex_t lock;
	VEC(struct handle) handles; /* the first is number HANDLE_FIRST */
};

/* Below are a process's standard files: there, but no objects. */
#define HANDLE_FIRST 3

/* Takes over the reference, also when it fails.  The number or -errno. */
int handle_new(struct wclient *c, struct ref ref, u32 mode);
/* With a reference of the caller's.  -EBADF: there is none; -EINVAL: it is no
 * object. */
int handle_get(struct wclient *c, u32 number, struct handle *out);
/* The same, and -EINVAL if it is not of this kind. */
int handle_get_kind(struct wclient *c, u32 number, enum ref_kind kind,
		    struct handle *out);

/* One call. */
struct wcall {
	struct wclient *c;
	struct sys *sys;
	const struct wmem_ops *mem;
	union bpf_attr_618 u; /* what is not given is zero */
	u64 uattr;	      /* its address */
	u32 size;	      /* as given */
};

/* Copies, NULL: -EFAULT or -ENOMEM in *err.  The caller frees it. */
void *wcall_copy_in(struct wcall *w, u64 from, u64 size, int *err);
int wcall_copy_out(struct wcall *w, u64 to, const void *from, u64 size);
/* Writes one field of the caller's attribute. */
int wcall_put_u32(struct wcall *w, size_t offset, u32 value);
/* Is all that is behind the last field of a command zero? */
bool wcall_only(const struct wcall *w, size_t end);

/* Of the caller's size bytes we know the first `known`: are the others zero?
 * -E2BIG, -EFAULT. */
int wcall_check_tail(const struct wmem_ops *mem, u64 from, u32 known, u32 size);

#define ATTR_END(field) \
	(offsetof(union bpf_attr, field) + sizeof(((union bpf_attr *)0)->field))

/* MODE_* that BPF_F_RDONLY and BPF_F_WRONLY leave, or -EINVAL. */
int wcall_mode(u32 flags);
/* Where the caller has its log: checks, then writes text there. */
struct wlog {
	u64 buf;
	u32 size;
	u32 level;
	size_t true_size; /* offset of the field that gets it */

	u64 len;     /* what has been said */
	u64 longest; /* it was so long once, with its end */
	u64 start;   /* before it nothing is kept */
	char *text;  /* from base on */
	u64 base, cap;
	bool failed; /* out of memory */
};

/* More for the log; arg is a struct wlog. */
void wlog_add(void *arg, const char *text);
/* Only the first len bytes were said. */
void wlog_cut(void *arg, u64 len);

int wlog_check(const struct wlog *log);
/* Says what is in err, whose code becomes res.  -ENOSPC if it is cut. */
int wlog_end(struct wcall *w, struct wlog *log, const struct err *err, int res);

/* BPF_MAP_UPDATE_ELEM's write: maps of programs take handles. */
int wmap_write(struct wcall *w, struct map *map, const void *key,
	       const void *value, u64 flags);

typedef int wcommand(struct wcall *w);

wcommand wbpf_map_create, wbpf_map_lookup, wbpf_map_update, wbpf_map_delete,
	wbpf_map_next_key, wbpf_map_freeze, wbpf_map_take;
wcommand wbpf_map_lookup_batch, wbpf_map_take_batch, wbpf_map_update_batch,
	wbpf_map_delete_batch, wbpf_map_scan;
wcommand wbpf_map_by_id, wbpf_prog_by_id, wbpf_btf_by_id, wbpf_link_by_id;
wcommand wbpf_map_next_id, wbpf_prog_next_id, wbpf_btf_next_id,
	wbpf_link_next_id;
wcommand wbpf_info, wbpf_pin, wbpf_obj_get;
wcommand wbpf_btf_load, wbpf_prog_load, wbpf_prog_run, wbpf_prog_bind_map;
wcommand wbpf_link_create, wbpf_link_update, wbpf_link_detach;
wcommand wbpf_prog_attach, wbpf_prog_detach, wbpf_prog_query;

#endif
