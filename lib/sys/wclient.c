/* SPDX-License-Identifier: BSD-3-Clause */
/* wclient.c - clients and their handles */
#include "sys/wclient.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

int wclient_create(struct sys *sys, struct wclient **out)
{
	struct wclient *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->sys = sys;
	pthread_mutex_init(&c->lock, NULL);
	*out = c;
	return 0;
}

static void handle_end(const struct handle *h)
{
	if (h->mode & MODE_MAPPED)
		sys_map_shut(h->ref.map);
	ref_put(h->ref);
}

void wclient_close_all(struct wclient *c)
{
	struct handle *h;

	vec_each (h, &c->handles) {
		handle_end(h);
		*h = (struct handle){ 0 };
	}
}

void wclient_destroy(struct wclient *c)
{
	if (!c)
		return;
	wclient_close_all(c);
	vec_free(&c->handles);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* The lowest number that is free, as a process gets it. */
static struct handle *free_slot(struct wclient *c)
{
	struct handle *h;

	vec_each (h, &c->handles) {
		if (h->ref.kind == REF_NONE)
			return h;
	}
	if (c->handles.len >= INT32_MAX - HANDLE_FIRST)
		return NULL;
	return vec_add(&c->handles);
}

int handle_new(struct wclient *c, struct ref ref, u32 mode)
{
	struct handle *slot;
	int number = -ENOMEM;

	pthread_mutex_lock(&c->lock);
	slot = free_slot(c);
	if (slot) {
		*slot = (struct handle){ ref, mode };
		number = (int)(slot - c->handles.items) + HANDLE_FIRST;
	}
	pthread_mutex_unlock(&c->lock);
	if (number < 0)
		ref_put(ref);
	return number;
}

static struct handle *slot_of(struct wclient *c, u32 number)
{
	if (number < HANDLE_FIRST || number - HANDLE_FIRST >= c->handles.len)
		return NULL;
	return &c->handles.items[number - HANDLE_FIRST];
}

int handle_get(struct wclient *c, u32 number, struct handle *out)
{
	const struct handle *slot;
	int res = -EBADF;

	if (number < HANDLE_FIRST)
		return -EINVAL;
	pthread_mutex_lock(&c->lock);
	slot = slot_of(c, number);
	if (slot && slot->ref.kind != REF_NONE) {
		*out = *slot;
		ref_get(out->ref);
		res = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return res;
}

int handle_get_kind(struct wclient *c, u32 number, enum ref_kind kind,
		    struct handle *out)
{
	int res = handle_get(c, number, out);

	if (res || out->ref.kind == kind)
		return res;
	ref_put(out->ref);
	return -EINVAL;
}

int wclient_close(struct wclient *c, int handle)
{
	struct handle gone = { 0 };
	struct handle *slot;

	pthread_mutex_lock(&c->lock);
	slot = slot_of(c, (u32)handle);
	if (slot) {
		gone = *slot;
		*slot = (struct handle){ 0 };
	}
	pthread_mutex_unlock(&c->lock);
	if (gone.ref.kind == REF_NONE)
		return -EBADF;
	handle_end(&gone);
	return 0;
}

static void *object_of(struct wclient *c, int handle, enum ref_kind kind)
{
	const struct handle *slot;
	void *object = NULL;

	pthread_mutex_lock(&c->lock);
	slot = slot_of(c, (u32)handle);
	if (slot && slot->ref.kind == kind)
		object = ref_object(slot->ref);
	pthread_mutex_unlock(&c->lock);
	return object;
}

struct map *wclient_map(struct wclient *c, int handle)
{
	return object_of(c, handle, REF_MAP);
}

struct prog *wclient_prog(struct wclient *c, int handle)
{
	return object_of(c, handle, REF_PROG);
}

struct btf_blob *wclient_btf(struct wclient *c, int handle)
{
	return object_of(c, handle, REF_BTF);
}

struct link *wclient_link(struct wclient *c, int handle)
{
	return object_of(c, handle, REF_LINK);
}

struct pkt_queue *wclient_queue(struct wclient *c, int handle)
{
	return object_of(c, handle, REF_QUEUE);
}

int wclient_queue_create(struct wclient *c, u32 ifindex, u32 rx_queue,
			 u32 slots)
{
	struct attach_port port;
	struct pkt_queue *queue;
	int res;

	if (!attach_port(c->sys, ifindex, &port))
		return -ENODEV;
	if (rx_queue >= port.queues)
		return -EINVAL;
	res = pkt_queue_create(c->sys->mem, ifindex, rx_queue, slots, &queue);
	return res ? res : handle_new(c, ref_queue(queue), 0);
}

/* Of a file that is open to read and write, a descriptor that only reads. */
static int reopen(int fd)
{
	char path[32];
	int copy;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, O_RDONLY | O_CLOEXEC);
	return copy < 0 ? -errno : copy;
}

static int open_to_write(struct wclient *c, struct handle *slot, int fd)
{
	int copy, res = 0;

	if (!(slot->mode & MODE_MAPPED))
		res = sys_map_open(c->sys, slot->ref.map);
	if (res)
		return res;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy >= 0)
		slot->mode |= MODE_MAPPED;
	else if (!(slot->mode & MODE_MAPPED))
		sys_map_shut(slot->ref.map);
	return copy < 0 ? -errno : copy;
}

/* In Linux's order. */
static int map_memory(struct wclient *c, struct handle *slot, bool write)
{
	const struct map *map = slot->ref.map;
	u32 need = write ? MODE_READ | MODE_WRITE : MODE_READ;
	int fd = map_memory_fd(map);

	if ((slot->mode & need) != need)
		return -EACCES;
	if (!map->ops->memory_fd || map->fields)
		return -ENOTSUPP;
	/* what cannot be written does not count as shared */
	if (!(slot->mode & MODE_WRITE))
		return -EINVAL;
	if (write && atomic_load(&map->frozen))
		return -EPERM;
	if (fd < 0)
		return -EINVAL;
	return write ? open_to_write(c, slot, fd) : reopen(fd);
}

int wclient_map_memory(struct wclient *c, int handle, bool write)
{
	struct handle *slot;
	int res = -EBADF;

	pthread_mutex_lock(&c->lock);
	slot = slot_of(c, (u32)handle);
	if (slot && slot->ref.kind == REF_MAP)
		res = map_memory(c, slot, write);
	pthread_mutex_unlock(&c->lock);
	return res;
}
