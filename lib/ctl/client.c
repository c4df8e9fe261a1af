/* SPDX-License-Identifier: BSD-3-Clause */
/* client.c - the other end: one blocking connection, one request at a time */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/ctl.h"

#define READ_BYTES (64 << 10)
#define LINE_MAX_BYTES (64 << 20)

struct ctl_client {
	int fd;
	int passed; /* came with an answer, -1: none */
	char *path;
	json_int_t last_id;
	char *buf; /* bytes [start, end) are unread */
	size_t start, end, size;
	char *event; /* a line that came while an answer was waited for */
};

static int connect_failed(const char *path, int code, struct err *err)
{
	switch (code) {
	case -ENOENT:
	case -ECONNREFUSED:
		err_fail(err, code, "no weir answers on %s", path);
		return err_hint(err, "start one with `weir run`, or name its "
				     "socket with -s");
	case -EACCES:
	case -EPERM:
		err_fail(err, code, "you may not control the weir on %s",
			 path);
		return err_hint(err, "run as the user who started it, or as "
				     "root");
	default:
		err_fail(err, code, "cannot connect: %s", strerror(-code));
		return err_place(err, "%s", path);
	}
}

int ctl_connect(const char *path, struct err *err, struct ctl_client **out)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct ctl_client *c;
	int code;

	if (strlen(path) >= sizeof(addr.sun_path))
		return connect_failed(path, -ENAMETOOLONG, err);
	strcpy(addr.sun_path, path);
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_fail(err, -ENOMEM, "out of memory");
	c->path = strdup(path);
	c->passed = -1;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (!c->path || c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		code = -errno;
		ctl_disconnect(c);
		return connect_failed(path, code, err);
	}
	*out = c;
	return 0;
}

void ctl_disconnect(struct ctl_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	if (c->passed >= 0)
		close(c->passed);
	free(c->event);
	free(c->path);
	free(c->buf);
	free(c);
}

static int gone(const struct ctl_client *c, int code, struct err *err)
{
	err_fail(err, code, "the weir on %s went away", c->path);
	return err_hint(err, "its log says why");
}

static int send_all(struct ctl_client *c, const char *bytes, size_t size,
		    struct err *err)
{
	while (size) {
		ssize_t n = send(c->fd, bytes, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		/* It may have said why before it closed: read on. */
		if (n < 0)
			return errno == EPIPE || errno == ECONNRESET ?
				       0 :
				       gone(c, -errno, err);
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Make room for another read. */
static int make_room(struct ctl_client *c, struct err *err)
{
	size_t size = c->size ? c->size : READ_BYTES;
	char *buf;

	if (c->start) {
		memmove(c->buf, c->buf + c->start, c->end - c->start);
		c->end -= c->start;
		c->start = 0;
	}
	while (c->end + READ_BYTES / 2 > size)
		size *= 2;
	if (size > LINE_MAX_BYTES)
		return err_fail(err, -EMSGSIZE, "the answer is too long");
	if (size == c->size)
		return 0;
	buf = realloc(c->buf, size);
	if (!buf)
		return err_fail(err, -ENOMEM, "out of memory");
	c->buf = buf;
	c->size = size;
	return 0;
}

/* read(), and keep the descriptor that comes along. */
static ssize_t receive_bytes(struct ctl_client *c)
{
	struct iovec bytes = { c->buf + c->end, c->size - c->end };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &bytes,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	if (!head || head->cmsg_type != SCM_RIGHTS)
		return n;
	if (c->passed >= 0)
		close(c->passed);
	memcpy(&c->passed, CMSG_DATA(head), sizeof(int));
	return n;
}

/* The next line, inside the buffer until the next call. */
static int read_line(struct ctl_client *c, char **line, size_t *len,
		     struct err *err)
{
	size_t searched = c->start;

	for (;;) {
		char *eol = c->end > searched ?
				    memchr(c->buf + searched, '\n',
					   c->end - searched) :
				    NULL;
		size_t partial = c->end - c->start;
		ssize_t n;
		int res;

		if (eol) {
			*line = c->buf + c->start;
			*len = (size_t)(eol - *line);
			*eol = '\0';
			c->start += *len + 1;
			return 0;
		}
		res = make_room(c, err);
		if (res)
			return res;
		searched = c->start + partial;
		n = receive_bytes(c);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return gone(c, n < 0 ? -errno : -ECONNRESET, err);
		c->end += (size_t)n;
	}
}

static int code_number(const char *name)
{
	for (int code = 1; name && code < 134; code++) {
		const char *known = strerrorname_np(code);

		if (known && strcmp(known, name) == 0)
			return -code;
	}
	return -EIO;
}

/* What the daemon says in {"error":{...}}. */
static int daemon_error(const json_t *error, struct err *err)
{
	const char *message, *place, *hint;
	int code = code_number(
		json_string_value(json_object_get(error, "code")));

	message = json_string_value(json_object_get(error, "message"));
	place = json_string_value(json_object_get(error, "place"));
	hint = json_string_value(json_object_get(error, "hint"));
	err_fail(err, code, "%s", message ? message : "it did not work");
	if (place)
		err_place(err, "%s", place);
	if (hint)
		err_hint(err, "%s", hint);
	if (json_is_true(json_object_get(error, "rejected")))
		err_rejected(err);
	return code;
}

static int parse_line(const char *line, size_t len, json_t **out,
		      struct err *err)
{
	json_error_t where;

	*out = json_loadb(line, len, 0, &where);
	if (json_is_object(*out))
		return 0;
	json_decref(*out);
	*out = NULL;
	return err_fail(err, -EBADMSG, "the answer is no JSON object");
}

/* {"id":N,"WHAT":...} as the server writes it: the text of WHAT, or NULL if it
 * is another line. */
static char *text_of(char *line, size_t *len, json_int_t id, const char *what)
{
	char head[64];
	int n = snprintf(head, sizeof(head), "{\"id\":%lld,\"%s\":",
			 (long long)id, what);

	if (*len < (size_t)n + 1 || strncmp(line, head, (size_t)n) != 0)
		return NULL;
	*len -= (size_t)n + 1;
	line[(size_t)n + *len] = '\0';
	return line + n;
}

static int keep_event(struct ctl_client *c, const char *line)
{
	free(c->event);
	c->event = strdup(line);
	return c->event ? 0 : -ENOMEM;
}

/* Where an answer goes. */
struct answer {
	ctl_part_fn *part;
	void *arg;
	json_t **result; /* these two: NULL if not wanted */
	char **text;
};

/* Read until the request's answer is whole. */
static int receive(struct ctl_client *c, const struct answer *to,
		   struct err *err)
{
	for (;;) {
		json_t *message, *answer;
		char *line, *text;
		size_t len;
		int res = read_line(c, &line, &len, err);

		if (res)
			return res;
		text = text_of(line, &len, c->last_id, "part");
		if (text) {
			res = to->part ? to->part(to->arg, text, len, err) : 0;
			if (res)
				return res;
			continue;
		}
		text = to->text ? text_of(line, &len, c->last_id, "result") :
				  NULL;
		if (text) {
			*to->text = strdup(text);
			return *to->text ? 0 : err_fail(err, -ENOMEM,
							"out of memory");
		}
		res = parse_line(line, len, &message, err);
		if (res)
			return res;
		if (json_object_get(message, "event")) {
			json_decref(message);
			res = keep_event(c, line);
			if (res)
				return err_fail(err, res, "out of memory");
			continue;
		}
		answer = json_object_get(message, "error");
		if (answer)
			res = daemon_error(answer, err);
		else if (to->text)
			res = err_fail(err, -EBADMSG, "the answer is not "
						      "understood");
		else if (to->result)
			*to->result = json_incref(
				json_object_get(message, "result"));
		json_decref(message);
		return res;
	}
}

static int call(struct ctl_client *c, const char *method, struct json_t *args,
		const struct answer *to, struct err *err)
{
	json_t *message = json_pack("{s:I, s:s, s:o*}", "id", ++c->last_id,
				    "method", method, "args", args);
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	int res = 0;

	json_decref(message);
	if (!text)
		return err_fail(err, -ENOMEM, "out of memory");
	res = send_all(c, text, strlen(text), err);
	if (!res)
		res = send_all(c, "\n", 1, err);
	free(text);
	return res ? res : receive(c, to, err);
}

int ctl_call_parts(struct ctl_client *c, const char *method,
		   struct json_t *args, ctl_part_fn *part, void *arg,
		   struct json_t **result, struct err *err)
{
	struct answer to = { .part = part, .arg = arg, .result = result };

	return call(c, method, args, &to, err);
}

int ctl_call_text(struct ctl_client *c, const char *method,
		  struct json_t *args, char **text, struct err *err)
{
	struct answer to = { .text = text };

	return call(c, method, args, &to, err);
}

int ctl_call(struct ctl_client *c, const char *method, struct json_t *args,
	     struct json_t **result, struct err *err)
{
	return ctl_call_parts(c, method, args, NULL, NULL, result, err);
}

int ctl_call_fd(struct ctl_client *c, const char *method, struct json_t *args,
		struct json_t **result, int *fd, struct err *err)
{
	int res = ctl_call(c, method, args, result, err);

	*fd = c->passed;
	c->passed = -1;
	if (res || *fd >= 0)
		return res;
	json_decref(*result);
	return err_fail(err, -EBADMSG, "no descriptor came with the answer");
}

int ctl_next_event(struct ctl_client *c, struct json_t **event,
		   struct err *err)
{
	char *line;
	size_t len;
	int res;

	if (c->event) {
		res = parse_line(c->event, strlen(c->event), event, err);
		free(c->event);
		c->event = NULL;
		return res;
	}
	res = read_line(c, &line, &len, err);
	return res ? res : parse_line(line, len, event, err);
}

bool ctl_is_connected(const struct ctl_client *c)
{
	struct pollfd socket = { .fd = c->fd };

	return poll(&socket, 1, 0) <= 0 ||
	       !(socket.revents & (POLLHUP | POLLERR));
}
