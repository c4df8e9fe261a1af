/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_redirect.c - devmaps, cpumaps and xskmaps against the live kernel
 *
 * Random commands, with programs of all kinds in the values, and programs that
 * look up and redirect with random flags, on a port that is there and on others
 * that are not.  The seed is printed; `maps_redirect SEED` repeats it.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "maps/pkt_queue.h"
#include "twin.h"

#define ENTRIES 3
#define OPS 6000
#define PROGRAM_EVERY 16

/* The kernel's program and one of Weir's like it, with the same id. */
struct pair {
	int fd;
	struct prog *prog;
};

static const struct {
	u32 type, attach_type, flags;
} kinds[] = {
	{ BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 0 },
	{ BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, 0 },
	{ BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, BPF_F_XDP_HAS_FRAGS },
	{ BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, BPF_F_XDP_HAS_FRAGS },
	{ BPF_PROG_TYPE_XDP, 0, 0 },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, 0 },
};

#define PROGS ARRAY_LEN(kinds)

static u32 kernel_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (u32)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (u64)(uintptr_t)&info;
	return kmap_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) ? 0 : info.id;
}

static bool load(struct twin *t, u32 i, struct pair *p)
{
	const struct bpf_insn insns[] = { ALU64_K(MOV, R0, 2), EXIT() };
	const struct kprog_load kernel = {
		.type = kinds[i].type,
		.attach_type = kinds[i].attach_type,
		.flags = kinds[i].flags,
		.insns = insns,
		.cnt = ARRAY_LEN(insns),
		.license = "GPL",
	};
	const struct prog_attr ours = {
		.type = kinds[i].type,
		.expected_attach_type = kinds[i].attach_type,
		.flags = kinds[i].flags,
		.name = "entry",
		.license = "GPL",
		.insns = insns,
		.insn_cnt = ARRAY_LEN(insns),
	};

	p->fd = kprog_load(&kernel);
	if (p->fd < 0 || prog_create(t->mem, &ours, NULL, &p->prog) != 0)
		return false;
	p->prog->id = kernel_id(p->fd);
	return true;
}

/* ---- commands ---- */

static u32 some_key(struct twin *t, u32 type)
{
	static const u32 far[] = { 4, 5, 8, 1000, UINT32_MAX };

	if (type == BPF_MAP_TYPE_DEVMAP_HASH && twin_random(t, 3) == 0)
		return far[twin_random(t, ARRAY_LEN(far))];
	return twin_random(t, ENTRIES + 2);
}

static u32 some_first(struct twin *t, u32 type)
{
	static const u32 ports[] = { 0, 1, 1, 1, 999 };
	static const u32 sizes[] = { 0, 1, 64, 16384, 16385 };

	return type == BPF_MAP_TYPE_CPUMAP
		       ? sizes[twin_random(t, ARRAY_LEN(sizes))]
		       : ports[twin_random(t, ARRAY_LEN(ports))];
}

static void write_both(struct twin *t, u32 i, const struct pair *pairs)
{
	static const u64 flags[] = { 0, 0, 0, 0, 1, 2, 3, 4, 1ull << 40 };
	struct map *map = t->maps[i];
	u32 key = some_key(t, map->type);
	u64 flag = flags[twin_random(t, ARRAY_LEN(flags))];
	u32 which = twin_random(t, PROGS + 3);
	s32 fd = which < PROGS	      ? pairs[which].fd
		 : which == PROGS     ? 0
		 : which == PROGS + 1 ? -1
				      : 4000;
	u32 value[2] = { some_first(t, map->type), (u32)fd };
	struct prog *prog = which < PROGS && map->value_size == 8
				    ? pairs[which].prog
				    : NULL;

	twin_compare(t, "write", kmap_write(t->fds[i], &key, value, flag),
		     map->ops->write_linked(map, &key, value, prog, flag));
}

static void read_both(struct twin *t, u32 i)
{
	struct map *map = t->maps[i];
	u32 key = some_key(t, map->type);
	u64 theirs = 0, mine = 0;
	u64 flags = twin_random(t, 8) ? 0 : 1;

	twin_compare(t, "read", kmap_read(t->fds[i], &key, &theirs, flags),
		     map->ops->read(map, &key, &mine, flags));
	twin_compare(t, "what was read", (s64)theirs, (s64)mine);
}

static void walk_both(struct twin *t, u32 i)
{
	struct map *map = t->maps[i];
	u32 key = some_key(t, map->type), theirs = 0, mine = 0;
	const u32 *from = twin_random(t, 4) ? &key : NULL;

	twin_compare(t, "next_key", kmap_next_key(t->fds[i], from, &theirs),
		     map->ops->next_key(map, from, &mine));
	twin_compare(t, "key", theirs, mine);
}

static void erase_both(struct twin *t, u32 i)
{
	u32 key = some_key(t, t->maps[i]->type);

	twin_compare(t, "erase", kmap_erase(t->fds[i], &key),
		     t->maps[i]->ops->erase(t->maps[i], &key));
}

/* ---- programs ---- */

static u64 some_flags(struct twin *t)
{
	static const u64 flags[] = { 0,
				     BPF_F_BROADCAST,
				     BPF_F_EXCLUDE_INGRESS,
				     BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS,
				     1ull << 5,
				     1ull << 33 };

	return twin_random(t, 4) |
	       (twin_random(t, 2) ? 0
				  : flags[twin_random(t, ARRAY_LEN(flags))]);
}

static void run_both(struct twin *t, u32 i)
{
	struct map *map = t->maps[i];
	bool dev = map->type == BPF_MAP_TYPE_DEVMAP ||
		   map->type == BPF_MAP_TYPE_DEVMAP_HASH;
	u64 high = twin_random(t, 4) ? 0 : 1ull << 32;

	TWIN_ADD(t, LD_MAP(R1, (s32)i), LD64(R2, high | some_key(t, map->type)),
		 LD64(R3, some_flags(t)), CALL(BPF_FUNC_redirect_map),
		 ALU64_X(MOV, R6, R0));
	if (dev) {
		TWIN_ADD(t, ST(W, R10, -4, (s32)some_key(t, map->type)),
			 LD_MAP(R1, (s32)i), ALU64_X(MOV, R2, R10),
			 ALU64_K(ADD, R2, -4), CALL(BPF_FUNC_map_lookup_elem),
			 ALU64_K(MOV, R7, -1), JMP64_K(JEQ, R0, 0, 1),
			 LDX(W, R7, R0, 0));
		twin_keep(t, R7, 0);
	}
	TWIN_ADD(t, ALU64_X(MOV, R0, R6), EXIT());
	twin_run(t, BPF_PROG_TYPE_XDP, twin_engine(t));
}

static void one(struct twin *t, u32 i, const struct pair *pairs)
{
	if (twin_random(t, PROGRAM_EVERY) == 0) {
		run_both(t, i);
		return;
	}
	switch (twin_random(t, 5)) {
	case 0: read_both(t, i); break;
	case 1: walk_both(t, i); break;
	case 2: erase_both(t, i); break;
	default: write_both(t, i, pairs);
	}
}

static void sequence(struct twin *t, u32 type, u32 value_size,
		     const struct pair *pairs)
{
	const struct map_attr attr = { .type = type,
				       .key_size = 4,
				       .value_size = value_size,
				       .max_entries = ENTRIES };
	int i = twin_map(t, &attr);

	if (i < 0) {
		t->different++;
		return;
	}
	for (u32 n = 0; n < OPS; n++)
		one(t, (u32)i, pairs);
}

/* ---- an AF_XDP socket, and a queue ---- */

struct socket_pair {
	int fd;
	struct pkt_queue *queue;
};

#define SOCKETS 2

static void put_socket(struct twin *t, u32 i, const struct socket_pair *pairs)
{
	static const u64 flags[] = { BPF_ANY, BPF_ANY, BPF_NOEXIST, BPF_EXIST,
				     BPF_EXIST + 1, 1ull << 40 };
	struct map *map = t->maps[i];
	u32 key = some_key(t, map->type), which = twin_random(t, SOCKETS + 1);
	u64 flag = flags[twin_random(t, ARRAY_LEN(flags))];
	s32 fd = which < SOCKETS ? pairs[which].fd : -1;
	int mine = map->ops->check_write(map, &key, flag);

	if (!mine)
		mine = which < SOCKETS
			       ? map->ops->write_object(
					 map, &key, pairs[which].queue, flag)
			       : -EBADF;
	twin_compare(t, "socket", kmap_write(t->fds[i], &key, &fd, flag), mine);
}

/* Is there one, and of which queue? */
static void look_for_socket(struct twin *t, u32 i)
{
	TWIN_ADD(t, ST(W, R10, -4, (s32)some_key(t, t->maps[i]->type)),
		 LD_MAP(R1, (s32)i), ALU64_X(MOV, R2, R10),
		 ALU64_K(ADD, R2, -4), CALL(BPF_FUNC_map_lookup_elem),
		 ALU64_K(MOV, R7, -1), JMP64_K(JEQ, R0, 0, 1),
		 LDX(W, R7, R0, 0));
	twin_keep(t, R7, 0);
	TWIN_ADD(t, ALU64_K(MOV, R0, 2), EXIT());
	twin_run(t, BPF_PROG_TYPE_XDP, twin_random(t, 2));
}

static void ask(struct twin *t, u32 i, const struct socket_pair *pairs)
{
	for (u32 n = 0; n < OPS / 2; n++) {
		switch (twin_random(t, PROGRAM_EVERY)) {
		case 0: run_both(t, i); break;
		case 1: look_for_socket(t, i); break;
		case 2:
		case 3: read_both(t, i); break;
		case 4: walk_both(t, i); break;
		case 5:
		case 6:
		case 7: erase_both(t, i); break;
		default: put_socket(t, i, pairs);
		}
	}
}

static void sockets(struct twin *t)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_XSKMAP,
				       .key_size = 4,
				       .value_size = 4,
				       .max_entries = ENTRIES };
	struct socket_pair pairs[SOCKETS];
	int i = twin_map(t, &attr);

	if (i < 0) {
		t->different++;
		return;
	}
	for (u32 n = 0; n < SOCKETS; n++) {
		pairs[n].fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
		if (pkt_queue_create(t->mem, 1, 0, 1, &pairs[n].queue) != 0 ||
		    pairs[n].fd < 0) {
			printf("no socket or no queue: %s\n", strerror(errno));
			exit(EXIT_FAILURE);
		}
	}
	ask(t, (u32)i, pairs);
	for (u32 n = 0; n < SOCKETS; n++) {
		close(pairs[n].fd);
		pkt_queue_put(pairs[n].queue);
	}
}

int main(int argc, char **argv)
{
	const char *why = kprog_unavailable();
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 21;
	static const u32 types[] = { BPF_MAP_TYPE_DEVMAP,
				     BPF_MAP_TYPE_DEVMAP_HASH,
				     BPF_MAP_TYPE_CPUMAP };
	struct pair pairs[PROGS];
	static struct twin t;

	/* where port 1 is there, and no other is */
	if (!why && unshare(CLONE_NEWNET) != 0)
		why = strerror(errno);
	if (why) {
		printf("bpf(2): %s\n", why);
		return KPROG_SKIP;
	}
	if (!twin_open(&t, seed))
		return EXIT_FAILURE;
	atomic_store(&t.env.ports, 1);
	for (u32 i = 0; i < PROGS; i++)
		if (!load(&t, i, &pairs[i]))
			return EXIT_FAILURE;
	for (u32 i = 0; i < 2 * ARRAY_LEN(types); i++)
		sequence(&t, types[i / 2], i & 1 ? 8 : 4, pairs);
	sockets(&t);
	for (u32 i = 0; i < PROGS; i++) {
		prog_put(pairs[i].prog);
		close(pairs[i].fd);
	}
	twin_close(&t);
	printf("%" PRIu64 " compared, %" PRIu64 " different\n", t.compared,
	       t.different);
	return t.different || t.compared < OPS ? EXIT_FAILURE : EXIT_SUCCESS;
}
