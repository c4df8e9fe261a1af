/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_map.c - maps and their entries through bpf(2) and wbpf() */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))
#define BAD_POINTER 8 /* nobody's memory */

static const int entry_commands[] = {
	BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM,
	BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY,
	BPF_MAP_FREEZE,	     BPF_MAP_LOOKUP_AND_DELETE_ELEM,
};

static const u32 types[] = {
	BPF_MAP_TYPE_ARRAY,	   BPF_MAP_TYPE_HASH,
	BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH,
	BPF_MAP_TYPE_PROG_ARRAY,
};

static u32 value_size(u32 type)
{
	return type == BPF_MAP_TYPE_PROG_ARRAY ? 4 : 8;
}

/* The smallest attribute that holds all, and longer ones. */
static void sizes(struct side *s)
{
	static const u32 lengths[] = { 0,   1,	 4,    8,    11,   12,	16,
				       20,  28,	 48,   64,   72,   120, 168,
				       169, 256, 4095, 4096, 4097, 8192 };
	u8 attr[8192];

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		union bpf_attr *u = (void *)attr;
		int fd;

		memset(attr, 0, sizeof(attr));
		u->map_type = BPF_MAP_TYPE_ARRAY;
		u->key_size = 4;
		u->value_size = 4;
		u->max_entries = 1;
		fd = side_call_sized(s, BPF_MAP_CREATE, attr, lengths[i]);
		say(s, "size %u: %d\n", lengths[i], fd < 0 ? fd : 0);
		side_close(s, fd);
		attr[lengths[i] ? lengths[i] - 1 : 0] |= 1;
		fd = side_call_sized(s, BPF_MAP_CREATE, attr, lengths[i]);
		say(s, "size %u, last byte: %d\n", lengths[i], fd < 0 ? fd : 0);
		side_close(s, fd);
	}
	say(s, "nowhere: %d\n",
	    side_call_sized(s, BPF_MAP_CREATE, (void *)BAD_POINTER, 64));
	say(s, "nowhere, long: %d\n",
	    side_call_sized(s, BPF_MAP_CREATE, (void *)BAD_POINTER, 256));
	say(s, "no command: %d\n", side_call_sized(s, 10000, attr, 64));
	say(s, "command -1: %d\n", side_call_sized(s, -1, attr, 64));
}

/* Each word of the attribute set that the command does not use. */
static void unused_fields(struct side *s)
{
	int fd = side_map(s, BPF_MAP_TYPE_HASH, 4, 8, 4, 0);
	u32 key = 1, next;
	u64 value = 2;

	for (size_t c = 0; c < ARRAY_LEN(entry_commands); c++) {
		for (u32 word = 0; word < 168; word += 4) {
			union bpf_attr_618 u = whole_attr(
				(union bpf_attr){ .map_fd = (u32)fd });

			if (entry_commands[c] != BPF_MAP_FREEZE) {
				u.attr.key = PTR(&key);
				u.attr.value = PTR(&value);
			}
			if (entry_commands[c] == BPF_MAP_GET_NEXT_KEY)
				u.attr.next_key = PTR(&next);
			if (entry_commands[c] == BPF_MAP_DELETE_ELEM)
				u.attr.value = 0;
			/* pointers and handles stay */
			if (word < 24 && !(word == 4))
				continue;
			u.bytes[word] |= 1;
			say(s, "command %d word %u: %d\n", entry_commands[c],
			    word,
			    side_call_sized(s, entry_commands[c], &u,
					    sizeof(u)));
		}
	}
	side_close(s, fd);
}

static void create_fields(struct side *s)
{
	for (u32 word = 0; word < 168; word += 4) {
		union bpf_attr_618 u = whole_attr(
			(union bpf_attr){ .map_type = BPF_MAP_TYPE_ARRAY,
					  .key_size = 4,
					  .value_size = 4,
					  .max_entries = 1 });
		int fd;

		u.bytes[word] ^= 'x';
		fd = side_call_sized(s, BPF_MAP_CREATE, &u, sizeof(u));
		say(s, "create, word %u: %d\n", word, fd < 0 ? fd : 0);
		side_close(s, fd);
	}
}

static void wrong_handles(struct side *s)
{
	int prog = side_prog(s, BPF_XDP);
	u32 key = 0, next;
	u64 value;

	for (size_t c = 0; c < ARRAY_LEN(entry_commands); c++) {
		union bpf_attr attr = { .map_fd = 1000 };

		if (entry_commands[c] != BPF_MAP_FREEZE) {
			attr.key = PTR(&key);
			attr.value = PTR(&value);
		}
		if (entry_commands[c] == BPF_MAP_DELETE_ELEM)
			attr.value = 0;
		if (entry_commands[c] == BPF_MAP_GET_NEXT_KEY)
			attr.next_key = PTR(&next);
		say_call(s, "unknown handle", entry_commands[c], &attr);
		attr.map_fd = (u32)-1;
		say_call(s, "handle -1", entry_commands[c], &attr);
		attr.map_fd = (u32)prog;
		say_call(s, "a program's handle", entry_commands[c], &attr);
	}
	side_close(s, prog);
}

/* Every operation with every flag, on every family. */
static void operations(struct side *s)
{
	static const u64 flags[] = {
		BPF_ANY, BPF_NOEXIST, BPF_EXIST,
		3,	 BPF_F_LOCK,  BPF_F_LOCK | BPF_EXIST,
		8,	 1ull << 32,  UINT64_MAX,
	};

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = side_map(s, types[t], 4, value_size(types[t]), 2, 0);
		int prog = side_prog(s, BPF_XDP);
		u64 value[64] = { 0 };

		if (types[t] == BPF_MAP_TYPE_PROG_ARRAY)
			memcpy(value, &prog, sizeof(prog));
		for (u32 key = 0; key < 4; key++) {
			for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
				const union bpf_attr attr = {
					.map_fd = (u32)fd,
					.key = PTR(&key),
					.value = PTR(value),
					.flags = flags[f],
				};
				u64 out[64];
				union bpf_attr look = attr;

				look.value = PTR(out);
				say(s, "type %u key %u flags %llu\n", types[t],
				    key, (unsigned long long)flags[f]);
				say_call(s, "update", BPF_MAP_UPDATE_ELEM,
					 &attr);
				say_call(s, "lookup", BPF_MAP_LOOKUP_ELEM,
					 &look);
			}
		}
		for (u32 key = 0; key < 4; key++) {
			const union bpf_attr attr = { .map_fd = (u32)fd,
						      .key = PTR(&key) };

			say_call(s, "delete", BPF_MAP_DELETE_ELEM, &attr);
			say_call(s, "again", BPF_MAP_DELETE_ELEM, &attr);
		}
		for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
			u32 key = 1;
			u64 out[64] = { 0 };
			union bpf_attr attr = { .map_fd = (u32)fd,
						.key = PTR(&key),
						.value = PTR(value) };

			say_call(s, "put", BPF_MAP_UPDATE_ELEM, &attr);
			attr.value = PTR(out);
			attr.flags = flags[f];
			say_call(s, "take", BPF_MAP_LOOKUP_AND_DELETE_ELEM,
				 &attr);
			say(s, "%d\n", out[0] == value[0]);
			say_call(s, "take again",
				 BPF_MAP_LOOKUP_AND_DELETE_ELEM, &attr);
		}
		side_close(s, prog);
		side_close(s, fd);
	}
}

static void bad_pointers(struct side *s)
{
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = side_map(s, types[t], 4, value_size(types[t]), 2, 0);
		int prog = side_prog(s, BPF_XDP);
		u64 value[64] = { 0 };
		u32 key = 0;
		const union bpf_attr good = { .map_fd = (u32)fd,
					      .key = PTR(&key),
					      .value = PTR(value) };
		union bpf_attr attr;

		if (types[t] == BPF_MAP_TYPE_PROG_ARRAY)
			memcpy(value, &prog, sizeof(prog));
		say_call(s, "update", BPF_MAP_UPDATE_ELEM, &good);
		for (size_t c = 0; c < ARRAY_LEN(entry_commands); c++) {
			if (entry_commands[c] == BPF_MAP_FREEZE)
				continue;
			say(s, "type %u command %d\n", types[t],
			    entry_commands[c]);
			attr = good;
			if (entry_commands[c] == BPF_MAP_DELETE_ELEM)
				attr.value = 0;
			attr.key = BAD_POINTER;
			say_call(s, "key", entry_commands[c], &attr);
			attr.key = 0;
			say_call(s, "no key", entry_commands[c], &attr);
			attr = good;
			attr.value = BAD_POINTER;
			say_call(s, "value", entry_commands[c], &attr);
			attr.value = 0;
			attr.key = PTR(&key);
			say_call(s, "no value", entry_commands[c], &attr);
		}
		side_close(s, prog);
		side_close(s, fd);
	}
}

/* What a program array says of what is put into it. */
static void prog_array(struct side *s)
{
	int fd = side_map(s, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0);
	int xdp = side_prog(s, BPF_XDP), cpumap = side_prog(s, BPF_XDP_CPUMAP);
	int other = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	const int values[] = { xdp, other, 1000, -1, cpumap, xdp };

	for (u32 key = 0; key < 3; key++) {
		for (size_t i = 0; i < ARRAY_LEN(values); i++) {
			const union bpf_attr attr = { .map_fd = (u32)fd,
						      .key = PTR(&key),
						      .value =
							      PTR(&values[i]) };

			say(s, "key %u value %zu\n", key, i);
			say_call(s, "update", BPF_MAP_UPDATE_ELEM, &attr);
		}
	}
	side_close(s, other);
	side_close(s, cpumap);
	side_close(s, xdp);
	side_close(s, fd);
}

static void walks(struct side *s)
{
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = side_map(s, types[t], 4, value_size(types[t]), 3, 0);
		u32 key = 77, next = 0;
		union bpf_attr attr = { .map_fd = (u32)fd,
					.key = PTR(&key),
					.next_key = PTR(&next) };

		say(s, "type %u\n", types[t]);
		say_call(s, "after a key that is not there",
			 BPF_MAP_GET_NEXT_KEY, &attr);
		attr.key = 0;
		say_call(s, "first", BPF_MAP_GET_NEXT_KEY, &attr);
		say(s, "%u\n", next);
		attr.key = PTR(&key);
		key = 2;
		say_call(s, "after the last", BPF_MAP_GET_NEXT_KEY, &attr);
		side_close(s, fd);
	}
}

/* The flags of creation limit the handle, not the map. */
static void access_modes(struct side *s)
{
	static const u32 modes[] = { 0, BPF_F_RDONLY, BPF_F_WRONLY,
				     BPF_F_RDONLY | BPF_F_WRONLY };
	u32 key = 0, next;
	u64 value = 7;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		const union bpf_attr create = {
			.map_type = BPF_MAP_TYPE_HASH,
			.key_size = 4,
			.value_size = 8,
			.max_entries = 4,
			.map_flags = modes[i],
		};
		union bpf_attr copy = create, attr = { .key = PTR(&key),
						       .value = PTR(&value) };
		int fd = side_call(s, BPF_MAP_CREATE, &copy);

		say(s, "mode %u: %d\n", modes[i], fd < 0 ? fd : 0);
		if (fd < 0)
			continue;
		attr.map_fd = (u32)fd;
		say_call(s, "update", BPF_MAP_UPDATE_ELEM, &attr);
		say_call(s, "lookup", BPF_MAP_LOOKUP_ELEM, &attr);
		say_call(s, "take", BPF_MAP_LOOKUP_AND_DELETE_ELEM, &attr);
		attr.next_key = PTR(&next);
		say_call(s, "next", BPF_MAP_GET_NEXT_KEY, &attr);
		attr.value = 0;
		say_call(s, "delete", BPF_MAP_DELETE_ELEM, &attr);
		attr = (union bpf_attr){ .map_fd = (u32)fd };
		say_call(s, "freeze", BPF_MAP_FREEZE, &attr);
		side_close(s, fd);
	}
}

static void frozen(struct side *s)
{
	int fd = side_map(s, BPF_MAP_TYPE_HASH, 4, 8, 4, 0);
	u32 key = 0;
	u64 value = 7;
	union bpf_attr attr = { .map_fd = (u32)fd,
				.key = PTR(&key),
				.value = PTR(&value) };
	const union bpf_attr alone = { .map_fd = (u32)fd };

	say_call(s, "update", BPF_MAP_UPDATE_ELEM, &attr);
	say_call(s, "freeze", BPF_MAP_FREEZE, &alone);
	say_call(s, "freeze again", BPF_MAP_FREEZE, &alone);
	say_call(s, "update", BPF_MAP_UPDATE_ELEM, &attr);
	attr.flags = 99;
	say_call(s, "update with flags", BPF_MAP_UPDATE_ELEM, &attr);
	attr.flags = 0;
	attr.key = BAD_POINTER;
	say_call(s, "update from nowhere", BPF_MAP_UPDATE_ELEM, &attr);
	attr.key = PTR(&key);
	say_call(s, "lookup", BPF_MAP_LOOKUP_ELEM, &attr);
	say_call(s, "take", BPF_MAP_LOOKUP_AND_DELETE_ELEM, &attr);
	attr.value = 0;
	say_call(s, "delete", BPF_MAP_DELETE_ELEM, &attr);
	side_close(s, fd);
}

static void contents(struct side *s)
{
	for (size_t t = 0; t < 4; t++) {
		int fd = side_map(s, types[t], 4, 6, 4, 0);
		u8 in[4096], out[4096];
		u32 bytes = types[t] == BPF_MAP_TYPE_ARRAY ||
					    types[t] == BPF_MAP_TYPE_HASH
				    ? 6
				    : 8 * s->cpus;
		u32 key = 1;
		union bpf_attr attr = { .map_fd = (u32)fd,
					.key = PTR(&key),
					.value = PTR(in) };

		for (u32 i = 0; i < sizeof(in); i++)
			in[i] = (u8)(i + 1);
		memset(out, 0xee, sizeof(out));
		say_call(s, "update", BPF_MAP_UPDATE_ELEM, &attr);
		attr.value = PTR(out);
		say_call(s, "lookup", BPF_MAP_LOOKUP_ELEM, &attr);
		for (u32 i = 0; i < bytes + 4; i++)
			say(s, "%02x", out[i]);
		say(s, "\n");
		side_close(s, fd);
	}
}

/* ---- mmap(2) ---- */

struct view {
	int fd; /* the map again, what is mapped by it */
	void *at;
};

/* 0 or what mmap(2) says; of Weir's a descriptor is mapped. */
static int view_open(struct side *s, int map, u32 flags, bool write,
		     struct view *v)
{
	int prot = PROT_READ | (write ? PROT_WRITE : 0), fd;
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (u32)map,
					  .info_len = sizeof(info),
					  .info = PTR(&info) } };

	v->at = MAP_FAILED;
	side_call(s, BPF_OBJ_GET_INFO_BY_FD, &attr);
	attr = (union bpf_attr){ .map_id = info.id, .open_flags = flags };
	v->fd = side_call(s, BPF_MAP_GET_FD_BY_ID, &attr);
	if (!s->sys) {
		v->at = mmap(NULL, 4096, prot, MAP_SHARED, v->fd, 0);
		return v->at == MAP_FAILED ? -errno : 0;
	}
	fd = wclient_map_memory(s->client, v->fd, write);
	if (fd < 0)
		return fd;
	v->at = mmap(NULL, 4096, prot, MAP_SHARED, fd, 0);
	close(fd);
	return v->at == MAP_FAILED ? -errno : 0;
}

static void view_close(struct side *s, struct view *v)
{
	if (v->at != MAP_FAILED)
		munmap(v->at, 4096);
	side_close(s, v->fd);
}

static void freeze(struct side *s, const char *when, int map)
{
	union bpf_attr attr = { .map_fd = (u32)map };

	say(s, "frozen %s: %d\n", when, side_call(s, BPF_MAP_FREEZE, &attr));
}

static void try_view(struct side *s, const char *what, int map, u32 flags,
		     bool write)
{
	struct view v;

	say(s, "%s: %d\n", what, view_open(s, map, flags, write, &v));
	view_close(s, &v);
}

static void mapped(struct side *s)
{
	int map = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 8, 4, BPF_F_MMAPABLE);
	struct view one, two;
	u64 value = 7;
	u32 key = 1;
	union bpf_attr attr = { .map_fd = (u32)map,
				.key = PTR(&key),
				.value = PTR(&value) };

	say(s, "to write: %d\n", view_open(s, map, 0, true, &one));
	say(s, "again: %d\n", view_open(s, map, 0, true, &two));
	say_call(s, "update", BPF_MAP_UPDATE_ELEM, &attr);
	say(s, "seen %llu\n", (unsigned long long)((u64 *)one.at)[1]);
	((u64 *)two.at)[1] = 9;
	say_call(s, "lookup", BPF_MAP_LOOKUP_ELEM, &attr);
	say(s, "read %llu\n", (unsigned long long)value);
	freeze(s, "with two", map);
	view_close(s, &one);
	freeze(s, "with one", map);
	view_close(s, &two);
	freeze(s, "with none", map);
	freeze(s, "again", map);
	try_view(s, "frozen, to write", map, 0, true);
	try_view(s, "frozen, to read", map, 0, false);
	side_close(s, map);
}

static void what_can_be_mapped(struct side *s)
{
	static const struct {
		const char *what;
		u32 type, key, value, entries, flags;
	} maps[] = {
		{ "plain", BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0 },
		{ "hash", BPF_MAP_TYPE_HASH, 4, 8, 4, 0 },
		{ "queue", BPF_MAP_TYPE_QUEUE, 0, 8, 4, 0 },
		{ "array", BPF_MAP_TYPE_ARRAY, 4, 8, 4, BPF_F_MMAPABLE },
		{ "constants", BPF_MAP_TYPE_ARRAY, 4, 8, 4,
		  BPF_F_MMAPABLE | BPF_F_RDONLY_PROG },
		{ "sink", BPF_MAP_TYPE_ARRAY, 4, 8, 4,
		  BPF_F_MMAPABLE | BPF_F_WRONLY_PROG },
		{ "ring", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
	};

	for (u32 i = 0; i < ARRAY_LEN(maps); i++) {
		int map = side_map(s, maps[i].type, maps[i].key, maps[i].value,
				   maps[i].entries, maps[i].flags);

		say(s, "%s\n", maps[i].what);
		try_view(s, "to read", map, 0, false);
		try_view(s, "to write", map, 0, true);
		try_view(s, "read-only, to write", map, BPF_F_RDONLY, true);
		try_view(s, "read-only, to read", map, BPF_F_RDONLY, false);
		try_view(s, "write-only, to read", map, BPF_F_WRONLY, false);
		side_close(s, map);
	}
}

int main(void)
{
	static const struct wcase cases[] = {
		{ "sizes", sizes },
		{ "unused fields", unused_fields },
		{ "create fields", create_fields },
		{ "wrong handles", wrong_handles },
		{ "operations", operations },
		{ "bad pointers", bad_pointers },
		{ "prog array", prog_array },
		{ "walks", walks },
		{ "access modes", access_modes },
		{ "frozen", frozen },
		{ "contents", contents },
		{ "mapped", mapped },
		{ "what can be mapped", what_can_be_mapped },
	};

	return wbpf_compare(cases, ARRAY_LEN(cases));
}
