/* SPDX-License-Identifier: BSD-3-Clause */
/* request.c - from a line to its method, and the lines that answer it */
#include "ctl/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl_priv.h"

static const struct method *const tables[] = {
	map_methods,	  map_entry_methods, map_batch_methods,
	map_dump_methods, prog_methods,	     prog_dump_methods,
	prog_run_methods,
	load_methods,	  attach_methods,    link_methods,
	btf_methods,	  pin_methods,	     queue_methods,
	port_methods,
	stats_methods,	  trace_methods,     daemon_methods,
	net_methods,
};

struct plane *request_plane(const struct request *rq)
{
	return rq->ctl->plane;
}

struct sys *request_sys(const struct request *rq)
{
	return plane_sys(rq->ctl->plane);
}

int request_bpf(const struct request *rq, int cmd, union bpf_attr *attr)
{
	return wbpf(rq->bpf, cmd, attr, sizeof(*attr), &wmem_self);
}

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct method *m = tables[i]; m->name; m++)
			if (strcmp(m->name, name) == 0)
				return m;
	return NULL;
}

void request_list_methods(struct json *j)
{
	json_begin_array(j);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct method *m = tables[i]; m->name; m++)
			json_str(j, m->name);
	json_end_array(j);
}

/* Is word one of the space-separated names? */
static bool listed(const char *names, const char *word)
{
	size_t len = strlen(word);

	while (*names) {
		size_t n = strcspn(names, " ");

		if (n == len && strncmp(names, word, len) == 0)
			return true;
		names += n;
		names += *names == ' ';
	}
	return false;
}

static int check_names(const char *what, json_t *object, const char *names,
		       struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		if (listed(names, key))
			continue;
		err_fail(err, -EINVAL, "%s has no '%.64s'", what, key);
		return names[0] ? err_hint(err, "it may have: %s", names) :
				  err_hint(err, "it takes no arguments");
	}
	return 0;
}

/* Find what the message asks for.  err is filled on failure. */
static int parse(struct request *rq, const char *line, size_t len,
		 const struct method **method, struct err *err)
{
	json_error_t where;
	json_t *name;

	rq->message = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
	if (!rq->message) {
		err_fail(err, -EBADMSG, "the line is no JSON: %s", where.text);
		return err_place(err, "character %d", where.position);
	}
	if (!json_is_object(rq->message))
		return err_fail(err, -EBADMSG, "a request is a JSON object");
	rq->id = json_object_get(rq->message, "id");
	if (rq->id && !json_is_integer(rq->id) && !json_is_string(rq->id)) {
		rq->id = NULL;
		return err_fail(err, -EINVAL,
				"a request's id is an integer or a string");
	}
	if (check_names("a request", rq->message, "id method args", err))
		return err->code;
	name = json_object_get(rq->message, "method");
	if (!json_is_string(name))
		return err_fail(err, -EINVAL, "a request names its method");
	*method = find_method(json_string_value(name));
	if (!*method) {
		err_fail(err, -EOPNOTSUPP, "there is no method '%.64s'",
			 json_string_value(name));
		return err_hint(err, "\"version\" lists them");
	}
	rq->args = json_object_get(rq->message, "args");
	if (rq->args && !json_is_object(rq->args))
		return err_fail(err, -EINVAL, "\"args\" is an object");
	return check_names((*method)->name, rq->args, (*method)->args, err);
}

static int to_body(void *arg, const char *bytes, size_t size)
{
	struct request *rq = arg;

	if (evbuffer_get_length(rq->body) + size > rq->body_max)
		return -EMSGSIZE;
	return evbuffer_add(rq->body, bytes, size) ? -ENOMEM : 0;
}

static int check_body(struct request *rq, struct err *err)
{
	int res = json_flush(&rq->json);

	if (res == -EMSGSIZE) {
		err_fail(err, res, "the result has more than %zu bytes",
			 rq->body_max);
		return err_hint(err, "ask for fewer entries at a time");
	}
	return res ? err_fail(err, res, "cannot write the result: %s",
			      strerror(-res)) :
		     0;
}

int request_begin(struct request *rq, struct ctl *ctl,
		  struct session *session, struct wclient *bpf,
		  const char *line, size_t len, size_t body_max,
		  struct err *err)
{
	const struct method *method = NULL;
	int res;

	*rq = (struct request){
		.ctl = ctl,
		.session = session,
		.bpf = bpf,
		.fd = -1,
		.body_max = body_max,
		.index = -1,
	};
	rq->body = evbuffer_new();
	if (!rq->body)
		return err_fail(err, -ENOMEM, "out of memory");
	json_init(&rq->json, to_body, rq, false);
	res = parse(rq, line, len, &method, err);
	if (res)
		return res;
	res = method->run(rq, err);
	if (res < 0)
		return err->code ? res :
				   err_fail(err, res, "%s", strerror(-res));
	return rq->job ? 0 : check_body(rq, err);
}

int request_step(struct request *rq, struct err *err)
{
	int res = rq->job->step(rq->job, rq, err);
	int written;

	if (res < 0)
		return res;
	written = check_body(rq, err);
	return written ? written : res;
}

void request_end(struct request *rq)
{
	if (rq->job)
		rq->job->free(rq->job);
	wclient_close_all(rq->bpf);
	if (rq->fd >= 0)
		close(rq->fd);
	if (rq->body)
		evbuffer_free(rq->body);
	json_decref(rq->message);
}

/* {"id":...  The id goes back as it came. */
static void add_id(const struct request *rq, struct evbuffer *out)
{
	char *text = rq && rq->id ? json_dumps(rq->id, JSON_ENCODE_ANY) : NULL;

	evbuffer_add_printf(out, "{\"id\":%s,", text ? text : "null");
	free(text);
}

static void send_body(struct request *rq, const char *name,
		      struct evbuffer *out)
{
	json_flush(&rq->json);
	add_id(rq, out);
	evbuffer_add_printf(out, "\"%s\":", name);
	if (evbuffer_get_length(rq->body))
		evbuffer_add_buffer(out, rq->body);
	else
		evbuffer_add(out, "null", 4);
	evbuffer_add(out, "}\n", 2);
	json_init(&rq->json, to_body, rq, false);
}

void request_send_result(struct request *rq, struct evbuffer *out)
{
	send_body(rq, "result", out);
}

void request_send_part(struct request *rq, struct evbuffer *out)
{
	if (evbuffer_get_length(rq->body) || rq->json.used)
		send_body(rq, "part", out);
}

static int to_evbuffer(void *arg, const char *bytes, size_t size)
{
	return evbuffer_add(arg, bytes, size) ? -ENOMEM : 0;
}

static void add_error(const struct request *rq, const struct err *err,
		      struct evbuffer *out)
{
	const char *name = strerrorname_np(-err->code);
	struct json j;

	add_id(rq, out);
	evbuffer_add(out, "\"error\":", 8);
	json_init(&j, to_evbuffer, out, false);
	json_begin_object(&j);
	json_kstr(&j, "code", name ? name : "EIO");
	json_kstr(&j, "message", err->reason);
	if (err->place[0])
		json_kstr(&j, "place", err->place);
	if (err->hint[0])
		json_kstr(&j, "hint", err->hint);
	if (err->rejected)
		json_kbool(&j, "rejected", true);
	if (rq && rq->index >= 0)
		json_ku64(&j, "index", (u64)rq->index);
	json_end_object(&j);
	json_flush(&j);
	evbuffer_add(out, "}\n", 2);
}

void request_send_error(struct request *rq, const struct err *err,
			struct evbuffer *out)
{
	add_error(rq, err, out);
}

void reply_error(struct evbuffer *out, const struct err *err)
{
	add_error(NULL, err, out);
}

void reply_event(struct evbuffer *out, void (*write)(void *arg, struct json *j),
		 void *arg)
{
	struct json j;

	json_init(&j, to_evbuffer, out, false);
	json_begin_object(&j);
	write(arg, &j);
	json_end_object(&j);
	json_flush(&j);
	evbuffer_add(out, "\n", 1);
}
