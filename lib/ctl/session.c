/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/session.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/admit.h"
#include "ctl/capture_events.h"
#include "ctl/map_events.h"

#define TURN_REQUESTS 32
#define PASS_USEC 10000 /* until a full socket is asked again */
#define LINGER_SECONDS 5 /* for a client that ended to read its answers */
#define JOB_BACKLOG (256 << 10)	/* unsent bytes at which a job pauses */
#define EVENTS_MAX_BYTES (1 << 20) /* unsent trace events */

struct session {
	struct session *next;
	struct session **prev;
	struct ctl *ctl;
	struct wclient *bpf;  /* of a request */
	struct wclient *held; /* of the session */
	struct bufferevent *bev;
	struct event *turn;
	struct request *rq; /* being answered, or NULL */
	struct evbuffer *passing; /* its answer, to go with rq->fd (S4) */
	size_t searched;    /* bytes of input known to hold no newline */
	bool deaf;	    /* what it sends is not looked at any more */
	bool ending;	    /* no more input: close when all is sent */

	int trace_id; /* 0: not subscribed */
	u64 trace_lost;
	struct map_events *events; /* NULL: of no map */
	struct capture *capture;   /* NULL: of no port */
	u32 capture_port;
};

static struct evbuffer *output(struct session *s)
{
	return bufferevent_get_output(s->bev);
}

static void end_request(struct session *s)
{
	if (!s->rq)
		return;
	request_end(s->rq);
	free(s->rq);
	s->rq = NULL;
}

static void session_free(struct session *s)
{
	if (s->trace_id)
		plane_trace_unsubscribe(s->ctl->plane, s->trace_id);
	if (s->events)
		map_events_close(s->events);
	if (s->capture)
		plane_capture_stop(s->ctl->plane, s->capture_port);
	end_request(s);
	wclient_destroy(s->bpf);
	wclient_destroy(s->held);
	evbuffer_free(s->passing);
	*s->prev = s->next;
	if (s->next)
		s->next->prev = s->prev;
	s->ctl->session_cnt--;
	event_free(s->turn);
	bufferevent_free(s->bev);
	free(s);
}

/* Nothing more will come: close when everything is answered and sent. */
static void end_input(struct session *s)
{
	struct timeval linger = { .tv_sec = LINGER_SECONDS };

	s->ending = true;
	bufferevent_disable(s->bev, EV_READ);
	bufferevent_set_timeouts(s->bev, NULL, &linger);
}

/* Answer, then end the connection: what follows cannot be understood. */
static void refuse(struct session *s, const struct err *err)
{
	reply_error(output(s), err);
	s->deaf = true;
	end_input(s);
}

/* The next whole line, to be freed, or NULL. */
static char *next_line(struct session *s, size_t *len)
{
	struct evbuffer *in = bufferevent_get_input(s->bev);
	size_t have = evbuffer_get_length(in);
	struct evbuffer_ptr from, eol;
	struct err err;
	char *line;

	if (s->deaf)
		return NULL;
	evbuffer_ptr_set(in, &from, s->searched, EVBUFFER_PTR_SET);
	eol = have > s->searched ? evbuffer_search_eol(in, &from, NULL,
						       EVBUFFER_EOL_LF) :
				   (struct evbuffer_ptr){ .pos = -1 };
	if (eol.pos < 0 ? have > s->ctl->config.max_request_bytes :
			  (u64)eol.pos > s->ctl->config.max_request_bytes) {
		err_fail(&err, -E2BIG, "a request has at most %llu bytes",
			 (unsigned long long)s->ctl->config.max_request_bytes);
		err_hint(&err, "send batches of fewer entries");
		refuse(s, &err);
		return NULL;
	}
	if (eol.pos < 0) {
		s->searched = have;
		return NULL;
	}
	line = malloc((size_t)eol.pos + 1);
	if (!line) {
		err_fail(&err, -ENOMEM, "out of memory");
		refuse(s, &err);
		return NULL;
	}
	evbuffer_remove(in, line, (size_t)eol.pos + 1);
	s->searched = 0;
	*len = (size_t)eol.pos;
	return line;
}

/* The descriptor goes with the first bytes of the answer, and whatever the
 * socket does not take now becomes ordinary output.  -EAGAIN: it takes none. */
static int send_with_fd(struct session *s)
{
	size_t len = evbuffer_get_length(s->passing);
	struct iovec bytes = { evbuffer_pullup(s->passing, -1), len };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &bytes,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n;

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &s->rq->fd, sizeof(int));
	n = sendmsg(bufferevent_getfd(s->bev), &msg,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n > 0)
		evbuffer_drain(s->passing, (size_t)n);
	evbuffer_add_buffer(output(s), s->passing);
	return 0;
}

/* False: later. */
static bool pass(struct session *s)
{
	if (evbuffer_get_length(output(s)))
		return false; /* on_sent() goes on */
	if (send_with_fd(s) == -EAGAIN) {
		event_add(s->turn, &(struct timeval){ .tv_usec = PASS_USEC });
		return false;
	}
	end_request(s);
	return true;
}

static void finish(struct session *s, int result, const struct err *err)
{
	if (result >= 0 && s->rq->fd >= 0) {
		request_send_result(s->rq, s->passing);
		return;
	}
	if (result < 0)
		request_send_error(s->rq, err, output(s));
	else
		request_send_result(s->rq, output(s));
	end_request(s);
}

/* Start the next request.  False: there is none. */
static bool start_request(struct session *s)
{
	struct err err = { 0 };
	size_t len;
	char *line;
	int res;

	line = next_line(s, &len);
	if (!line)
		return false;
	s->rq = calloc(1, sizeof(*s->rq));
	if (!s->rq) {
		free(line);
		err_fail(&err, -ENOMEM, "out of memory");
		reply_error(output(s), &err);
		return true;
	}
	res = request_begin(s->rq, s->ctl, s, s->bpf, line, len,
			    s->ctl->config.max_reply_bytes, &err);
	free(line);
	if (res < 0 || !s->rq->job)
		finish(s, res, &err);
	return true;
}

/* False: there is nothing to do until session_resume(). */
static bool step_job(struct session *s)
{
	struct err err = { 0 };
	int res = request_step(s->rq, &err);

	if (res == STEP_WAIT)
		return false;
	if (res == STEP_MORE)
		request_send_part(s->rq, output(s));
	else
		finish(s, res, &err);
	return true;
}

/* Is so much unsent that nothing more should be made? */
static bool congested(struct session *s)
{
	size_t limit = s->ctl->config.max_reply_bytes;

	if (s->rq)
		limit = MIN(limit, JOB_BACKLOG);
	return evbuffer_get_length(output(s)) >= limit;
}

/* A turn.  May free s. */
static void pump(struct session *s)
{
	u32 left = TURN_REQUESTS;
	bool more = true;

	while (more && left-- && !congested(s)) {
		if (s->rq && evbuffer_get_length(s->passing)) {
			if (pass(s))
				continue;
			bufferevent_disable(s->bev, EV_READ);
			return;
		}
		if (s->rq) {
			if (step_job(s))
				break;
			bufferevent_disable(s->bev, EV_READ);
			return;
		}
		more = start_request(s);
	}
	if (congested(s)) {
		bufferevent_disable(s->bev, EV_READ);
		return; /* on_sent() goes on */
	}
	if (more) {
		bufferevent_disable(s->bev, EV_READ);
		event_add(s->turn, &(struct timeval){ 0 });
		return;
	}
	if (!s->ending)
		bufferevent_enable(s->bev, EV_READ);
	else if (evbuffer_get_length(output(s)) == 0)
		session_free(s);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

static void on_readable(struct bufferevent *bev, void *arg)
{
	struct session *s = arg;

	(void)bev;
	if (!evtimer_pending(s->turn, NULL))
		pump(s);
}

/* No more than the low mark is left to send. */
static void on_sent(struct bufferevent *bev, void *arg)
{
	on_readable(bev, arg);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct session *s = arg;

	(void)bev;
	if (what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) {
		session_free(s);
	} else if (what & BEV_EVENT_EOF) {
		end_input(s);
		if (!evtimer_pending(s->turn, NULL))
			pump(s);
	}
}

void session_resume(struct session *s)
{
	event_add(s->turn, &(struct timeval){ 0 });
}

struct wclient *session_held(const struct session *s)
{
	return s->held;
}

int session_peer(const struct session *s)
{
	return fcntl(bufferevent_getfd(s->bev), F_DUPFD_CLOEXEC, 0);
}

void session_open(struct ctl *ctl, evutil_socket_t fd)
{
	struct session *s;

	if (admit_client(ctl, fd))
		return;
	s = calloc(1, sizeof(*s));
	if (!s)
		goto close_fd;
	s->ctl = ctl;
	s->passing = evbuffer_new();
	if (!s->passing ||
	    wclient_create(plane_sys(ctl->plane), &s->bpf) != 0 ||
	    wclient_create(plane_sys(ctl->plane), &s->held) != 0)
		goto free_client;
	s->turn = evtimer_new(ctl->base, on_turn, s);
	if (!s->turn)
		goto free_client;
	s->bev = bufferevent_socket_new(ctl->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!s->bev)
		goto free_turn;
	s->next = ctl->sessions;
	s->prev = &ctl->sessions;
	if (s->next)
		s->next->prev = &s->next;
	ctl->sessions = s;
	ctl->session_cnt++;
	bufferevent_setcb(s->bev, on_readable, on_sent, on_event, s);
	bufferevent_setwatermark(s->bev, EV_READ, 0,
				 ctl->config.max_request_bytes + 1);
	bufferevent_setwatermark(s->bev, EV_WRITE,
				 ctl->config.max_reply_bytes / 2, 0);
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
	return;

free_turn:
	event_free(s->turn);
free_client:
	wclient_destroy(s->held);
	wclient_destroy(s->bpf);
	if (s->passing)
		evbuffer_free(s->passing);
	free(s);
close_fd:
	close(fd);
}

void session_close_all(struct ctl *ctl)
{
	while (ctl->sessions)
		session_free(ctl->sessions);
}

struct trace_event {
	u64 ns;
	u32 prog_id;
	const char *line;
	u32 len;
	u64 lost; /* of this client, since its last event */
};

static void write_trace(void *arg, struct json *j)
{
	const struct trace_event *e = arg;

	json_kstr(j, "event", "trace");
	json_ku64(j, "ns", e->ns);
	json_ku64(j, "prog", e->prog_id);
	json_key(j, "line");
	json_strn(j, e->line, e->len);
	if (e->lost)
		json_ku64(j, "lost", e->lost);
}

/* A slow reader loses events, and is told how many with the next it gets. */
static void on_trace(void *arg, u64 ns, u32 prog_id, const char *line,
		     u32 len)
{
	struct session *s = arg;
	struct trace_event event = { ns, prog_id, line, len, s->trace_lost };

	if (s->ending || evbuffer_get_length(output(s)) > EVENTS_MAX_BYTES) {
		s->trace_lost++;
		return;
	}
	reply_event(output(s), write_trace, &event);
	s->trace_lost = 0;
}

int session_trace(struct session *s)
{
	int id;

	if (s->trace_id)
		return -EALREADY;
	id = plane_trace_subscribe(s->ctl->plane, on_trace, s);
	if (id < 0)
		return id;
	s->trace_id = id;
	return 0;
}

/* A record of a ring buffer goes to one reader. */
static bool is_read(const struct ctl *ctl, const struct map *map)
{
	for (const struct session *s = ctl->sessions; s; s = s->next)
		if (s->events && map_events_map(s->events) == map)
			return true;
	return false;
}

int session_map_events(struct session *s, struct map *map, struct err *err)
{
	if (s->events)
		return err_fail(err, -EALREADY,
				"this client has the events of map %s already",
				map_events_map(s->events)->name);
	if (is_read(s->ctl, map))
		return err_fail(err, -EBUSY,
				"another client has the events of map %s",
				map->name);
	return map_events_open(map, err, &s->events);
}

int session_capture(struct session *s, u32 port, struct prog *filter,
		    struct err *err)
{
	int res;

	if (s->capture)
		return err_fail(err, -EALREADY,
				"this client has the packets of a port already");
	res = plane_capture(s->ctl->plane, port, filter, err, &s->capture);
	if (!res)
		s->capture_port = port;
	return res;
}

/* A slow reader leaves them to the capture, which then has no more room. */
static void deliver_packets(struct session *s)
{
	if (evbuffer_get_length(output(s)) < EVENTS_MAX_BYTES)
		capture_deliver(s->capture, output(s), EVENTS_MAX_BYTES);
}

void session_deliver_all(struct ctl *ctl)
{
	for (struct session *s = ctl->sessions; s; s = s->next) {
		if (s->ending)
			continue;
		if (s->events)
			map_events_deliver(s->events, output(s),
					   EVENTS_MAX_BYTES);
		if (s->capture)
			deliver_packets(s);
	}
}
