/* SPDX-License-Identifier: BSD-3-Clause */
/* request_queue.c - queues of packets for entries of xskmaps, kept by pins */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/vec.h"
#include "ctl/object.h"
#include "maps/pkt_queue.h"

#define SLOTS 1024

static void print_queue(const struct request *rq, struct json *j, int handle)
{
	struct pkt_queue *queue = wclient_queue(rq->bpf, handle);
	const struct pkt_queue_head *head = pkt_queue_head(queue);
	struct port_info info = { .name = "" };

	for (u32 i = 0; i < plane_port_count(request_plane(rq)); i++) {
		plane_port_info(request_plane(rq), i, &info);
		if (info.ifindex == head->ifindex)
			break;
	}
	json_begin_object(j);
	json_kstr(j, "port", info.name);
	json_ku64(j, "queue", head->rx_queue);
	json_ku64(j, "slots", head->slots);
	json_ku64(j, "waiting",
		  atomic_load(&head->produced) - atomic_load(&head->consumed));
	print_pins(rq, j, queue);
	json_end_object(j);
}

struct listing {
	const struct request *rq;
	struct json *json;
	VEC(const void *) seen; /* some have several pins */
};

static bool is_new(struct listing *l, const void *object)
{
	const void **seen;

	vec_each (seen, &l->seen)
		if (*seen == object)
			return false;
	seen = vec_add(&l->seen);
	if (seen)
		*seen = object;
	return true;
}

static int list_pin(void *arg, const char *path, const void *object)
{
	struct listing *l = arg;
	union bpf_attr attr = { .pathname = (u64)(uintptr_t)path };
	int handle = request_bpf(l->rq, BPF_OBJ_GET, &attr);

	if (handle < 0)
		return 0;
	if (wclient_queue(l->rq->bpf, handle) && is_new(l, object))
		print_queue(l->rq, l->json, handle);
	wclient_close(l->rq->bpf, handle);
	return 0;
}

static int queue_list(struct request *rq, struct err *err)
{
	struct listing l = { .rq = rq, .json = &rq->json };
	int res;

	json_begin_array(&rq->json);
	res = sys_each_pin(request_sys(rq), list_pin, &l);
	json_end_array(&rq->json);
	vec_free(&l.seen);
	return res ? err_fail(err, res, "out of memory") : 0;
}

static int queue_failed(int code, const struct port_info *port, u32 slots,
			struct err *err)
{
	if (code == -EINVAL && (!slots || slots > PKT_QUEUE_MAX))
		return err_fail(err, code, "a queue has 1 to %u slots",
				PKT_QUEUE_MAX);
	if (code == -EINVAL)
		return err_fail(err, code, "port %s has receive queues 0 to %d",
				port->name, port->queues - 1);
	return err_fail(err, code, "cannot make the queue: %s",
			strerror(-code));
}

/* The pin is what keeps it. */
static int queue_create(struct request *rq, struct err *err)
{
	u32 port, rx_queue = 0, slots = SLOTS;
	struct port_info info;
	const char *path;
	int res = arg_string(rq, "path", &path, err), handle;

	if (!res)
		res = arg_port(rq, &port, err);
	if (!res && arg_has(rq, "queue"))
		res = arg_u32(rq, "queue", &rx_queue, err);
	if (!res && arg_has(rq, "slots"))
		res = arg_u32(rq, "slots", &slots, err);
	if (res)
		return res;
	plane_port_info(request_plane(rq), port, &info);
	handle = wclient_queue_create(rq->bpf, info.ifindex, rx_queue, slots);
	if (handle < 0)
		return queue_failed(handle, &info, slots, err);
	res = pin_handle(rq, handle, path, err);
	if (!res)
		print_queue(rq, &rq->json, handle);
	return res;
}

/* With the answer comes a descriptor of the memory (maps/pkt_queue.h). */
static int queue_open(struct request *rq, struct err *err)
{
	int handle = arg_object(rq, "queue", &object_queue, err);
	int fd;

	if (handle < 0)
		return handle;
	fd = pkt_queue_fd(wclient_queue(rq->bpf, handle));
	rq->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (rq->fd < 0)
		return err_fail(err, -errno, "out of descriptors");
	print_queue(rq, &rq->json, handle);
	return 0;
}

const struct method queue_methods[] = {
	{ "queue.list", "", queue_list },
	{ "queue.create", "path port queue slots", queue_create },
	{ "queue.open", "queue", queue_open },
	{ 0 },
};
