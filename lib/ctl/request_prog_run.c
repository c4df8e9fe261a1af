/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request_prog_run.c - a program run on a packet that the client gives
 *
 * How long that takes is the program's affair and the client's, so each run
 * has a thread.
 *
 * T1  The thread has a client of its own, and ends at the next slice when the
 *     session or the process at its other end has gone.
 * T2  Job and thread each hold the run; nobody waits for a thread but
 *     ctl_stop(), by the number of those that there are.
 * T3  The thread writes res and attr before it writes to `finished`; the
 *     control thread reads them when that can be read.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ctl/base64.h"
#include "ctl/object.h"
#include "ctl/session.h"
#include "ctl/value.h"

#define OUT_BYTES (32u << 10) /* of data and context, unless asked for more */
#define OUT_MAX (1u << 20)

struct test_run {
	struct job job;
	atomic_uint holders;
	atomic_bool unwanted;
	atomic_uint *threads; /* ctl's count of them */

	struct wclient *bpf;
	union bpf_attr attr;
	u8 *data_in, *ctx_in, *data_out, *ctx_out;
	int peer; /* a descriptor of the connection */
	int res;

	int finished; /* an eventfd */
	struct event *event;
};

static struct test_run *run_of(struct job *job)
{
	return container_of(job, struct test_run, job);
}

static void run_put(struct test_run *r)
{
	if (atomic_fetch_sub(&r->holders, 1) != 1)
		return;
	wclient_destroy(r->bpf);
	if (r->finished >= 0)
		close(r->finished);
	if (r->peer >= 0)
		close(r->peer);
	free(r->ctx_out);
	free(r->data_out);
	free(r->ctx_in);
	free(r->data_in);
	free(r);
}

/* ---- the thread ---- */

/* A client that has only ended what it sends still wants its answer. */
static bool interrupted(void *arg)
{
	const struct test_run *r = arg;
	struct pollfd peer = { .fd = r->peer };

	return atomic_load(&r->unwanted) ||
	       (poll(&peer, 1, 0) > 0 && peer.revents & (POLLHUP | POLLERR));
}

static void *run_thread(void *arg)
{
	struct test_run *r = arg;
	const struct wmem_ops mem = { .read = wmem_self.read,
				      .write = wmem_self.write,
				      .interrupted = interrupted,
				      .arg = r };
	atomic_uint *threads = r->threads;

	pthread_setname_np(pthread_self(), "weir-prog-run");
	r->res = wbpf(r->bpf, BPF_PROG_TEST_RUN, &r->attr, sizeof(r->attr),
		      &mem);
	if (eventfd_write(r->finished, 1) != 0)
		r->res = -EIO; /* of an eventfd: cannot be */
	run_put(r);
	atomic_fetch_sub(threads, 1);
	return NULL;
}

static int start_thread(struct test_run *r)
{
	pthread_attr_t detached;
	pthread_t thread;
	int res;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	atomic_fetch_add(&r->holders, 1);
	atomic_fetch_add(r->threads, 1);
	res = pthread_create(&thread, &detached, run_thread, r);
	pthread_attr_destroy(&detached);
	if (res) {
		atomic_fetch_sub(r->threads, 1);
		atomic_fetch_sub(&r->holders, 1);
	}
	return -res;
}

/* ---- the job ---- */

static void run_free(struct job *job)
{
	struct test_run *r = run_of(job);

	if (r->event)
		event_free(r->event);
	atomic_store(&r->unwanted, true);
	run_put(r);
}

static void print_run(struct json *j, const struct test_run *r)
{
	const union bpf_attr *u = &r->attr;

	json_begin_object(j);
	json_ku64(j, "retval", u->test.retval);
	json_ku64(j, "duration", u->test.duration);
	json_key(j, "data_out");
	value_base64(j, r->data_out, u->test.data_size_out);
	if (r->ctx_in) {
		json_key(j, "ctx_out");
		value_base64(j, r->ctx_out, u->test.ctx_size_out);
	}
	json_end_object(j);
}

static int run_step(struct job *job, struct request *rq, struct err *err)
{
	struct test_run *r = run_of(job);
	eventfd_t n;

	if (eventfd_read(r->finished, &n) != 0)
		return STEP_WAIT;
	if (r->res == -ENOSPC)
		return err_fail(err, r->res,
				"data or context that come out have more "
				"bytes than \"data_size_out\" or "
				"\"ctx_size_out\"");
	if (r->res)
		return err_fail(err, r->res, "the program cannot be run: %s",
				strerror(-r->res));
	print_run(&rq->json, r);
	return STEP_DONE;
}

static void on_finished(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	session_resume(arg);
}

/* ---- the request ---- */

static int take_bytes(const struct request *rq, const char *name, u8 **bytes,
		      __u64 *address, __u32 *size, struct err *err)
{
	size_t n;
	int res;

	if (!arg_has(rq, name))
		return 0;
	res = arg_base64(rq, name, bytes, &n, err);
	if (res)
		return res;
	*address = (u64)(uintptr_t)*bytes;
	*size = (u32)n;
	return 0;
}

static int take_room(const struct request *rq, const char *name, u8 **bytes,
		     __u64 *address, __u32 *size, struct err *err)
{
	u64 n = OUT_BYTES;
	int res = arg_has(rq, name) ? arg_u64(rq, name, OUT_MAX, &n, err) : 0;

	if (res)
		return res;
	*bytes = malloc(n + 1);
	if (!*bytes)
		return err_fail(err, -ENOMEM, "out of memory");
	*address = (u64)(uintptr_t)*bytes;
	*size = (u32)n;
	return 0;
}

static int take_args(struct test_run *r, const struct request *rq,
		     struct err *err)
{
	union bpf_attr *u = &r->attr;
	int res = take_bytes(rq, "data_in", &r->data_in, &u->test.data_in,
			     &u->test.data_size_in, err);

	if (!res)
		res = take_bytes(rq, "ctx_in", &r->ctx_in, &u->test.ctx_in,
				 &u->test.ctx_size_in, err);
	if (!res)
		res = take_room(rq, "data_size_out", &r->data_out,
				&u->test.data_out, &u->test.data_size_out, err);
	if (!res && r->ctx_in)
		res = take_room(rq, "ctx_size_out", &r->ctx_out,
				&u->test.ctx_out, &u->test.ctx_size_out, err);
	if (!res && arg_has(rq, "repeat"))
		res = arg_u32(rq, "repeat", &u->test.repeat, err);
	return res;
}

/* The program of the request, in a client that outlives that. */
static int take_prog(struct test_run *r, const struct request *rq,
		     struct err *err)
{
	int handle = arg_object(rq, "prog", &object_prog, err), res;
	union bpf_attr attr = { 0 };

	if (handle < 0)
		return handle;
	attr.prog_id = wclient_prog(rq->bpf, handle)->id;
	res = wclient_create(request_sys(rq), &r->bpf);
	if (!res)
		res = wbpf(r->bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr),
			   &wmem_self);
	if (res < 0)
		return err_fail(err, res, "cannot open the program: %s",
				strerror(-res));
	r->attr.test.prog_fd = (u32)res;
	return 0;
}

static int start(struct test_run *r, struct request *rq, struct err *err)
{
	int res = 0;

	r->finished = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->peer = session_peer(rq->session);
	if (r->finished < 0 || r->peer < 0)
		return err_fail(err, -errno, "out of descriptors");
	r->event = event_new(rq->ctl->base, r->finished, EV_READ, on_finished,
			     rq->session);
	if (!r->event || event_add(r->event, NULL) != 0)
		return err_fail(err, -ENOMEM, "out of memory");
	res = start_thread(r);
	return res ? err_fail(err, res, "cannot start a thread: %s",
			      strerror(-res))
		   : 0;
}

static int prog_run_request(struct request *rq, struct err *err)
{
	struct test_run *r = calloc(1, sizeof(*r));
	int res;

	if (!r)
		return err_fail(err, -ENOMEM, "out of memory");
	r->job.step = run_step;
	r->job.free = run_free;
	r->holders = 1;
	r->threads = &rq->ctl->runs;
	r->peer = r->finished = -1;
	rq->job = &r->job;
	res = take_args(r, rq, err);
	if (!res)
		res = take_prog(r, rq, err);
	return res ? res : start(r, rq, err);
}

const struct method prog_run_methods[] = {
	{ "prog.run", "prog data_in ctx_in data_size_out ctx_size_out repeat",
	  prog_run_request },
	{ 0 },
};
