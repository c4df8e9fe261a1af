/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/contents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/btf.h"
#include "oracle/kernel.h"
#include "oracle/records.h"

#define SHOWN 8		/* entries of a map */
#define NONE UINT32_MAX /* no program or map of the object */

/* What an entry's value stands for. */
enum meaning {
	BYTES,
	PROGRAM,
	MAP,
	LINKED,	 /* bytes, and perhaps a program (map_link()) */
	RECORDS, /* there are no entries: what programs wrote, in order */
	NOTHING, /* or entries that only readers and sockets make */
};

static enum meaning meaning_of(const struct map *map)
{
	switch (map->type) {
	case BPF_MAP_TYPE_PROG_ARRAY: return PROGRAM;
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS: return MAP;
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP: return LINKED;
	case BPF_MAP_TYPE_RINGBUF: return RECORDS;
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_XSKMAP: return NOTHING;
	default: return BYTES;
	}
}

static bool is_lru(const struct map *map)
{
	return map->type == BPF_MAP_TYPE_LRU_HASH ||
	       map->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* One map on both sides, and room for an entry of it. */
struct pair {
	const struct mirror *m;
	struct map *map; /* Weir's */
	int fd;		 /* the kernel's */
	enum meaning meaning;
	u8 *key;
	u8 *next;
	u8 *mine; /* values as each side gives them */
	u8 *theirs;
	size_t theirs_size;

	FILE *text;
	u64 different;
	u64 my_count;
	u64 their_count;
};

static int pair_open(struct pair *p, const struct mirror *m, u32 i)
{
	struct map *map = m->so->maps[i];

	*p = (struct pair){
		.m = m,
		.map = map,
		.fd = m->maps[i],
		.meaning = meaning_of(map),
		.theirs_size = map_is_percpu(map)
				       ? round_up(map->value_size, 8) * m->cpus
				       : map->value_size,
	};
	p->key = malloc(map->key_size + 1ULL);
	p->next = malloc(map->key_size + 1ULL);
	p->mine = calloc(1, map_value_bytes(map) + 1);
	p->theirs = calloc(1, p->theirs_size + 1);
	return p->key && p->next && p->mine && p->theirs ? 0 : -ENOMEM;
}

static void pair_close(struct pair *p)
{
	free(p->key);
	free(p->next);
	free(p->mine);
	free(p->theirs);
}

/* The value that the running CPU has, in the kernel's. */
static u8 *their_slot(const struct pair *p)
{
	return map_is_percpu(p->map)
		       ? p->theirs + round_up(p->map->value_size, 8) * p->m->cpu
		       : p->theirs;
}

static u32 number(const void *value)
{
	u32 n;

	memcpy(&n, value, sizeof(n));
	return n;
}

/* Which program or map of the object has this id, on Weir's side. */
static u32 my_index(const struct pair *p, const void *value)
{
	const struct mirror *m = p->m;
	u32 id = number(value);

	if (p->meaning != MAP) {
		for (u32 i = 0; i < m->obj->prog_cnt; i++)
			if (m->so->progs[i] && m->so->progs[i]->id == id)
				return i;
	} else {
		for (u32 i = 0; i < m->obj->map_cnt; i++)
			if (m->so->maps[i] && m->so->maps[i]->id == id)
				return i;
	}
	return NONE;
}

static u32 their_index(const struct pair *p, const void *value)
{
	const struct mirror *m = p->m;
	u32 cnt = p->meaning == MAP ? m->obj->map_cnt : m->obj->prog_cnt;
	const u32 *ids = p->meaning == MAP ? m->map_ids : m->prog_ids;
	u32 id = number(value);

	for (u32 i = 0; i < cnt; i++)
		if (ids[i] == id)
			return i;
	return NONE;
}

/* ---- copying ---- */

static bool is_zero(const u8 *bytes, size_t n)
{
	return !n || (!bytes[0] && memcmp(bytes, bytes + 1, n - 1) == 0);
}

static bool starts_zero(const struct map *map)
{
	return map->type == BPF_MAP_TYPE_ARRAY ||
	       map->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static int copy_reference(const struct pair *p, const void *key,
			  const void *value)
{
	u32 i = my_index(p, value);
	int fd = -1;

	if (i != NONE)
		fd = p->meaning == PROGRAM ? p->m->progs[i] : p->m->maps[i];
	return fd < 0 ? -ENOENT : kernel_map_write(p->fd, key, &fd);
}

/* The program's descriptor takes the place of its id. */
static int copy_linked(const struct pair *p, const void *key, const void *value)
{
	memcpy(p->theirs, value, p->map->value_size);
	if (map_link(p->map, value)) {
		u32 i = my_index(p, (const u8 *)value + 4);

		if (i == NONE || p->m->progs[i] < 0)
			return -ENOENT;
		memcpy(p->theirs + 4, &p->m->progs[i], sizeof(int));
	}
	return kernel_map_write(p->fd, key, p->theirs);
}

static int copy_entry(void *arg, const void *key, const void *value)
{
	struct pair *p = arg;

	if (p->meaning == LINKED)
		return copy_linked(p, key, value);
	if (p->meaning != BYTES)
		return copy_reference(p, key, value);
	if (starts_zero(p->map) && is_zero(value, p->map->value_size))
		return 0;
	/* slots other than the running CPU's stay zero */
	memcpy(their_slot(p), value, p->map->value_size);
	return kernel_map_write(p->fd, p->map->key_size ? key : NULL,
				p->theirs);
}

int contents_copy(const struct mirror *m, u32 i, struct err *err)
{
	struct pair p;
	int res = pair_open(&p, m, i);

	if (!res && p.meaning != RECORDS && p.meaning != NOTHING)
		res = map_each(p.map, copy_entry, &p);
	if (res)
		err_fail(err, res, "map %s cannot be copied to Linux: %s",
			 m->obj->maps[i].name, strerror(-res));
	pair_close(&p);
	return res;
}

/* ---- saying ---- */

static int to_file(void *arg, const char *bytes, size_t size)
{
	return fwrite(bytes, 1, size, arg) == size ? 0 : -EIO;
}

static void say_bytes(const struct pair *p, u32 type, const void *value,
		      u32 size)
{
	const u8 *bytes = value;
	struct json j;

	if (p->map->btf && type) {
		json_init(&j, to_file, p->text, false);
		btf_json(&j, p->map->btf, type, value, BTF_TYPED);
		json_flush(&j);
		fputc(' ', p->text);
	}
	for (u32 i = 0; i < size; i++)
		fprintf(p->text, "%s%02x", i ? " " : "(", bytes[i]);
	fputs(size ? ")\n" : "()\n", p->text);
}

static void say_key(struct pair *p, const void *key)
{
	fputs("  key    ", p->text);
	say_bytes(p, p->map->btf_key, key, p->map->key_size);
}

static void say_reference(const struct pair *p, u32 i)
{
	const char *name = "none of the object's";

	if (i != NONE)
		name = p->meaning == PROGRAM ? p->m->obj->progs[i].name
					     : p->m->obj->maps[i].name;
	fprintf(p->text, "%s\n", name);
}

/* value NULL: the side has no such entry */
static void say_value(struct pair *p, const char *who, const void *value,
		      bool mine)
{
	fprintf(p->text, "  %-6s ", who);
	if (!value)
		fputs("has none\n", p->text);
	else if (p->meaning != BYTES && p->meaning != LINKED)
		say_reference(p, mine ? my_index(p, value)
				      : their_index(p, value));
	else
		say_bytes(p, p->map->btf_value, value, p->map->value_size);
}

static void differ(struct pair *p, const void *key, const void *mine,
		   const void *theirs)
{
	if (p->different++ >= SHOWN)
		return;
	say_key(p, key);
	say_value(p, "Weir", mine, true);
	say_value(p, "Linux", theirs, false);
}

/* ---- comparing ---- */

static bool same_value(const struct pair *p, const void *mine,
		       const void *theirs)
{
	u32 i;

	if (p->meaning == BYTES)
		return memcmp(mine, theirs, p->map->value_size) == 0;
	if (p->meaning == LINKED) {
		if (number(mine) != number(theirs))
			return false;
		if (!map_link(p->map, mine) || !map_link(p->map, theirs))
			return map_link(p->map, mine) ==
			       map_link(p->map, theirs);
		mine = (const u8 *)mine + 4;
		theirs = (const u8 *)theirs + 4;
	}
	i = my_index(p, mine);
	return i != NONE && i == their_index(p, theirs);
}

/* Weir's entries, each against the kernel's. */
static int compare_mine(void *arg, const void *key, const void *mine)
{
	struct pair *p = arg;
	int res = kernel_map_read(p->fd, key, p->theirs);

	p->my_count++;
	if (res == -ENOENT)
		differ(p, key, mine, NULL);
	else if (res)
		return res;
	else if (!same_value(p, mine, their_slot(p)))
		differ(p, key, mine, their_slot(p));
	return 0;
}

/* The kernel's that Weir lacks. */
static int compare_theirs(struct pair *p)
{
	bool first = true;
	u8 *key;
	int res;

	while (!(res = kernel_map_next_key(p->fd, first ? NULL : p->key,
					   p->next))) {
		key = p->next;
		p->next = p->key;
		p->key = key;
		first = false;
		res = kernel_map_read(p->fd, key, p->theirs);
		if (res == -ENOENT) /* an empty slot */
			continue;
		if (res)
			return res;
		p->their_count++;
		res = p->map->ops->read(p->map, key, p->mine, 0);
		if (res == -ENOENT)
			differ(p, key, NULL, their_slot(p));
		else if (res)
			return res;
	}
	return res == -ENOENT ? 0 : res;
}

/* ---- values without keys ---- */

/* What was taken out of the kernel's map, the first first. */
struct taken {
	const struct pair *p;
	u8 *values;
	u64 cnt;
	u64 at; /* of the value to compare next */
};

static u8 *taken_value(const struct taken *t, u64 i)
{
	bool stack = t->p->map->type == BPF_MAP_TYPE_STACK;

	return t->values +
	       (stack ? t->cnt - 1 - i : i) * t->p->map->value_size;
}

static int take_all(struct taken *t)
{
	u32 size = t->p->map->value_size;
	int res = 0;

	while (t->cnt < t->p->map->max_entries && !res) {
		res = kernel_map_take(t->p->fd, t->values + t->cnt * size);
		t->cnt += !res;
	}
	return res == -ENOENT ? 0 : res;
}

/* Both sides have the oldest first. */
static int compare_taken(void *arg, const void *key, const void *mine)
{
	struct taken *t = arg;
	struct pair *p = (struct pair *)t->p;
	const u8 *theirs = t->at < t->cnt ? taken_value(t, t->at) : NULL;

	t->at++;
	p->my_count++;
	if (!theirs || !same_value(p, mine, theirs))
		differ(p, key, mine, theirs);
	return 0;
}

/* A queue and a stack can only be emptied to see what is in them, and are
 * filled again.  What is in a set nobody can tell. */
static int compare_keyless(struct pair *p)
{
	struct taken t = { .p = p };
	int res;

	if (!p->map->ops->pop)
		return 0;
	t.values = reallocarray(NULL, p->map->max_entries + 1ul,
				p->map->value_size);
	res = t.values ? take_all(&t) : -ENOMEM;
	if (!res)
		res = map_each(p->map, compare_taken, &t);
	for (; !res && t.at < t.cnt; t.at++)
		differ(p, "", NULL, taken_value(&t, t.at));
	p->their_count = t.cnt;
	for (u64 i = 0; !res && i < t.cnt; i++)
		res = kernel_map_write(p->fd, NULL, taken_value(&t, i));
	free(t.values);
	return res;
}

static void say_record(struct pair *p, const char *who, const struct record *r)
{
	fprintf(p->text, "  %-6s ", who);
	if (r->data)
		say_bytes(p, 0, r->data, r->size);
	else
		fputs("has none\n", p->text);
}

static void record_differs(void *arg, const struct record *mine,
			   const struct record *theirs)
{
	struct pair *p = arg;

	if (p->different++ >= SHOWN)
		return;
	say_record(p, "Weir", mine);
	say_record(p, "Linux", theirs);
}

static int compare_keyed(struct pair *p)
{
	int res = map_each(p->map, compare_mine, p);

	return res ? res : compare_theirs(p);
}

static int compare_pair(struct pair *p)
{
	if (p->meaning == NOTHING)
		return 0;
	if (p->meaning == RECORDS)
		return records_compare(p->fd, p->map, record_differs, p);
	return p->map->key_size ? compare_keyed(p) : compare_keyless(p);
}

/* How many entries Linux takes out when it needs room for one. */
#define LRU_EVICTS 128
#define LRU_EVICTS_OWN 4 /* of a CPU's own part, BPF_F_NO_COMMON_LRU */

/* Has a side been full, and have both about as many as there can be? */
static bool has_evicted(const struct pair *p)
{
	bool own = p->map->flags & BPF_F_NO_COMMON_LRU;
	u64 most = p->map->max_entries, evicts = LRU_EVICTS;

	if (!is_lru(p->map))
		return false;
	if (own) {
		most /= p->m->cpus;
		evicts = LRU_EVICTS_OWN;
	}
	return (p->my_count >= most || p->their_count >= most) &&
	       p->their_count <= most &&
	       p->their_count + evicts >= MIN(p->my_count, most);
}

static int judge(struct pair *p, const char *name, FILE *text,
		 const char *entries)
{
	if (!p->different || has_evicted(p))
		return CONTENTS_SAME;
	fprintf(text, "map %s: %llu entr%s different\n", name,
		(unsigned long long)p->different,
		p->different == 1 ? "y is" : "ies are");
	if (is_lru(p->map))
		fprintf(text, "  Weir has %llu entries, Linux %llu\n",
			(unsigned long long)p->my_count,
			(unsigned long long)p->their_count);
	fputs(entries, text);
	if (p->different > SHOWN)
		fprintf(text, "  ... and %llu more\n",
			(unsigned long long)(p->different - SHOWN));
	return CONTENTS_DIFFERENT;
}

int contents_compare(const struct mirror *m, u32 i, FILE *text, struct err *err)
{
	const char *name = m->obj->maps[i].name;
	char *entries = NULL;
	size_t size;
	struct pair p;
	int res = pair_open(&p, m, i);

	p.text = open_memstream(&entries, &size);
	if (!p.text)
		res = -ENOMEM;
	if (!res)
		res = compare_pair(&p);
	if (p.text && fclose(p.text) != 0)
		res = -ENOMEM;
	if (!res)
		res = judge(&p, name, text, entries);
	else if (res == -EPERM)
		res = CONTENTS_UNREADABLE;
	else
		err_fail(err, res, "map %s cannot be compared: %s", name,
			 strerror(-res));
	free(entries);
	pair_close(&p);
	return res;
}
