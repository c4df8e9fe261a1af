/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_prog.c - BPF_PROG_LOAD: what is refused, and when, by bpf(2) and
 * wbpf() */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "asm.h"
#include "btf_make.h"
#include "wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))
#define BAD_POINTER 8

static const struct bpf_insn pass[] = { ALU64_K(MOV, R0, XDP_PASS), EXIT() };

static union bpf_attr good_attr(void)
{
	return (union bpf_attr){ .prog_type = BPF_PROG_TYPE_XDP,
				 .insns = PTR(pass),
				 .insn_cnt = ARRAY_LEN(pass),
				 .license = PTR("GPL") };
}

static void fields(struct side *s)
{
	for (u32 word = 32; word < 168; word += 4) {
		union bpf_attr_618 u = whole_attr(good_attr());
		int res;

		/* a name takes any letter */
		u.bytes[word] = word >= 48 && word < 64 ? ' ' : 1;
		res = side_call_sized(s, BPF_PROG_LOAD, &u, sizeof(u));
		say(s, "word %u: %d\n", word, res < 0 ? res : 0);
		side_close(s, res);
	}
}

static void flags(struct side *s)
{
	for (u32 bit = 0; bit < 32; bit++) {
		union bpf_attr attr = good_attr();

		attr.prog_flags = 1u << bit;
		/* a token that is none; sleeping programs; devices */
		if (attr.prog_flags == BPF_F_TOKEN_FD ||
		    attr.prog_flags == BPF_F_SLEEPABLE ||
		    attr.prog_flags == BPF_F_XDP_DEV_BOUND_ONLY)
			continue;
		say(s, "flag %u ", bit);
		say_call(s, "load", BPF_PROG_LOAD, &attr);
	}
}

/* Two things wrong at once: which is seen first? */
static void order(struct side *s)
{
	static const char space[BPF_OBJ_NAME_LEN] = "a b";
	enum { FLAGS, COUNT, INSNS, LICENSE, TYPE, NAME, LOG, WRONGS };

	for (u32 a = 0; a < WRONGS; a++) {
		for (u32 b = a; b < WRONGS; b++) {
			union bpf_attr attr = good_attr();

			for (u32 k = 0; k < WRONGS; k++) {
				if (k != a && k != b)
					continue;
				if (k == FLAGS)
					attr.prog_flags = 1u << 31;
				if (k == COUNT)
					attr.insn_cnt = 0;
				if (k == INSNS)
					attr.insns = BAD_POINTER;
				if (k == LICENSE)
					attr.license = BAD_POINTER;
				if (k == TYPE)
					attr.prog_type = 1000;
				if (k == NAME)
					memcpy(attr.prog_name, space,
					       sizeof(space));
				if (k == LOG)
					attr.log_size = 100;
			}
			say(s, "%u and %u ", a, b);
			say_call(s, "load", BPF_PROG_LOAD, &attr);
		}
	}
}

static void counts(struct side *s)
{
	static const u32 cnts[] = { 0, 1, 2, 1000001, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(cnts); i++) {
		union bpf_attr attr = good_attr();

		attr.insn_cnt = cnts[i];
		say(s, "%u instructions ", cnts[i]);
		say_call(s, "load", BPF_PROG_LOAD, &attr);
	}
}

static void names(struct side *s)
{
	static const char *const all[] = {
		"", "a", "a.b_c", "a-b", "123", "\xe9", "a b", "fifteen_letters"
	};
	union bpf_attr attr;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		attr = good_attr();
		memcpy(attr.prog_name, all[i], strlen(all[i]));
		say(s, "'%s' ", all[i]);
		say_call(s, "load", BPF_PROG_LOAD, &attr);
	}
	attr = good_attr();
	memset(attr.prog_name, 'x', sizeof(attr.prog_name));
	say_call(s, "16 letters", BPF_PROG_LOAD, &attr);
}

static void licenses(struct side *s)
{
	static const char *const all[] = { "",
					   "GPL",
					   "GPL v2",
					   "GPL and additional rights",
					   "Dual BSD/GPL",
					   "Dual MIT/GPL",
					   "Dual MPL/GPL",
					   "Dual BSD/GPL ",
					   "gpl",
					   "BSD",
					   "Proprietary" };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct bpf_prog_info info = { 0 };
		union bpf_attr attr = good_attr();
		int fd;

		attr.license = PTR(all[i]);
		fd = side_call(s, BPF_PROG_LOAD, &attr);
		attr = (union bpf_attr){ .info.bpf_fd = (u32)fd,
					 .info.info_len = sizeof(info),
					 .info.info = PTR(&info) };
		say_call(s, "info", BPF_OBJ_GET_INFO_BY_FD, &attr);
		say(s, "'%s': %u\n", all[i], info.gpl_compatible);
		side_close(s, fd);
	}
}

static void maps(struct side *s)
{
	int map = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	int hash = side_map(s, BPF_MAP_TYPE_HASH, 4, 8, 1, 0);
	int jumps = side_map(s, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0);
	int prog = side_prog(s, BPF_XDP);
	const int fds[] = { map, hash, jumps, prog, 1000, -1, 0 };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		const struct bpf_insn by_fd[] = {
			LD_MAP(R1, fds[i]),
			ALU64_K(MOV, R0, 0),
			EXIT(),
		};
		const struct bpf_insn value[] = {
			LD_VALUE(R1, fds[i], 0),
			ALU64_K(MOV, R0, 0),
			EXIT(),
		};
		const struct bpf_insn by_index[] = {
			LD_PSEUDO(R1, BPF_PSEUDO_MAP_IDX, i, 0),
			ALU64_K(MOV, R0, 0),
			EXIT(),
		};
		union bpf_attr attr = good_attr();

		attr.insn_cnt = ARRAY_LEN(by_fd);
		attr.insns = PTR(by_fd);
		say(s, "%zu ", i);
		say_call(s, "map", BPF_PROG_LOAD, &attr);
		attr.insns = PTR(value);
		say_call(s, "value", BPF_PROG_LOAD, &attr);
		attr.insns = PTR(by_index);
		say_call(s, "index, no array", BPF_PROG_LOAD, &attr);
		attr.fd_array = PTR(fds);
		say_call(s, "index", BPF_PROG_LOAD, &attr);
		attr.fd_array = BAD_POINTER;
		say_call(s, "index nowhere", BPF_PROG_LOAD, &attr);
	}
	side_close(s, prog);
	side_close(s, jumps);
	side_close(s, hash);
	side_close(s, map);
}

/* A program keeps its maps; what it uses is told. */
static void references(struct side *s)
{
	int map = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0), fd;
	int hash = side_map(s, BPF_MAP_TYPE_HASH, 4, 8, 1, 0);
	const struct bpf_insn code[] = {
		LD_MAP(R1, map),     LD_MAP(R1, hash), LD_MAP(R1, map),
		ALU64_K(MOV, R0, 0), EXIT(),
	};
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = good_attr(), ask;
	u32 ids[3] = { 0 };

	attr.insns = PTR(code);
	attr.insn_cnt = ARRAY_LEN(code);
	fd = side_call(s, BPF_PROG_LOAD, &attr);
	side_close(s, map);
	side_close(s, hash);
	info.nr_map_ids = 3;
	info.map_ids = PTR(ids);
	ask = (union bpf_attr){ .info.bpf_fd = (u32)fd,
				.info.info_len = sizeof(info),
				.info.info = PTR(&info) };
	say_call(s, "info", BPF_OBJ_GET_INFO_BY_FD, &ask);
	say(s, "%u maps, two alike: %d\n", info.nr_map_ids, ids[0] == ids[1]);
	for (u32 i = 0; i < 2; i++) {
		attr = (union bpf_attr){ .map_id = ids[i] };
		say_call(s, "map by id", BPF_MAP_GET_FD_BY_ID, &attr);
	}
	side_close(s, fd);
}

struct debug {
	struct btf_make m;
	int btf;
	struct bpf_func_info func[2];
	struct bpf_line_info line[2];
	u8 room[512]; /* for records that are said to be longer */
};

static void make_debug(struct side *s, struct debug *d)
{
	union bpf_attr attr = { 0 };
	u32 file, text;

	make_init(&d->m);
	make_int(&d->m, "int", 4, BTF_INT_SIGNED);
	make_type(&d->m, NULL, BTF_KIND_FUNC_PROTO, 0, 1);
	make_type(&d->m, "main", BTF_KIND_FUNC, 1, 2);
	file = make_name(&d->m, "a.c");
	text = make_name(&d->m, "return 2;");
	attr.btf_size = make_end(&d->m);
	attr.btf = PTR(d->m.out);
	d->btf = side_call(s, BPF_BTF_LOAD, &attr);
	d->func[0] = (struct bpf_func_info){ 0, 3 };
	d->func[1] = (struct bpf_func_info){ 1, 3 };
	d->line[0] = (struct bpf_line_info){ 0, file, text, 5 << 10 | 3 };
	d->line[1] = (struct bpf_line_info){ 1, file, text, 6 << 10 | 3 };
}

static union bpf_attr debug_attr(const struct debug *d)
{
	union bpf_attr attr = good_attr();

	attr.prog_btf_fd = (u32)d->btf;
	attr.func_info = PTR(d->func);
	attr.func_info_cnt = 1;
	attr.func_info_rec_size = sizeof(d->func[0]);
	attr.line_info = PTR(d->line);
	attr.line_info_cnt = 2;
	attr.line_info_rec_size = sizeof(d->line[0]);
	return attr;
}

static void debug(struct side *s)
{
	static const u32 sizes[] = { 0, 4, 7, 8, 9, 12, 16, 252, 256 };
	static struct debug d;
	union bpf_attr attr;

	make_debug(s, &d);
	attr = debug_attr(&d);
	say_call(s, "all", BPF_PROG_LOAD, &attr);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		attr = debug_attr(&d);
		attr.func_info_rec_size = sizes[i];
		say(s, "func size %u ", sizes[i]);
		say_call(s, "load", BPF_PROG_LOAD, &attr);
		attr = debug_attr(&d);
		attr.line_info_cnt = 1;
		attr.line_info_rec_size = sizes[i];
		say(s, "line size %u ", sizes[i]);
		say_call(s, "load", BPF_PROG_LOAD, &attr);
	}
	attr = debug_attr(&d);
	attr.prog_btf_fd = 1000;
	say_call(s, "unknown BTF", BPF_PROG_LOAD, &attr);
	attr.prog_btf_fd = 0;
	say_call(s, "no BTF", BPF_PROG_LOAD, &attr);
	attr = debug_attr(&d);
	attr.func_info = BAD_POINTER;
	say_call(s, "funcs nowhere", BPF_PROG_LOAD, &attr);
	attr = debug_attr(&d);
	attr.line_info = BAD_POINTER;
	say_call(s, "lines nowhere", BPF_PROG_LOAD, &attr);
	attr = debug_attr(&d);
	attr.func_info_cnt = 2;
	say_call(s, "a func that is none", BPF_PROG_LOAD, &attr);
	side_close(s, d.btf);
}

static int ask_info(struct side *s, int fd, struct bpf_prog_info *info)
{
	union bpf_attr attr = { .info.bpf_fd = (u32)fd,
				.info.info_len = sizeof(*info),
				.info.info = PTR(info) };

	return side_call(s, BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static void say_debug(struct side *s, const struct bpf_prog_info *info,
		      const struct debug *d)
{
	say(s, "%u funcs of %u, %u lines of %u, %u tags\n", info->nr_func_info,
	    info->func_info_rec_size, info->nr_line_info,
	    info->line_info_rec_size, info->nr_prog_tags);
	for (u32 i = 0; i < 2; i++)
		say(s, "func %u type %u, line %u file %u text %u at %x\n",
		    d->func[i].insn_off, d->func[i].type_id,
		    d->line[i].insn_off, d->line[i].file_name_off,
		    d->line[i].line_off, d->line[i].line_col);
}

/* What was given comes back, as much of it as there is room for. */
static void debug_is_told(struct side *s)
{
	static const u32 rooms[] = { 0, 1, 2, 9 };
	static struct debug d, got;
	struct bpf_prog_info info;
	union bpf_attr attr;
	u8 tag[BPF_TAG_SIZE];
	int fd, res;

	make_debug(s, &d);
	attr = debug_attr(&d);
	fd = side_call(s, BPF_PROG_LOAD, &attr);
	for (u32 i = 0; i < ARRAY_LEN(rooms); i++) {
		got = (struct debug){ 0 };
		info = (struct bpf_prog_info){
			.nr_func_info = rooms[i],
			.func_info_rec_size = rooms[i] ? 8 : 0,
			.func_info = PTR(got.func),
			.nr_line_info = rooms[i],
			.line_info_rec_size = rooms[i] ? 16 : 0,
			.line_info = PTR(got.line),
			.nr_prog_tags = rooms[i],
			.prog_tags = PTR(tag),
		};
		memset(tag, 0, sizeof(tag));
		res = ask_info(s, fd, &info);
		say(s, "room for %u: %d, the tag: %d\n", rooms[i], res,
		    memcmp(tag, info.tag, sizeof(tag)) == 0);
		say_debug(s, &info, &got);
	}
	for (u32 size = 0; size < 20; size += 4) {
		info = (struct bpf_prog_info){ .nr_func_info = 1,
					       .func_info_rec_size = size,
					       .func_info = PTR(got.func) };
		say(s, "func size %u: %d\n", size, ask_info(s, fd, &info));
		info = (struct bpf_prog_info){ .line_info_rec_size = size };
		say(s, "line size %u: %d\n", size, ask_info(s, fd, &info));
		info = (struct bpf_prog_info){ .jited_line_info_rec_size =
						       size };
		say(s, "jited size %u: %d\n", size, ask_info(s, fd, &info));
	}
	info = (struct bpf_prog_info){ .nr_line_info = 1,
				       .line_info_rec_size = 16,
				       .line_info = BAD_POINTER };
	say(s, "lines nowhere: %d\n", ask_info(s, fd, &info));
	info = (struct bpf_prog_info){ .xlated_prog_len = 8,
				       .xlated_prog_insns = BAD_POINTER };
	say(s, "instructions nowhere: %d\n", ask_info(s, fd, &info));
	info = (struct bpf_prog_info){ .xlated_prog_len = 64,
				       .xlated_prog_insns = PTR(got.room) };
	res = ask_info(s, fd, &info);
	say(s, "instructions: %d, %u bytes, %u verified,", res,
	    info.xlated_prog_len, info.verified_insns);
	for (u32 i = 0; i < info.xlated_prog_len; i++)
		say(s, " %02x", got.room[i]);
	say(s, "\n");
	side_close(s, fd);
	side_close(s, d.btf);
}

static void wrong_debug(struct side *s)
{
	static struct debug d;
	union bpf_attr attr;

	make_debug(s, &d);
	d.func[0].type_id = 1;
	attr = debug_attr(&d);
	say_call(s, "func of type int", BPF_PROG_LOAD, &attr);
	d.func[0].type_id = 99;
	say_call(s, "func of no type", BPF_PROG_LOAD, &attr);
	d.func[0] = (struct bpf_func_info){ 1, 3 };
	say_call(s, "first func not at 0", BPF_PROG_LOAD, &attr);
	side_close(s, d.btf);
	make_debug(s, &d);
	attr = debug_attr(&d);
	d.line[1].insn_off = 0;
	say_call(s, "lines out of order", BPF_PROG_LOAD, &attr);
	d.line[1].insn_off = 2;
	say_call(s, "line past the end", BPF_PROG_LOAD, &attr);
	d.line[1].insn_off = 1;
	d.line[1].line_off = 1u << 20;
	say_call(s, "line's text nowhere", BPF_PROG_LOAD, &attr);
	d.line[1].line_off = d.line[0].line_off;
	d.line[1].file_name_off = 1u << 20;
	say_call(s, "line's file nowhere", BPF_PROG_LOAD, &attr);
	side_close(s, d.btf);
}

/* Values that name a program by its descriptor, and are read with its id. */
static void linked(struct side *s)
{
	static const u32 types[] = { BPF_MAP_TYPE_DEVMAP,
				     BPF_MAP_TYPE_DEVMAP_HASH,
				     BPF_MAP_TYPE_CPUMAP };
	const int progs[] = { side_prog(s, BPF_XDP_DEVMAP),
			      side_prog(s, BPF_XDP_CPUMAP),
			      side_prog(s, BPF_XDP) };
	int map = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	const int fds[] = { 0,	      -1,  progs[0], progs[1],
			    progs[2], map, 1000,     INT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(types) * ARRAY_LEN(fds); i++) {
		u32 type = types[i / ARRAY_LEN(fds)], key = 0;
		int to = side_map(s, type, 4, 8, 1, 0);
		u32 value[2] = { 1, (u32)fds[i % ARRAY_LEN(fds)] };
		union bpf_attr attr = { .map_fd = (u32)to,
					.key = PTR(&key),
					.value = PTR(value) };

		say(s, "type %u, number %zu: ", type, i % ARRAY_LEN(fds));
		say_call(s, "update", BPF_MAP_UPDATE_ELEM, &attr);
		value[0] = value[1] = 0;
		say_call(s, "lookup", BPF_MAP_LOOKUP_ELEM, &attr);
		say(s, "first %u, a program: %d\n", value[0], value[1] != 0);
		side_close(s, to);
	}
	for (size_t i = 0; i < ARRAY_LEN(progs); i++)
		side_close(s, progs[i]);
	side_close(s, map);
}

/* All that jump through an array are of a kind. */
static void kinds(struct side *s)
{
	int jumps = side_map(s, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0);
	const struct bpf_insn code[] = {
		LD_MAP(R2, jumps),
		ALU64_K(MOV, R3, 0),
		CALL(BPF_FUNC_tail_call),
		ALU64_K(MOV, R0, 0),
		EXIT(),
	};
	static const u32 attach[] = { BPF_XDP, BPF_XDP_DEVMAP, BPF_XDP_CPUMAP,
				      0 };

	for (size_t i = 0; i < ARRAY_LEN(attach); i++) {
		union bpf_attr attr = good_attr();

		attr.insns = PTR(code);
		attr.insn_cnt = ARRAY_LEN(code);
		attr.expected_attach_type = attach[i];
		say(s, "attach type %u ", attach[i]);
		say_call(s, "load", BPF_PROG_LOAD, &attr);
		attr.prog_flags = BPF_F_XDP_HAS_FRAGS;
		say_call(s, "frags", BPF_PROG_LOAD, &attr);
	}
	side_close(s, jumps);
}

int main(void)
{
	static const struct wcase cases[] = {
		{ "fields", fields }, { "flags", flags },
		{ "order", order },   { "counts", counts },
		{ "names", names },   { "licenses", licenses },
		{ "maps", maps },     { "references", references },
		{ "debug", debug },   { "debug is told", debug_is_told },
		{ "wrong debug", wrong_debug },
		{ "kinds", kinds },
		{ "linked", linked },
	};

	return wbpf_compare(cases, ARRAY_LEN(cases));
}
