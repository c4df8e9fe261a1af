/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_batch.c - many entries at a time, through bpf(2) and wbpf() */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))
#define BAD_POINTER 8
#define ENTRIES 100
#define SLOTS_MAX 64

static const u32 types[] = {
	BPF_MAP_TYPE_ARRAY,	   BPF_MAP_TYPE_HASH,
	BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH,
	BPF_MAP_TYPE_LRU_HASH,	   BPF_MAP_TYPE_PROG_ARRAY,
};

static const int commands[] = { BPF_MAP_LOOKUP_BATCH, BPF_MAP_UPDATE_BATCH,
				BPF_MAP_DELETE_BATCH,
				BPF_MAP_LOOKUP_AND_DELETE_BATCH };

struct data {
	u32 keys[ENTRIES];
	u64 values[ENTRIES * SLOTS_MAX];
	u32 in;
	u32 out;
};

static struct data data;

static bool per_cpu(u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_PERCPU_HASH;
}

static u32 value_size(u32 type)
{
	return type == BPF_MAP_TYPE_PROG_ARRAY ? 4 : 8;
}

static void fill_data(u32 stride)
{
	for (u32 i = 0; i < ENTRIES; i++) {
		data.keys[i] = i;
		for (u32 k = 0; k < stride; k++)
			data.values[i * stride + k] = i * 1000 + k;
	}
}

static union bpf_attr batch_attr(int fd, u32 count)
{
	return (union bpf_attr){ .batch = { .keys = PTR(data.keys),
					    .values = PTR(data.values),
					    .out_batch = PTR(&data.out),
					    .count = count,
					    .map_fd = (u32)fd } };
}

static void call(struct side *s, const char *what, int cmd,
		 const union bpf_attr *attr)
{
	union bpf_attr copy = *attr;
	int res = side_call(s, cmd, &copy);

	say(s, "%s: %d, count %u\n", what, res, copy.batch.count);
}

static int filled(struct side *s, u32 type)
{
	int fd = side_map(s, type, 4, value_size(type), ENTRIES, 0);
	union bpf_attr attr;

	fill_data(per_cpu(type) ? s->cpus : 1);
	attr = batch_attr(fd, ENTRIES);
	say(s, "type %u\n", type);
	call(s, "fill", BPF_MAP_UPDATE_BATCH, &attr);
	return fd;
}

/* Every entry once, in as many steps as it takes; order is the map's. */
static void walk_with(struct side *s, int cmd)
{
	static const u32 steps[] = { 64, ENTRIES, ENTRIES * 2 };

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
			static u32 keys[ENTRIES * 2];
			static u64 values[ENTRIES * 2 * SLOTS_MAX];
			int fd = filled(s, types[t]), res, calls = 0;
			u32 stride = per_cpu(types[t]) ? s->cpus : 1, n = 0;
			u32 seen[ENTRIES] = { 0 };
			union bpf_attr attr = batch_attr(fd, steps[i]);

			do {
				attr.batch.keys = PTR(keys);
				attr.batch.values = PTR(values);
				attr.batch.count = steps[i];
				res = side_call(s, cmd, &attr);
				if (res && res != -ENOENT)
					break;
				for (u32 k = 0; k < attr.batch.count; k++) {
					u64 v = values[(u64)k * stride];

					if (v == keys[k] * 1000ull)
						seen[keys[k]]++;
				}
				n += attr.batch.count;
				data.in = data.out;
				attr.batch.in_batch = PTR(&data.in);
			} while (!res && ++calls < 1000);
			say(s, "step %u: %d, %u entries\n", steps[i], res, n);
			for (u32 k = 0; k < ENTRIES; k++)
				say(s, "%u", seen[k]);
			say(s, "\n");
			fill_data(stride);
			attr = batch_attr(fd, ENTRIES);
			call(s, "what is left", BPF_MAP_DELETE_BATCH, &attr);
			side_close(s, fd);
		}
	}
}

static void walk(struct side *s)
{
	walk_with(s, BPF_MAP_LOOKUP_BATCH);
}

static void take(struct side *s)
{
	walk_with(s, BPF_MAP_LOOKUP_AND_DELETE_BATCH);
}

/* Where room for one is too little for a bucket, nothing of it is taken. */
static void too_little_room(struct side *s)
{
	static const int cmds[] = { BPF_MAP_LOOKUP_BATCH,
				    BPF_MAP_LOOKUP_AND_DELETE_BATCH };

	for (size_t c = 0; c < ARRAY_LEN(cmds); c++) {
		int fd = filled(s, BPF_MAP_TYPE_HASH), res;
		union bpf_attr attr = batch_attr(fd, 1);
		u32 key, next, given = 0, left = 0;

		do {
			attr.batch.count = 1;
			res = side_call(s, cmds[c], &attr);
			given += res ? 0 : attr.batch.count;
			data.in = data.out;
			attr.batch.in_batch = PTR(&data.in);
		} while (!res);
		say(s, "ends: %d, count %u\n", res, attr.batch.count);
		attr = (union bpf_attr){ .map_fd = (u32)fd,
					 .next_key = PTR(&next) };
		while (side_call(s, BPF_MAP_GET_NEXT_KEY, &attr) == 0) {
			left++;
			key = next;
			attr.key = PTR(&key);
		}
		say(s, "lost: %u\n", ENTRIES - left - (c ? given : 0));
		side_close(s, fd);
	}
}

static void errors(struct side *s)
{
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = filled(s, types[t]);

		for (size_t c = 0; c < ARRAY_LEN(commands); c++) {
			union bpf_attr attr = batch_attr(fd, 0);

			/* a lookup left its keys here */
			fill_data(per_cpu(types[t]) ? s->cpus : 1);
			say(s, "command %d\n", commands[c]);
			call(s, "none", commands[c], &attr);
			attr.batch.elem_flags = 8;
			call(s, "flags", commands[c], &attr);
			attr = batch_attr(fd, ENTRIES);
			attr.batch.elem_flags = BPF_F_LOCK;
			call(s, "lock", commands[c], &attr);
			attr = batch_attr(fd, ENTRIES);
			attr.batch.flags = 1;
			call(s, "batch flags", commands[c], &attr);
			attr = batch_attr(fd, ENTRIES);
			attr.batch.keys = BAD_POINTER;
			call(s, "keys nowhere", commands[c], &attr);
			attr = batch_attr(fd, ENTRIES);
			if (commands[c] != BPF_MAP_DELETE_BATCH) {
				attr.batch.values = BAD_POINTER;
				call(s, "values nowhere", commands[c], &attr);
			}
			attr = batch_attr(1000, ENTRIES);
			call(s, "handle", commands[c], &attr);
		}
		side_close(s, fd);
	}
}

static void lookup_errors(struct side *s)
{
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = filled(s, types[t]);
		union bpf_attr attr = batch_attr(fd, ENTRIES);

		attr.batch.in_batch = BAD_POINTER;
		call(s, "in nowhere", BPF_MAP_LOOKUP_BATCH, &attr);
		data.in = 1u << 30;
		attr.batch.in_batch = PTR(&data.in);
		call(s, "in far off", BPF_MAP_LOOKUP_BATCH, &attr);
		attr = batch_attr(fd, ENTRIES);
		attr.batch.out_batch = BAD_POINTER;
		call(s, "out nowhere", BPF_MAP_LOOKUP_BATCH, &attr);
		side_close(s, fd);
	}
}

/* What comes before the first failure is done. */
static void partial(struct side *s)
{
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = filled(s, types[t]);
		union bpf_attr attr = batch_attr(fd, 10);
		u32 key = 3;
		u64 value[SLOTS_MAX];

		data.keys[5] = 5000;
		call(s, "delete with a gap", BPF_MAP_DELETE_BATCH, &attr);
		call(s, "again", BPF_MAP_DELETE_BATCH, &attr);
		attr.batch.elem_flags = BPF_NOEXIST;
		call(s, "insert", BPF_MAP_UPDATE_BATCH, &attr);
		attr.batch.elem_flags = BPF_EXIST;
		call(s, "replace", BPF_MAP_UPDATE_BATCH, &attr);
		attr = (union bpf_attr){ .map_fd = (u32)fd,
					 .key = PTR(&key),
					 .value = PTR(value) };
		say_call(s, "one of them", BPF_MAP_LOOKUP_ELEM, &attr);
		side_close(s, fd);
	}
}

static void access(struct side *s)
{
	static const u32 modes[] = { BPF_F_RDONLY, BPF_F_WRONLY };

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		for (size_t m = 0; m < ARRAY_LEN(modes); m++) {
			int fd = side_map(s, types[t], 4, value_size(types[t]),
					  ENTRIES, modes[m]);
			union bpf_attr attr = batch_attr(fd, 1);

			say(s, "type %u mode %u\n", types[t], modes[m]);
			for (size_t c = 0; c < ARRAY_LEN(commands); c++)
				call(s, "call", commands[c], &attr);
			side_close(s, fd);
		}
	}
}

static void fields(struct side *s)
{
	int fd = side_map(s, BPF_MAP_TYPE_HASH, 4, 8, 4, 0);

	for (size_t c = 0; c < ARRAY_LEN(commands); c++) {
		for (u32 word = 40; word < 168; word += 4) {
			union bpf_attr_618 u = whole_attr(batch_attr(fd, 0));

			u.bytes[word] = 1;
			say(s, "command %d word %u: %d\n", commands[c], word,
			    side_call_sized(s, commands[c], &u, sizeof(u)));
		}
	}
	side_close(s, fd);
}

int main(void)
{
	static const struct wcase cases[] = {
		{ "walk", walk },
		{ "take", take },
		{ "too little room", too_little_room },
		{ "errors", errors },
		{ "lookup errors", lookup_errors },
		{ "partial", partial },
		{ "access", access },
		{ "fields", fields },
	};

	return wbpf_compare(cases, ARRAY_LEN(cases));
}
