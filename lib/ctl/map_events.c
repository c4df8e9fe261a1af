/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/map_events.h"

#include <errno.h>
#include <stdlib.h>

#include "ctl/base64.h"
#include "ctl/request.h"
#include "maps/perf_event_array.h"
#include "maps/ringbuf.h"

#define PERF_BYTES (64u << 10) /* for each lcore */

struct map_events {
	struct map *map;
	struct perf_reader *reader; /* NULL: it is a ring buffer */
	struct evbuffer *out;	    /* while delivering */
	size_t max;
};

struct map_event {
	u32 map;
	const struct perf_sample *sample; /* NULL: of no lcore in particular */
	const char *text;
	size_t len;
};

int map_events_open(struct map *map, struct err *err, struct map_events **out)
{
	struct map_events *e;
	int res = 0;

	if (map->type != BPF_MAP_TYPE_RINGBUF &&
	    map->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
		err_fail(err, -EINVAL, "%s maps have no events",
			 map->ops->name);
		return err_hint(err, "ringbuf and perf_event_array have");
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return err_fail(err, -ENOMEM, "out of memory");
	if (map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		res = perf_reader_open(map, PERF_BYTES, &e->reader);
	if (res) {
		free(e);
		return err_fail(err, res, "no memory for %u bytes an lcore",
				PERF_BYTES);
	}
	e->map = map_get(map);
	*out = e;
	return 0;
}

void map_events_close(struct map_events *e)
{
	if (e->reader)
		perf_reader_close(e->reader);
	map_put(e->map);
	free(e);
}

const struct map *map_events_map(const struct map_events *e)
{
	return e->map;
}

static void write_event(void *arg, struct json *j)
{
	const struct map_event *event = arg;

	json_kstr(j, "event", "map");
	json_ku64(j, "map", event->map);
	if (event->sample)
		json_ku64(j, "lcore", event->sample->slot);
	if (event->text) {
		json_key(j, "data");
		json_strn(j, event->text, event->len);
	} else {
		json_ku64(j, "lost", event->sample->lost);
	}
}

/* -ENOBUFS: enough for now. */
static int send_data(struct map_events *e, struct map_event *event,
		     const void *data, u32 size)
{
	char *text = malloc(base64_length(size) + 1);

	if (!text)
		return -ENOMEM;
	base64_encode(data, size, text);
	event->map = e->map->id;
	event->text = text;
	event->len = base64_length(size);
	reply_event(e->out, write_event, event);
	free(text);
	return evbuffer_get_length(e->out) >= e->max ? -ENOBUFS : 0;
}

static int send_record(void *arg, const void *data, u32 size)
{
	struct map_event event = { .sample = NULL };

	return send_data(arg, &event, data, size);
}

static int send_sample(void *arg, const struct perf_sample *s)
{
	struct map_events *e = arg;
	struct map_event event = { .map = e->map->id, .sample = s };

	if (s->data)
		return send_data(e, &event, s->data, s->size);
	reply_event(e->out, write_event, &event);
	return 0;
}

void map_events_deliver(struct map_events *e, struct evbuffer *out, size_t max)
{
	if (evbuffer_get_length(out) >= max)
		return;
	e->out = out;
	e->max = max;
	if (e->reader)
		perf_reader_read(e->reader, send_sample, e);
	else
		ringbuf_read(e->map, send_record, e);
}
