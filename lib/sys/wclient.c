/* SPDX-License-Identifier: BSD-3-Clause */
/* wclient.c - clients and their handles */
#include "sys/wclient.h"

#include <errno.h>
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

void wclient_close_all(struct wclient *c)
{
	struct handle *h;

	vec_each (h, &c->handles) {
		ref_put(h->ref);
		h->ref.kind = REF_NONE;
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
	struct ref gone = { .kind = REF_NONE };
	struct handle *slot;

	pthread_mutex_lock(&c->lock);
	slot = slot_of(c, (u32)handle);
	if (slot) {
		gone = slot->ref;
		slot->ref.kind = REF_NONE;
	}
	pthread_mutex_unlock(&c->lock);
	if (gone.kind == REF_NONE)
		return -EBADF;
	ref_put(gone);
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
