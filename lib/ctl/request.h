/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request.h - one request: its arguments in, its result or error out
 *
 * A method reads rq->args with the arg_* functions and writes its result, one
 * JSON value, to &rq->json; what it writes is thrown away when it fails.
 * Writing nothing makes the result null.
 *
 * A method whose work is long sets rq->job instead and returns 0.  step() is
 * then called in turns with everybody else's work, and should return within
 * a few milliseconds.
 */
#ifndef WEIR_CTL_REQUEST_H
#define WEIR_CTL_REQUEST_H

#include <event2/buffer.h>
#include <jansson.h>

#include "base/json.h"
#include "ctl/ctl.h"
#include "sys/wbpf.h"

struct session;
struct request;

#define REQUEST_PART_BYTES (64 << 10) /* a part is sent when it has as many */

/* Or a negative errno.  STEP_WAIT: session_resume() says when to go on. */
enum step { STEP_DONE, STEP_MORE, STEP_WAIT };

struct job {
	int (*step)(struct job *job, struct request *rq, struct err *err);
	void (*free)(struct job *job);
};

struct request {
	struct ctl *ctl;
	struct session *session;
	struct wclient *bpf; /* what it opens is closed when it ends */
	json_t *message; /* the whole line */
	json_t *id;	 /* inside message; NULL: it has none */
	json_t *args;	 /* inside message; NULL: none */
	struct job *job;

	int fd; /* goes with the result, -1: none; closed when it has */

	struct json json; /* writes to body */
	struct evbuffer *body;
	size_t body_max;

	/* in the error: how far a batch came, -1: it is none */
	s64 index;
};

struct method {
	const char *name;
	const char *args; /* the names it knows, separated by spaces */
	int (*run)(struct request *rq, struct err *err);
};

/* A table a noun, each ending with a zero row. */
extern const struct method map_methods[];
extern const struct method map_entry_methods[];
extern const struct method map_batch_methods[];
extern const struct method map_dump_methods[];
extern const struct method prog_methods[];
extern const struct method prog_dump_methods[];
extern const struct method prog_run_methods[];
extern const struct method link_methods[];
extern const struct method btf_methods[];
extern const struct method pin_methods[];
extern const struct method queue_methods[];
extern const struct method load_methods[];
extern const struct method attach_methods[];
extern const struct method net_methods[];
extern const struct method port_methods[];
extern const struct method stats_methods[];
extern const struct method trace_methods[];
extern const struct method daemon_methods[];

/* Takes the line over in any case.  rq is filled even on failure, so that it
 * can be answered. */
int request_begin(struct request *rq, struct ctl *ctl,
		  struct session *session, struct wclient *bpf,
		  const char *line, size_t len, size_t body_max,
		  struct err *err);
/* The job's next step: an enum step or a negative errno. */
int request_step(struct request *rq, struct err *err);
void request_end(struct request *rq);

/* Each moves a whole line to out. */
void request_send_result(struct request *rq, struct evbuffer *out);
void request_send_error(struct request *rq, const struct err *err,
			struct evbuffer *out);
/* What was written so far becomes a part, if anything was. */
void request_send_part(struct request *rq, struct evbuffer *out);

/* The line of an error that answers no request. */
void reply_error(struct evbuffer *out, const struct err *err);
/* A line nobody asked for; write() fills the object. */
void reply_event(struct evbuffer *out, void (*write)(void *arg, struct json *j),
		 void *arg);

/* An array of the names. */
void request_list_methods(struct json *j);

struct plane *request_plane(const struct request *rq);
struct sys *request_sys(const struct request *rq);
/* bpf(2) for the client. */
int request_bpf(const struct request *rq, int cmd, union bpf_attr *attr);

/* The methods of these names, for who has no session: rq has bpf and args. */
int map_update(struct request *rq, struct err *err);

/* ---- arguments; without a default they must be there ---- */

bool arg_has(const struct request *rq, const char *name);
int arg_string(const struct request *rq, const char *name, const char **out,
	       struct err *err);
int arg_u64(const struct request *rq, const char *name, u64 max, u64 *out,
	    struct err *err);
int arg_u32(const struct request *rq, const char *name, u32 *out,
	    struct err *err);
int arg_bool(const struct request *rq, const char *name, bool *out,
	     struct err *err);
/* The decoded bytes, to be freed. */
int arg_base64(const struct request *rq, const char *name, u8 **bytes,
	       size_t *size, struct err *err);
/* "flags": "any", "noexist", "exist" or a number; 0 if it is not there. */
int arg_flags(const struct request *rq, u64 *flags, struct err *err);

/* "port": name or ifindex; its index. */
int arg_port(const struct request *rq, u32 *port, struct err *err);
int arg_hook(const struct request *rq, enum hook_kind *hook, struct err *err);

#endif
