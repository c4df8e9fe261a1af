/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/capture_events.h"

#include <stdlib.h>

#include "ctl/base64.h"
#include "ctl/request.h"

struct delivery {
	struct evbuffer *out;
	size_t max;
	u64 lost;
};

struct packet_event {
	const struct captured *packet;
	const char *text;
	u64 lost;
};

static void write_packet(void *arg, struct json *j)
{
	const struct packet_event *e = arg;
	const struct captured *p = e->packet;

	json_kstr(j, "event", "packet");
	json_kstr(j, "direction", p->sent ? "out" : "in");
	json_ku64(j, "ns", p->ns);
	json_ku64(j, "lcore", p->slot);
	json_ku64(j, "length", p->wire_len);
	json_key(j, "data");
	json_strn(j, e->text, base64_length(p->len));
	if (e->lost)
		json_ku64(j, "lost", e->lost);
}

static bool send_packet(void *arg, const struct captured *packet)
{
	struct delivery *d = arg;
	struct packet_event event = { packet, NULL, d->lost };
	char *text = malloc(base64_length(packet->len) + 1);

	if (!text) {
		d->lost++;
		return true;
	}
	base64_encode(packet->bytes, packet->len, text);
	event.text = text;
	reply_event(d->out, write_packet, &event);
	free(text);
	d->lost = 0;
	return evbuffer_get_length(d->out) < d->max;
}

static void write_lost(void *arg, struct json *j)
{
	json_kstr(j, "event", "packet");
	json_ku64(j, "lost", *(const u64 *)arg);
}

void capture_deliver(struct capture *capture, struct evbuffer *out, size_t max)
{
	struct delivery d = { out, max, capture_lost(capture) };

	capture_read(capture, send_packet, &d);
	if (d.lost)
		reply_event(out, write_lost, &d.lost);
}
