/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plane.h - the running dataplane: ports, lcores, what is attached where
 *
 * Control threads call these; every change is published whole and seen by the
 * lcores at their next burst.  Functions are safe from any control thread.
 */
#ifndef WEIR_LCORE_PLANE_H
#define WEIR_LCORE_PLANE_H

#include "hook/hook.h"
#include "lcore/capture.h"
#include "net/text.h"
#include "port/eal.h"
#include "port/port.h"
#include "stats/stats.h"
#include "sys/attach.h"
#include "sys/sys.h"

enum forward_kind {
	FORWARD_PAIR, /* ports 0-1, 2-3, ...; an odd one gets its own back */
	FORWARD_BACK,
	FORWARD_PORT,
	FORWARD_DROP,
};

struct forward {
	enum forward_kind kind;
	char port[PORT_NAME_MAX]; /* FORWARD_PORT */
};

#define FORWARD_TEXT_MAX (PORT_NAME_MAX + 8)

/* "pair", "back", "drop" or "port:NAME". */
int forward_parse(const char *text, struct forward *f, struct err *err);
void forward_text(const struct forward *f, char *buf, size_t size);

struct plane_config {
	const struct port_config *ports;
	const struct forward *forwards; /* one a port */
	u32 port_cnt;
	u32 burst; /* 0: PORT_BURST, which is the most */
};

struct plane;

/* Opens and starts the ports, which may take privileges; starts no lcore.
 * Everything is undone on failure.  Runs on as many lcores as sys's memory has
 * slots; eal and sys outlive it. */
int plane_create(struct eal *eal, struct sys *sys,
		 const struct plane_config *config, struct err *err,
		 struct plane **out);
int plane_start(struct plane *plane, struct err *err);
/* Stop receiving, send what is in flight, join the lcores. */
void plane_stop(struct plane *plane);
void plane_destroy(struct plane *plane);

struct sys *plane_sys(struct plane *plane);
/* What programs ask of the network: port i is device i + 1. */
struct net *plane_net(struct plane *plane);
/* Its devices are called as the ports are. */
void plane_net_names(const struct plane *plane, struct net_names *names);
/* All captures have ended and none of their packets is in flight.  Not for
 * lcores.  False when no port is one that ends. */
bool plane_ended(const struct plane *plane);
/* Asks every device for its link; called now and then. */
void plane_watch(struct plane *plane);

u32 plane_port_count(const struct plane *plane);
/* Index of the port of that name, or -ENOENT with the names there are. */
int plane_port_find(const struct plane *plane, const char *name,
		    struct err *err);
void plane_port_info(const struct plane *plane, u32 port,
		     struct port_info *info);
void plane_forward(const struct plane *plane, u32 port, struct forward *out);
int plane_set_forward(struct plane *plane, u32 port, const struct forward *f,
		      struct err *err);

/* Attachments.  An id names one for detach and replace. */
struct attachment {
	u32 id;
	u32 port;
	enum hook_kind hook;
	u32 link; /* the link it is of, which alone replaces it; 0: none */
	struct chain_entry entry; /* prog without a reference of its own */
};

/* Takes a reference to entry->prog.  Returns the attachment's id > 0. */
int plane_attach(struct plane *plane, u32 port, enum hook_kind hook,
		 const struct chain_entry *entry, struct err *err);
/* Swap the program of an attachment at a burst boundary. */
int plane_replace(struct plane *plane, u32 id, struct prog *prog,
		  struct err *err);
int plane_detach(struct plane *plane, u32 id, struct err *err);

/* Several of these as one: all or nothing, and no burst sees a part. */
enum plane_change_kind {
	CHANGE_ATTACH,	/* port, hook, link, entry, before; sets id */
	CHANGE_REPLACE, /* id, link, entry.prog */
	CHANGE_DETACH,	/* id */
	CHANGE_FORWARD, /* port, forward */
};

struct plane_change {
	enum plane_change_kind kind;
	u32 id;
	u32 port;
	enum hook_kind hook;
	u32 link;
	u32 before; /* an attachment of the same hook, style and priority; 0:
		       behind those of its priority */
	struct chain_entry entry;
	struct forward forward;
};

int plane_apply(struct plane *plane, struct plane_change *changes, u32 n,
		struct err *err);
/* For sys_set_attach() with the plane: port i has number i + 1. */
extern const struct attach_ops plane_attach_ops;
/* Copies up to n attachments, in the order they run; returns how many there
 * are.  Their programs are referenced: prog_put() each. */
u32 plane_attachments(struct plane *plane, struct attachment *out, u32 n);

/* Sums over lcores. */
struct port_stats {
	u64 rx_packets, rx_bytes, tx_packets, tx_bytes, copies, queued;
	u64 drops[DROP_REASON_COUNT];
	u64 verdicts[STATS_HOOKS][STATS_CODES];
};
void plane_port_stats(const struct plane *plane, u32 port,
		      struct port_stats *out);
u32 plane_lcore_count(const struct plane *plane);

/* Of what the port receives, before XDP, and sends, what the filter keeps - a
 * socket filter, or NULL for everything - until it is stopped.  -EINVAL: it is
 * no socket filter; -EBUSY: the port is captured already.  The capture is read
 * by one thread, which stops it as well. */
int plane_capture(struct plane *plane, u32 port, struct prog *filter,
		  struct err *err, struct capture **out);
void plane_capture_stop(struct plane *plane, u32 port);

/* Lines of bpf_trace_printk go to the log (info), so many of a program a second
 * and then a count, and all to fn, called by control threads only; one
 * subscriber list for all.  Returns an id, or -errno. */
typedef void trace_fn(void *arg, u64 ns, u32 prog_id, const char *line,
		      u32 len);
int plane_trace_subscribe(struct plane *plane, trace_fn *fn, void *arg);
void plane_trace_unsubscribe(struct plane *plane, int id);
/* Deliver what the lcores queued; the control thread calls it on a timer. */
void plane_trace_deliver(struct plane *plane);
/* Records lost because nobody fetched them in time. */
u64 plane_trace_lost(const struct plane *plane);

#endif
