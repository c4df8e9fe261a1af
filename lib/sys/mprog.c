/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mprog.c - where in a hook's list a program goes
 *
 * Each rule - replace this one, before that one, after that one - says a place
 * of its own; they have to agree.  Before the first is place -1, after the last
 * the number of programs.
 */
#include "sys/mprog.h"

#include <errno.h>

#include "sys/wclient.h"

#define PROGRAMS_MAX 63
#define NO_PLACE (-ERANGE)

static bool is_there(const struct attached_list *list, const struct prog *prog)
{
	for (u32 i = 0; i < list->cnt; i++) {
		if (list->items[i].prog == prog)
			return true;
	}
	return false;
}

/* ---- what it is relative to ---- */

static int find_by_id(struct mprog *m, bool link)
{
	m->anchor = link ? ref_link(sys_link_by_id(m->w->sys, m->relative))
			 : ref_prog(sys_prog_by_id(m->w->sys, m->relative));
	if (ref_object(m->anchor))
		return 0;
	m->anchor.kind = REF_NONE;
	return -ENOENT;
}

/* The wrong kind is kept too: putting a link may call the hooks. */
static int find_by_handle(struct mprog *m, bool link)
{
	struct handle h;
	int res;

	if (link && !m->relative)
		return -EINVAL;
	res = handle_get(m->w->c, m->relative, &h);
	if (res)
		return res;
	m->anchor = h.ref;
	return h.ref.kind == (link ? REF_LINK : REF_PROG) ? 0 : -EINVAL;
}

static u32 type_of(struct ref anchor)
{
	return anchor.kind == REF_LINK ? link_prog_type(anchor.link)
				       : anchor.prog->type;
}

static int find_anchor(struct mprog *m)
{
	bool link = m->flags & BPF_F_LINK, id = m->flags & BPF_F_ID;
	int res;

	if (!link && !id && !m->relative)
		return 0;
	res = id ? find_by_id(m, link) : find_by_handle(m, link);
	if (!res && m->prog && type_of(m->anchor) != m->prog->type)
		res = -EINVAL;
	return res;
}

/* ---- places ---- */

static int place_of(const struct attached_list *list, const struct prog *prog,
		    u32 link)
{
	for (u32 i = 0; i < list->cnt; i++) {
		if (list->items[i].prog == prog)
			return list->items[i].link == link ? (int)i : -EBUSY;
	}
	return -ENOENT;
}

static bool is_anchor(const struct attached *a, struct ref anchor)
{
	return anchor.kind == REF_LINK ? a->link == link_id(anchor.link)
				       : a->prog == anchor.prog;
}

/* The anchor's place plus step, or -ENOENT; without one, end. */
static int place_at(const struct attached_list *list, const struct mprog *m,
		    int step, int end)
{
	if (m->anchor.kind == REF_NONE)
		return end;
	for (u32 i = 0; i < list->cnt; i++) {
		if (is_anchor(&list->items[i], m->anchor))
			return (int)i + step;
	}
	return -ENOENT;
}

static int agree(int place, int *agreed)
{
	if (place < -1)
		return place;
	if (*agreed >= -1 && place != *agreed)
		return -ERANGE;
	*agreed = place;
	return 0;
}

/* By BPF_F_BEFORE and BPF_F_AFTER; *flags: by which it was in the end. */
static int find_place(const struct attached_list *list, const struct mprog *m,
		      u32 *flags, int *place)
{
	int total = (int)list->cnt, res = 0;

	if (m->flags & BPF_F_BEFORE)
		res = agree(place_at(list, m, -1, -1), place);
	if (!res && m->flags & BPF_F_AFTER)
		res = agree(place_at(list, m, 1, total), place);
	if (res)
		return res;
	*flags = m->flags;
	if (*place < -1) {
		if (m->anchor.kind != REF_NONE || m->flags)
			return -EINVAL;
		*place = total;
		*flags = BPF_F_AFTER;
	}
	return *place >= PROGRAMS_MAX ? -ERANGE : 0;
}

/* ---- decisions ---- */

int mprog_attach(void *ctx, const struct attached_list *list,
		 struct attach_change *change)
{
	struct mprog *m = ctx;
	int place = NO_PLACE, res;
	u32 flags = 0;

	if (m->revision && m->revision != list->revision)
		return -ESTALE;
	if (is_there(list, m->prog))
		return -EEXIST;
	res = find_anchor(m);
	if (res)
		return res;
	if (m->flags & BPF_F_REPLACE) {
		place = place_of(list, m->old, change->link);
		if (place < 0)
			return place;
	}
	res = find_place(list, m, &flags, &place);
	if (res)
		return res;
	change->prog = m->prog;
	if (flags & BPF_F_REPLACE) {
		change->kind = ATTACH_REPLACE;
		change->at = (u32)place;
		return 0;
	}
	if (list->cnt >= PROGRAMS_MAX)
		return -ERANGE;
	if (place != (int)list->cnt && flags & BPF_F_BEFORE)
		place++;
	change->kind = ATTACH_ADD;
	change->at = (u32)place;
	return 0;
}

int mprog_detach(void *ctx, const struct attached_list *list,
		 struct attach_change *change)
{
	struct mprog *m = ctx;
	int place = NO_PLACE, res;
	u32 flags;

	if (!list->cnt)
		return -ENOENT;
	if (m->flags & BPF_F_REPLACE)
		return -EINVAL;
	if (m->revision && m->revision != list->revision)
		return -ESTALE;
	res = find_anchor(m);
	if (res)
		return res;
	if (m->prog) {
		place = place_of(list, m->prog, 0);
		if (place < 0)
			return place;
	}
	res = find_place(list, m, &flags, &place);
	if (res)
		return res;
	if (place == -1)
		place = 0;
	if (place == (int)list->cnt)
		place--;
	if (list->items[place].link)
		return -EBUSY;
	change->kind = ATTACH_REMOVE;
	change->at = (u32)place;
	return 0;
}

int mprog_check_update(const struct attached_list *list, const struct prog *was,
		       const struct prog *new)
{
	if (is_there(list, new))
		return -EEXIST;
	return was->type == new->type ? 0 : -EINVAL;
}
