/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_object.c - numbers, names and what is told of objects, through bpf(2)
 * and wbpf() */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "btf_make.h"
#include "wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))
#define BAD_POINTER 8

static int side_btf(struct side *s)
{
	static struct btf_make m;
	union bpf_attr attr = { 0 };

	make_init(&m);
	make_int(&m, "u32", 4, 0);
	make_type(&m, "pair", BTF_KIND_STRUCT, 2, 8);
	make_member(&m, "a", 1, 0);
	make_member(&m, "b", 1, 32);
	make_type(&m, "four", BTF_KIND_STRUCT, 1, 4);
	make_member(&m, "a", 1, 0);
	make_type(&m, ".data", BTF_KIND_DATASEC, 1, 4);
	make_triple(&m, 7, 0, 4);
	make_type(&m, "u32_t", BTF_KIND_TYPEDEF, 0, 1);
	make_type(&m, "narrow", BTF_KIND_INT, 0, 4);
	make_word(&m, 31);
	make_type(&m, "v", BTF_KIND_VAR, 0, 1);
	make_word(&m, 1);
	attr.btf_size = make_end(&m);
	attr.btf = PTR(m.out);
	return side_call(s, BPF_BTF_LOAD, &attr);
}

static int get_info(struct side *s, int fd, void *info, u32 *len)
{
	union bpf_attr attr = { .info.bpf_fd = (u32)fd,
				.info.info_len = *len,
				.info.info = PTR(info) };
	int res = side_call(s, BPF_OBJ_GET_INFO_BY_FD, &attr);

	*len = attr.info.info_len;
	return res;
}

static u32 id_of(struct side *s, int fd)
{
	u32 info[2] = { 0 }, len = sizeof(info); /* type, id */

	get_info(s, fd, info, &len);
	return info[1];
}

struct family {
	const char *name;
	int next;
	int by_id;
};

static const struct family families[] = {
	{ "map", BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID },
	{ "prog", BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID },
	{ "btf", BPF_BTF_GET_NEXT_ID, BPF_BTF_GET_FD_BY_ID },
};

/* Is it among those that are walked over? */
static bool walked(struct side *s, int next, u32 id)
{
	union bpf_attr attr = { 0 };

	while (side_call(s, next, &attr) == 0) {
		if (attr.next_id == id)
			return true;
		attr = (union bpf_attr){ .start_id = attr.next_id };
	}
	return false;
}

static void ids(struct side *s)
{
	const int fds[] = { side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0),
			    side_prog(s, BPF_XDP) };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		union bpf_attr attr = { .map_id = id_of(s, fds[i]) };
		u32 id = attr.map_id, again;
		int fd;

		say(s, "%s walked: %d\n", families[i].name,
		    walked(s, families[i].next, id));
		fd = side_call(s, families[i].by_id, &attr);
		again = id_of(s, fd);
		say(s, "the same: %d\n", again == id);
		side_close(s, fds[i]);
		attr = (union bpf_attr){ .map_id = id };
		say_call(s, "kept", families[i].by_id, &attr);
		side_close(s, fd);
	}
}

static void id_errors(struct side *s)
{
	static const u32 wrong[] = { 0, 0x7ffffff0, 0x7fffffff, 0x80000000,
				     UINT32_MAX };
	u32 fields[168 / 4];

	for (size_t f = 0; f < ARRAY_LEN(families); f++) {
		for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
			const union bpf_attr attr = { .map_id = wrong[i] };

			say(s, "%s %u\n", families[f].name, wrong[i]);
			if (wrong[i])
				say_call(s, "next", families[f].next, &attr);
			say_call(s, "by id", families[f].by_id, &attr);
		}
		for (u32 word = 2; word < ARRAY_LEN(fields); word++) {
			int res;

			memset(fields, 0, sizeof(fields));
			fields[0] = 0x7ffffff0;
			fields[word] = 1;
			res = side_call_sized(s, families[f].next, fields,
					      sizeof(fields));
			say(s, "next, word %u: %d\n", word, res);
			res = side_call_sized(s, families[f].by_id, fields,
					      sizeof(fields));
			say(s, "by id, word %u: %d\n", word, res);
		}
	}
}

static void map_handles_by_id(struct side *s)
{
	static const u32 flags[] = { BPF_F_RDONLY, BPF_F_WRONLY,
				     BPF_F_RDONLY | BPF_F_WRONLY, 1, 1u << 31 };
	int fd = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	u32 key = 0, value = 0;

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		union bpf_attr attr = { .map_id = id_of(s, fd),
					.open_flags = flags[i] };
		int other = side_call(s, BPF_MAP_GET_FD_BY_ID, &attr);

		say(s, "flags %u: %d\n", flags[i], other < 0 ? other : 0);
		if (other < 0)
			continue;
		attr = (union bpf_attr){ .map_fd = (u32)other,
					 .key = PTR(&key),
					 .value = PTR(&value) };
		say_call(s, "update", BPF_MAP_UPDATE_ELEM, &attr);
		say_call(s, "lookup", BPF_MAP_LOOKUP_ELEM, &attr);
		side_close(s, other);
	}
	side_close(s, fd);
}

static void map_info(struct side *s)
{
	static const u32 lengths[] = { 0,  4,	8,   20,  24,  80,   88,
				       96, 104, 105, 112, 200, 4096, 4097 };
	union bpf_attr create = {
		.map_type = BPF_MAP_TYPE_HASH,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 5,
		.map_flags = BPF_F_NO_PREALLOC | BPF_F_RDONLY,
		.map_name = "told.of",
	};
	int fd = side_call(s, BPF_MAP_CREATE, &create);
	u8 bytes[8192];

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		u32 len = lengths[i];
		int res;

		memset(bytes, 0, sizeof(bytes));
		res = get_info(s, fd, bytes, &len);
		say(s, "length %u: %d, %u\n", lengths[i], res, len);
		for (u32 k = 8; !res && k < len; k++)
			say(s, "%02x", bytes[k]);
		say(s, "\n");
		memset(bytes, 0, sizeof(bytes));
		bytes[lengths[i] ? lengths[i] - 1 : 0] = 1;
		len = lengths[i];
		res = get_info(s, fd, bytes, &len);
		say(s, "last byte of %u: %d\n", lengths[i], res);
	}
	side_close(s, fd);
}

static void info_errors(struct side *s)
{
	int fd = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	u8 info[256] = { 0 };
	union bpf_attr attr = { .info.bpf_fd = 1000,
				.info.info_len = 80,
				.info.info = PTR(info) };

	say_call(s, "unknown handle", BPF_OBJ_GET_INFO_BY_FD, &attr);
	attr.info.bpf_fd = (u32)-1;
	say_call(s, "handle -1", BPF_OBJ_GET_INFO_BY_FD, &attr);
	attr.info.bpf_fd = 0;
	say_call(s, "no object", BPF_OBJ_GET_INFO_BY_FD, &attr);
	attr.info.bpf_fd = (u32)fd;
	attr.info.info = BAD_POINTER;
	say_call(s, "nowhere", BPF_OBJ_GET_INFO_BY_FD, &attr);
	attr.info.info_len = 200;
	say_call(s, "nowhere, long", BPF_OBJ_GET_INFO_BY_FD, &attr);
	attr.info.info_len = 0;
	say_call(s, "nothing nowhere", BPF_OBJ_GET_INFO_BY_FD, &attr);
	side_close(s, fd);
}

static void prog_info(struct side *s)
{
	struct bpf_prog_info info = { 0 };
	int fd = side_prog(s, BPF_XDP);
	u32 len = sizeof(info), ids[4] = { 7, 7, 7, 7 };

	say(s, "info: %d\n", get_info(s, fd, &info, &len));
	say(s, "%u type %u name %s gpl %u maps %u ifindex %u\n", len, info.type,
	    info.name, info.gpl_compatible, info.nr_map_ids, info.ifindex);
	say(s, "btf %u funcs %u lines %u attach %u %u\n", info.btf_id,
	    info.nr_func_info, info.nr_line_info, info.attach_btf_id,
	    info.attach_btf_obj_id);
	say(s, "tag %02x%02x%02x%02x%02x%02x%02x%02x\n", info.tag[0],
	    info.tag[1], info.tag[2], info.tag[3], info.tag[4], info.tag[5],
	    info.tag[6], info.tag[7]);
	info = (struct bpf_prog_info){ .nr_map_ids = 4, .map_ids = PTR(ids) };
	len = sizeof(info);
	say(s, "maps: %d", get_info(s, fd, &info, &len));
	say(s, " %u %u\n", info.nr_map_ids, ids[0]);
	info = (struct bpf_prog_info){ .type = 99 };
	len = 4;
	say(s, "short: %d", get_info(s, fd, &info, &len));
	say(s, " %u %u\n", info.type, len);
	side_close(s, fd);
}

static void btf_info(struct side *s)
{
	static const u32 sizes[] = { 0, 10, 24, 4096 };
	int fd = side_btf(s);
	u8 raw[4096];

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct bpf_btf_info info = { .btf = PTR(raw),
					     .btf_size = sizes[i] };
		u32 len = sizeof(info), shown;
		int res;

		memset(raw, 0xee, sizeof(raw));
		res = get_info(s, fd, &info, &len);
		say(s, "%u: %d, %u, size %u kernel %u name %u\n", sizes[i], res,
		    len, info.btf_size, info.kernel_btf, info.name_len);
		shown = MIN(sizes[i], info.btf_size) + 4;
		for (u32 k = 0; k < shown && k < sizeof(raw); k++)
			say(s, "%02x", raw[k]);
		say(s, "\n");
	}
	side_close(s, fd);
}

/* A map with types; wrong ones. */
static void map_types(struct side *s)
{
	static const struct {
		u32 type, key, value, key_size, value_size;
	} rows[] = {
		{ BPF_MAP_TYPE_HASH, 1, 2, 4, 8 },
		{ BPF_MAP_TYPE_HASH, 1, 2, 4, 4 },
		{ BPF_MAP_TYPE_HASH, 2, 1, 4, 4 },
		{ BPF_MAP_TYPE_HASH, 0, 2, 4, 8 },
		{ BPF_MAP_TYPE_HASH, 1, 0, 4, 8 },
		{ BPF_MAP_TYPE_HASH, 9, 2, 4, 8 },
		{ BPF_MAP_TYPE_HASH, 1, 9, 4, 8 },
		{ BPF_MAP_TYPE_ARRAY, 1, 2, 4, 8 },
		{ BPF_MAP_TYPE_ARRAY, 0, 2, 4, 8 },
		{ BPF_MAP_TYPE_ARRAY, 0, 4, 4, 4 },
		{ BPF_MAP_TYPE_ARRAY, 3, 2, 4, 8 },
		{ BPF_MAP_TYPE_ARRAY, 5, 2, 4, 8 },
		{ BPF_MAP_TYPE_ARRAY, 6, 2, 4, 8 },
		{ BPF_MAP_TYPE_ARRAY, 1, 4, 4, 4 },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, 1, 2, 4, 8 },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, 3, 2, 4, 8 },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, 0, 2, 4, 8 },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, 0, 4, 4, 4 },
		{ BPF_MAP_TYPE_PROG_ARRAY, 1, 1, 4, 4 },
		{ BPF_MAP_TYPE_PROG_ARRAY, 0, 1, 4, 4 },
		{ BPF_MAP_TYPE_PROG_ARRAY, 3, 3, 4, 4 },
		{ BPF_MAP_TYPE_PERCPU_HASH, 3, 1, 4, 4 },
		{ BPF_MAP_TYPE_HASH, 5, 4, 4, 4 },
		{ BPF_MAP_TYPE_HASH, 1, 2, 0, 8 },
		{ BPF_MAP_TYPE_HASH, 2, 2, 8, 8 },
	};
	int btf = side_btf(s),
	    map = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	const int btfs[] = { btf, map, 1000, 0 };

	for (size_t b = 0; b < ARRAY_LEN(btfs); b++) {
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			const union bpf_attr attr = {
				.map_type = rows[i].type,
				.key_size = rows[i].key_size,
				.value_size = rows[i].value_size,
				.max_entries = 1,
				.btf_fd = (u32)btfs[b],
				.btf_key_type_id = rows[i].key,
				.btf_value_type_id = rows[i].value,
			};

			say(s, "btf %zu row %zu ", b, i);
			say_call(s, "create", BPF_MAP_CREATE, &attr);
		}
	}
	side_close(s, map);
	side_close(s, btf);
}

static void btf_load_errors(struct side *s)
{
	static struct btf_make m;
	static char log[256];
	union bpf_attr good = { 0 }, attr;

	make_init(&m);
	make_int(&m, "u32", 4, 0);
	good.btf_size = make_end(&m);
	good.btf = PTR(m.out);
	say_call(s, "good", BPF_BTF_LOAD, &good);
	attr = good;
	attr.btf = BAD_POINTER;
	say_call(s, "nowhere", BPF_BTF_LOAD, &attr);
	attr.btf_size = 0;
	say_call(s, "nothing nowhere", BPF_BTF_LOAD, &attr);
	attr.btf_size = (16 << 20) + 1;
	say_call(s, "too much nowhere", BPF_BTF_LOAD, &attr);
	for (u32 i = 0; i < 8; i++) {
		for (u32 level = 0; level < 20; level++) {
			attr = good;
			attr.btf_log_buf = i & 1 ? PTR(log) : 0;
			attr.btf_log_size = i & 2 ? sizeof(log) : 0;
			attr.btf_log_level = level;
			attr.btf = i & 4 ? BAD_POINTER : attr.btf;
			say(s, "log %u level %u ", i, level);
			say_call(s, "load", BPF_BTF_LOAD, &attr);
		}
	}
	attr = good;
	attr.btf_log_size = 1u << 30;
	attr.btf_log_buf = PTR(log);
	attr.btf_log_level = 1;
	say_call(s, "log too long", BPF_BTF_LOAD, &attr);
	for (u32 word = 32; word < 168; word += 4) {
		union bpf_attr_618 u = whole_attr(good);
		int res;

		u.bytes[word] = 1;
		res = side_call_sized(s, BPF_BTF_LOAD, &u, sizeof(u));
		say(s, "word %u: %d\n", word, res < 0 ? res : 0);
		side_close(s, res);
	}
}

/* Weir's names are not files, but what is pinned answers alike. */
static void pins(struct side *s)
{
	int map = side_map(s, BPF_MAP_TYPE_HASH, 4, 4, 1, 0);
	int prog = side_prog(s, BPF_XDP), btf = side_btf(s), fd;
	char path[64], other[64];
	union bpf_attr attr;
	u32 key = 0, value = 0;

	snprintf(path, sizeof(path), "/sys/fs/bpf/weir-%d-a", getpid());
	snprintf(other, sizeof(other), "/sys/fs/bpf/weir-%d-b", getpid());
	attr = (union bpf_attr){ .pathname = PTR(path) };
	say_call(s, "get before", BPF_OBJ_GET, &attr);
	attr.bpf_fd = 1000;
	say_call(s, "pin an unknown handle", BPF_OBJ_PIN, &attr);
	attr.bpf_fd = 0;
	say_call(s, "pin what is no object", BPF_OBJ_PIN, &attr);
	attr.bpf_fd = (u32)btf;
	say_call(s, "pin BTF", BPF_OBJ_PIN, &attr);
	attr.bpf_fd = (u32)map;
	say_call(s, "pin a map", BPF_OBJ_PIN, &attr);
	say_call(s, "again", BPF_OBJ_PIN, &attr);
	say_call(s, "get with a handle", BPF_OBJ_GET, &attr);
	attr.pathname = BAD_POINTER;
	say_call(s, "pin nowhere", BPF_OBJ_PIN, &attr);
	attr.pathname = PTR("");
	say_call(s, "pin without a name", BPF_OBJ_PIN, &attr);
	attr.pathname = PTR(other);
	attr.bpf_fd = (u32)prog;
	say_call(s, "pin a program", BPF_OBJ_PIN, &attr);
	side_close(s, map);
	side_close(s, prog);
	attr = (union bpf_attr){ .pathname = PTR(path),
				 .file_flags = BPF_F_RDONLY };
	fd = side_call(s, BPF_OBJ_GET, &attr);
	attr = (union bpf_attr){ .map_fd = (u32)fd,
				 .key = PTR(&key),
				 .value = PTR(&value) };
	say_call(s, "update", BPF_MAP_UPDATE_ELEM, &attr);
	say_call(s, "lookup", BPF_MAP_LOOKUP_ELEM, &attr);
	side_close(s, fd);
	attr = (union bpf_attr){ .pathname = PTR(other) };
	say_call(s, "get the program", BPF_OBJ_GET, &attr);
	for (u32 word = 8; word < 168; word += 4) {
		union bpf_attr_618 u =
			whole_attr((union bpf_attr){ .pathname = PTR(path) });
		int res;

		u.bytes[word] = 1;
		res = side_call_sized(s, BPF_OBJ_GET, &u, sizeof(u));
		say(s, "word %u: %d\n", word, res < 0 ? res : 0);
		side_close(s, res);
	}
	attr = (union bpf_attr){ .pathname = PTR(path),
				 .file_flags = BPF_F_RDONLY | BPF_F_WRONLY };
	say_call(s, "neither", BPF_OBJ_GET, &attr);
	side_close(s, btf);
	unlink(path);
	unlink(other);
	if (s->client) {
		sys_unpin(s->sys, path);
		sys_unpin(s->sys, other);
	}
}

/* A file system of our own for the kernel's pins. */
static bool mount_bpffs(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) == 0;
}

int main(void)
{
	static const struct wcase cases[] = {
		{ "ids", ids },
		{ "id errors", id_errors },
		{ "map handles by id", map_handles_by_id },
		{ "map info", map_info },
		{ "info errors", info_errors },
		{ "prog info", prog_info },
		{ "btf info", btf_info },
		{ "map types", map_types },
		{ "btf load errors", btf_load_errors },
		{ "pins", pins },
	};

	if (!mount_bpffs()) {
		printf("bpffs cannot be mounted: %s\n", strerror(errno));
		return SKIP;
	}
	return wbpf_compare(cases, ARRAY_LEN(cases));
}
