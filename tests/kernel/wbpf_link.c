/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf_link.c - programs at hooks, through bpf(2) and wbpf()
 *
 * Linux attaches to the loopback device of an empty network namespace, number
 * 1; Weir to the first port of a plane that nothing runs on.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "asm.h"
#include "plane_rig.h"
#include "wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))
#define BAD_POINTER 8
#define PORT 1
#define NO_PORT 1000

#define XDP BPF_PROG_TYPE_XDP
#define CLS BPF_PROG_TYPE_SCHED_CLS
#define ACT BPF_PROG_TYPE_SCHED_ACT
#define SOCKET BPF_PROG_TYPE_SOCKET_FILTER

static struct plane *plane;

static void ports_up(struct side *s)
{
	if (!s->client)
		return;
	plane = rig_plane(sys_mem(s->sys));
	sys_set_attach(s->sys, &plane_attach_ops, plane);
}

static void ports_down(struct side *s)
{
	if (!s->client)
		return;
	sys_set_attach(s->sys, NULL, NULL);
	rig_plane_free(plane);
}

/* Each program is another one. */
static int load(struct side *s, u32 type, u32 attach)
{
	static const struct bpf_insn code[] = { ALU64_K(MOV, R0, 2), EXIT() };
	union bpf_attr attr = { .prog_type = type,
				.expected_attach_type = attach,
				.insns = PTR(code),
				.insn_cnt = ARRAY_LEN(code),
				.license = PTR("GPL") };
	int fd = side_call(s, BPF_PROG_LOAD, &attr);

	if (fd < 0)
		fprintf(stderr, "%s: no prog: %s\n", s->name, strerror(-fd));
	return fd;
}

static int get_info(struct side *s, int fd, void *info, u32 len)
{
	union bpf_attr attr = { .info.bpf_fd = (u32)fd,
				.info.info_len = len,
				.info.info = PTR(info) };

	return side_call(s, BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static u32 id_of(struct side *s, int fd)
{
	u32 info[2] = { 0 };

	get_info(s, fd, info, sizeof(info));
	return info[1];
}

static int create(struct side *s, int prog, u32 type, u32 ifindex, u32 flags)
{
	union bpf_attr attr = { .link_create = { .prog_fd = (u32)prog,
						 .target_ifindex = ifindex,
						 .attach_type = type,
						 .flags = flags } };

	return side_call(s, BPF_LINK_CREATE, &attr);
}

static void say_create(struct side *s, const char *what, int prog, u32 type,
		       u32 ifindex, u32 flags)
{
	int fd = create(s, prog, type, ifindex, flags);

	say(s, "%s: %d\n", what, fd < 0 ? fd : 0);
	side_close(s, fd);
}

static void say_update(struct side *s, const char *what, int link, int prog,
		       u32 flags, int old)
{
	union bpf_attr attr = { .link_update = { .link_fd = (u32)link,
						 .new_prog_fd = (u32)prog,
						 .flags = flags,
						 .old_prog_fd = (u32)old } };

	say_call(s, what, BPF_LINK_UPDATE, &attr);
}

static void say_detach(struct side *s, const char *what, int link)
{
	union bpf_attr attr = { .link_detach.link_fd = (u32)link };

	say_call(s, what, BPF_LINK_DETACH, &attr);
}

/* Without numbers that differ: which of the programs it is. */
static void say_info(struct side *s, int link, const int *progs, u32 n)
{
	struct bpf_link_info info = { 0 };
	int res = get_info(s, link, &info, sizeof(info));

	say(s, "link: %d type %u at %u %u program", res, info.type,
	    info.tcx.ifindex, info.tcx.attach_type);
	for (u32 i = 0; i < n; i++)
		say(s, " %d", info.prog_id == id_of(s, progs[i]));
	say(s, "\n");
}

static const u32 attach_types[] = {
	BPF_XDP,
	BPF_XDP_DEVMAP,
	BPF_XDP_CPUMAP,
	BPF_TCX_INGRESS,
	BPF_TCX_EGRESS,
	BPF_CGROUP_INET_INGRESS,
	99,
};

static void refusals(struct side *s)
{
	static const u32 types[] = { XDP, CLS, ACT, SOCKET };
	static const u32 ports[] = { PORT, NO_PORT, 0, UINT32_MAX };
	int map = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);

	ports_up(s);
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int prog = load(s, types[t], 0);

		for (size_t a = 0; a < ARRAY_LEN(attach_types); a++) {
			for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
				say(s, "type %u at %u %u ", types[t],
				    attach_types[a], ports[i]);
				say_create(s, "create", prog, attach_types[a],
					   ports[i], 0);
			}
		}
		side_close(s, prog);
	}
	say_create(s, "a map", map, BPF_XDP, PORT, 0);
	say_create(s, "no object", 0, BPF_XDP, PORT, 0);
	say_create(s, "an unknown handle", 1000, BPF_XDP, NO_PORT, 0);
	say_update(s, "update a map", map, 1000, 0, 0);
	say_update(s, "update what is unknown", 1000, 1000, 0, 0);
	say_update(s, "flags of updates", 1000, 1000, 1, 0);
	say_detach(s, "detach a map", map);
	say_detach(s, "detach what is unknown", 1000);
	ports_down(s);
	side_close(s, map);
}

/* Without ports it is as without devices. */
static void no_ports(struct side *s)
{
	int xdp = load(s, XDP, 0), cls = load(s, CLS, 0);
	union bpf_attr attr = { .target_ifindex = NO_PORT,
				.attach_bpf_fd = (u32)cls,
				.attach_type = BPF_TCX_INGRESS };

	say_create(s, "xdp", xdp, BPF_XDP, NO_PORT, 0);
	say_create(s, "tcx", cls, BPF_TCX_INGRESS, NO_PORT, 0);
	say_call(s, "attach", BPF_PROG_ATTACH, &attr);
	say_call(s, "detach", BPF_PROG_DETACH, &attr);
	attr = (union bpf_attr){ .query.target_ifindex = NO_PORT,
				 .query.attach_type = BPF_TCX_EGRESS };
	say_call(s, "query", BPF_PROG_QUERY, &attr);
	side_close(s, cls);
	side_close(s, xdp);
}

static void fields(struct side *s)
{
	static const int commands[] = {
		BPF_LINK_CREATE,   BPF_LINK_UPDATE,	  BPF_LINK_DETACH,
		BPF_PROG_BIND_MAP, BPF_PROG_ATTACH,	  BPF_PROG_DETACH,
		BPF_PROG_QUERY,	   BPF_LINK_GET_FD_BY_ID, BPF_LINK_GET_NEXT_ID
	};
	int xdp = load(s, XDP, 0);

	ports_up(s);
	for (size_t c = 0; c < ARRAY_LEN(commands); c++) {
		for (u32 word = 0; word < 168; word += 4) {
			union bpf_attr_618 u = { 0 };
			u32 tcx = BPF_TCX_INGRESS, first = NO_PORT;
			int res;

			if (commands[c] == BPF_LINK_GET_NEXT_ID)
				first = 0x7ffffff0;
			memcpy(&u.bytes[0], &first, 4);
			if (commands[c] != BPF_LINK_CREATE)
				memcpy(&u.bytes[4], &tcx, 4);
			if (commands[c] == BPF_PROG_ATTACH ||
			    commands[c] == BPF_PROG_DETACH)
				memcpy(&u.bytes[8], &tcx, 4);
			u.bytes[word]++;
			res = side_call_sized(s, commands[c], &u, sizeof(u));
			say(s, "command %d word %u: %d\n", commands[c], word,
			    res);
		}
	}
	ports_down(s);
	side_close(s, xdp);
}

static void xdp_flags(struct side *s)
{
	int prog = load(s, XDP, 0);

	ports_up(s);
	for (u32 flags = 0; flags < 64; flags++) {
		if (flags == XDP_FLAGS_DRV_MODE)
			continue; /* the loopback device has none */
		say(s, "flags %u ", flags);
		say_create(s, "create", prog, BPF_XDP, PORT, flags);
	}
	ports_down(s);
	side_close(s, prog);
}

static void xdp_life(struct side *s)
{
	int progs[] = { load(s, XDP, 0), load(s, XDP, 0), load(s, XDP, BPF_XDP),
			load(s, CLS, 0) };
	int devmap = load(s, XDP, BPF_XDP_DEVMAP), link;

	ports_up(s);
	say_create(s, "for a devmap", devmap, BPF_XDP, PORT, 0);
	link = create(s, progs[0], BPF_XDP, PORT, 0);
	say(s, "attached: %d\n", link < 0 ? link : 0);
	say_info(s, link, progs, 4);
	say_create(s, "another", progs[1], BPF_XDP, PORT, 0);
	say_create(s, "the same", progs[0], BPF_XDP, PORT, 0);
	say_create(s, "for a devmap", devmap, BPF_XDP, PORT, 0);
	say_update(s, "update", link, progs[1], 0, 0);
	say_info(s, link, progs, 4);
	say_update(s, "by the same", link, progs[1], 0, 0);
	say_update(s, "old, no flag", link, progs[0], 0, progs[1]);
	say_update(s, "wrong old", link, progs[0], BPF_F_REPLACE, progs[0]);
	say_update(s, "no old", link, progs[0], BPF_F_REPLACE, 1000);
	say_update(s, "old", link, progs[0], BPF_F_REPLACE, progs[1]);
	say_update(s, "another attach type", link, progs[2], 0, 0);
	say_update(s, "another type", link, progs[3], 0, 0);
	say_update(s, "no program", link, 1000, 0, 0);
	say_info(s, link, progs, 4);
	say_detach(s, "detach", link);
	say_info(s, link, progs, 4);
	say_detach(s, "again", link);
	say_update(s, "update", link, progs[1], 0, 0);
	say_create(s, "another", progs[1], BPF_XDP, PORT, 0);
	side_close(s, link);
	say_create(s, "after it", progs[1], BPF_XDP, PORT, 0);
	ports_down(s);
	side_close(s, devmap);
	for (size_t i = 0; i < ARRAY_LEN(progs); i++)
		side_close(s, progs[i]);
}

static bool is_attached(struct side *s, int prog)
{
	int fd = create(s, prog, BPF_XDP, PORT, 0);

	side_close(s, fd);
	return fd == -EBUSY;
}

/* By whom a link is kept. */
static void keepers(struct side *s)
{
	int progs[] = { load(s, XDP, 0), load(s, XDP, 0) }, link, again;
	union bpf_attr attr;
	char path[64];
	u32 id;

	ports_up(s);
	snprintf(path, sizeof(path), "/sys/fs/bpf/weir-%d-l", getpid());
	link = create(s, progs[0], BPF_XDP, PORT, 0);
	id = id_of(s, link);
	attr = (union bpf_attr){ .start_id = id - 1 };
	say(s, "next: %d", side_call(s, BPF_LINK_GET_NEXT_ID, &attr));
	say(s, " %d\n", attr.next_id == id);
	attr = (union bpf_attr){ .link_id = id };
	again = side_call(s, BPF_LINK_GET_FD_BY_ID, &attr);
	say_info(s, again, progs, 2);
	side_close(s, link);
	side_close(s, progs[0]);
	say(s, "by another handle: %d\n", is_attached(s, progs[1]));
	attr = (union bpf_attr){ .pathname = PTR(path), .bpf_fd = (u32)again };
	say_call(s, "pin", BPF_OBJ_PIN, &attr);
	side_close(s, again);
	say(s, "by a name: %d\n", is_attached(s, progs[1]));
	attr = (union bpf_attr){ .pathname = PTR(path),
				 .file_flags = BPF_F_RDONLY };
	say_call(s, "read only", BPF_OBJ_GET, &attr);
	attr.file_flags = 0;
	again = side_call(s, BPF_OBJ_GET, &attr);
	unlink(path);
	if (s->client)
		sys_unpin(s->sys, path);
	say(s, "by what it gave: %d\n", is_attached(s, progs[1]));
	side_close(s, again);
	say(s, "by nobody: %d\n", is_attached(s, progs[1]));
	attr = (union bpf_attr){ .link_id = id };
	say_call(s, "by number", BPF_LINK_GET_FD_BY_ID, &attr);
	ports_down(s);
	side_close(s, progs[1]);
}

static void info_lengths(struct side *s)
{
	int prog = load(s, CLS, 0), link;
	u8 info[300];

	ports_up(s);
	link = create(s, prog, BPF_TCX_EGRESS, PORT, 0);
	for (u32 len = 0; len < sizeof(info); len += 4) {
		union bpf_attr attr = { .info.bpf_fd = (u32)link,
					.info.info_len = len,
					.info.info = PTR(info) };
		int res;

		memset(info, 0, sizeof(info));
		info[len ? len - 1 : 0] = 1;
		res = side_call(s, BPF_OBJ_GET_INFO_BY_FD, &attr);
		say(s, "%u: %d %u ", len, res, attr.info.info_len);
		for (u32 i = 12; i < len; i++)
			say(s, "%02x", info[i]);
		say(s, "\n");
	}
	ports_down(s);
	side_close(s, link);
	side_close(s, prog);
}

/* ---- tcx: random requests ---- */

#define PROGS 6
#define LINKS 4

struct tcx {
	struct side *s;
	u32 seed;
	int progs[PROGS]; /* the last one is no classifier */
	u32 ids[PROGS];
	int links[LINKS];
};

static u32 pick(struct tcx *t, u32 n)
{
	t->seed = t->seed * 1103515245 + 12345;
	return (t->seed >> 16) % n;
}

static void say_list(struct tcx *t)
{
	u32 progs[64] = { 0 }, links[64] = { 0 }, flags[64] = { 7 };
	union bpf_attr attr = { .query = { .target_ifindex = PORT,
					   .attach_type = BPF_TCX_INGRESS,
					   .prog_ids = PTR(progs),
					   .link_ids = PTR(links),
					   .prog_attach_flags = PTR(flags),
					   .count = 64 } };
	int res = side_call(t->s, BPF_PROG_QUERY, &attr);

	say(t->s, "list: %d %u %llu", res, attr.query.count,
	    (unsigned long long)attr.query.revision);
	for (u32 i = 0; !res && i < attr.query.count; i++) {
		u32 k = 0;

		while (k < PROGS && t->ids[k] != progs[i])
			k++;
		say(t->s, " %u%s", k, links[i] ? "l" : "");
	}
	say(t->s, "\n");
}

/* Mostly what makes sense. */
static u32 pick_flags(struct tcx *t)
{
	static const u32 some[] = { 0,
				    0,
				    BPF_F_BEFORE,
				    BPF_F_AFTER,
				    BPF_F_BEFORE,
				    BPF_F_AFTER,
				    BPF_F_REPLACE,
				    BPF_F_BEFORE | BPF_F_AFTER,
				    BPF_F_REPLACE | BPF_F_BEFORE };
	u32 flags = some[pick(t, ARRAY_LEN(some))];

	if (pick(t, 4) == 0)
		flags |= BPF_F_ID;
	if (pick(t, 4) == 0)
		flags |= BPF_F_LINK;
	if (pick(t, 20) == 0)
		flags |= 1u << pick(t, 20);
	return flags;
}

static u32 pick_relative(struct tcx *t, u32 flags)
{
	u32 i = pick(t, PROGS), k = pick(t, LINKS);

	if (pick(t, 3) == 0)
		return pick(t, 10) ? 0 : 1000;
	if (flags & BPF_F_LINK)
		return flags & BPF_F_ID ? id_of(t->s, t->links[k])
					: (u32)t->links[k];
	return flags & BPF_F_ID ? t->ids[i] : (u32)t->progs[i];
}

static void attach_or_detach(struct tcx *t, int cmd)
{
	u32 flags = pick_flags(t);
	union bpf_attr attr = {
		.target_ifindex = PORT,
		.attach_bpf_fd = (u32)t->progs[pick(t, PROGS)],
		.attach_type = BPF_TCX_INGRESS,
		.attach_flags = flags,
		.replace_bpf_fd = (u32)t->progs[pick(t, PROGS)],
	};

	attr.relative_fd = pick_relative(t, flags);
	if (pick(t, 5) == 0)
		attr.expected_revision = 1 + pick(t, 8);
	if (cmd == BPF_PROG_DETACH && pick(t, 2))
		attr.attach_bpf_fd = 0;
	if (cmd == BPF_PROG_DETACH && pick(t, 2))
		attr.attach_flags = attr.relative_fd = 0;
	say(t->s, "%x ", attr.attach_flags);
	say_call(t->s, cmd == BPF_PROG_ATTACH ? "attach" : "detach", cmd,
		 &attr);
}

static void link_one(struct tcx *t)
{
	u32 flags = pick_flags(t) & ~(u32)(pick(t, 8) ? BPF_F_REPLACE : 0);
	int *link = &t->links[pick(t, LINKS)];
	union bpf_attr attr = {
		.link_create = { .prog_fd = (u32)t->progs[pick(t, PROGS)],
				 .target_ifindex = PORT,
				 .attach_type = BPF_TCX_INGRESS,
				 .flags = flags },
	};

	attr.link_create.tcx.relative_fd = pick_relative(t, flags);
	if (pick(t, 5) == 0)
		attr.link_create.tcx.expected_revision = 1 + pick(t, 8);
	side_close(t->s, *link);
	*link = side_call(t->s, BPF_LINK_CREATE, &attr);
	say(t->s, "link: %d\n", *link < 0 ? *link : 0);
	if (*link < 0)
		*link = -1;
}

static void step(struct tcx *t)
{
	int link = t->links[pick(t, LINKS)], prog = t->progs[pick(t, PROGS)];

	switch (pick(t, 8)) {
	case 0:
	case 1:
	case 2: attach_or_detach(t, BPF_PROG_ATTACH); break;
	case 3: attach_or_detach(t, BPF_PROG_DETACH); break;
	case 4:
	case 5: link_one(t); break;
	case 6:
		say_update(t->s, "update", link, prog,
			   pick(t, 2) ? BPF_F_REPLACE : 0,
			   pick(t, 2) ? t->progs[pick(t, PROGS)] : 0);
		break;
	case 7:
		if (pick(t, 3) == 0)
			say_detach(t->s, "detach", link);
	}
	say_info(t->s, link, t->progs, PROGS);
	say_list(t);
}

static void random_tcx(struct side *s, u32 seed, u32 steps)
{
	struct tcx t = { .s = s, .seed = seed };

	ports_up(s);
	for (u32 i = 0; i < PROGS; i++) {
		t.progs[i] = load(s, i == PROGS - 1 ? XDP : CLS, 0);
		t.ids[i] = id_of(s, t.progs[i]);
	}
	for (u32 i = 0; i < LINKS; i++)
		t.links[i] = -1;
	for (u32 i = 0; i < steps; i++) {
		say(s, "%u.%u ", seed, i);
		step(&t);
	}
	for (u32 i = 0; i < LINKS; i++)
		side_close(s, t.links[i]);
	for (u32 i = 0; i < PROGS; i++) {
		union bpf_attr attr = { .target_ifindex = PORT,
					.attach_bpf_fd = (u32)t.progs[i],
					.attach_type = BPF_TCX_INGRESS };

		say_call(s, "away", BPF_PROG_DETACH, &attr);
		side_close(s, t.progs[i]);
	}
	ports_down(s);
}

static void random_1(struct side *s)
{
	for (u32 seed = 1; seed < 20; seed++)
		random_tcx(s, seed, 150);
}

static void random_2(struct side *s)
{
	for (u32 seed = 100; seed < 104; seed++)
		random_tcx(s, seed, 800);
}

static void query(struct side *s)
{
	static const u32 counts[] = { 0, 1, 2, 3, 4 };
	int progs[] = { load(s, CLS, 0), load(s, CLS, 0), load(s, CLS, 0) };
	union bpf_attr attr;

	ports_up(s);
	for (u32 i = 0; i < 3; i++) {
		attr = (union bpf_attr){ .target_ifindex = PORT,
					 .attach_bpf_fd = (u32)progs[i],
					 .attach_type = BPF_TCX_EGRESS };
		say_call(s, "attach", BPF_PROG_ATTACH, &attr);
	}
	for (u32 bad = 0; bad < 64; bad++) {
		for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
			u32 ids[8] = { 0 };

			attr = (union bpf_attr){
				.query = { .target_ifindex = PORT,
					   .attach_type = BPF_TCX_EGRESS,
					   .prog_ids = PTR(ids),
					   .count = counts[i] },
			};
			attr.query.query_flags = bad & 1;
			attr.query.attach_flags = bad >> 1 & 1;
			if (bad & 4)
				attr.query.prog_ids = 0;
			if (bad & 8)
				attr.query.link_ids = BAD_POINTER;
			if (bad & 16)
				attr.query.attach_type = BPF_TCX_INGRESS;
			if (bad & 32)
				attr.query.target_ifindex = NO_PORT;
			say(s, "%u %u ", bad, counts[i]);
			say(s, "query: %d",
			    side_call(s, BPF_PROG_QUERY, &attr));
			say(s, " %u %u\n", attr.query.count,
			    attr.query.attach_flags);
		}
	}
	for (u32 i = 0; i < 3; i++) {
		attr = (union bpf_attr){ .target_ifindex = PORT,
					 .attach_bpf_fd = (u32)progs[i],
					 .attach_type = BPF_TCX_EGRESS };
		say_call(s, "detach", BPF_PROG_DETACH, &attr);
		side_close(s, progs[i]);
	}
	ports_down(s);
}

/* No more than so many fit a hook. */
static void many(struct side *s)
{
	int progs[70];
	union bpf_attr attr;

	ports_up(s);
	for (u32 i = 0; i < ARRAY_LEN(progs); i++) {
		progs[i] = load(s, CLS, 0);
		attr = (union bpf_attr){ .target_ifindex = PORT,
					 .attach_bpf_fd = (u32)progs[i],
					 .attach_type = BPF_TCX_EGRESS };
		say_call(s, "attach", BPF_PROG_ATTACH, &attr);
	}
	for (u32 i = 0; i < ARRAY_LEN(progs); i++) {
		attr = (union bpf_attr){ .target_ifindex = PORT,
					 .attach_bpf_fd = (u32)progs[i],
					 .attach_type = BPF_TCX_EGRESS };
		say_call(s, "detach", BPF_PROG_DETACH, &attr);
		side_close(s, progs[i]);
	}
	ports_down(s);
}

static void bind_maps(struct side *s)
{
	int prog = load(s, XDP, 0), maps[3];
	struct bpf_prog_info info = { 0 };
	u32 ids[4] = { 0 };

	for (u32 i = 0; i < 3; i++)
		maps[i] = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	for (u32 i = 0; i < 8; i++) {
		const union bpf_attr attr = {
			.prog_bind_map = { .prog_fd = (u32)(i & 1 ? maps[0]
								  : prog),
					   .map_fd = (u32)(i & 2 ? 1000
								 : maps[1]),
					   .flags = i >> 2 },
		};

		say_call(s, "bind", BPF_PROG_BIND_MAP, &attr);
	}
	for (u32 i = 0; i < 6; i++) {
		const union bpf_attr attr = {
			.prog_bind_map = { .prog_fd = (u32)prog,
					   .map_fd = (u32)maps[i % 3] },
		};

		say_call(s, "bind", BPF_PROG_BIND_MAP, &attr);
	}
	info.nr_map_ids = 4;
	info.map_ids = PTR(ids);
	say(s, "info: %d\n", get_info(s, prog, &info, sizeof(info)));
	say(s, "%u maps\n", info.nr_map_ids);
	for (u32 i = 0; i < 3; i++) {
		union bpf_attr attr = { .map_id = ids[i] };

		say(s, "%d%d%d\n", ids[i] == id_of(s, maps[0]),
		    ids[i] == id_of(s, maps[1]), ids[i] == id_of(s, maps[2]));
		side_close(s, maps[i]);
		say_call(s, "kept", BPF_MAP_GET_FD_BY_ID, &attr);
	}
	side_close(s, prog);
}

static bool own_namespaces(void)
{
	return unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) == 0;
}

int main(void)
{
	static const struct wcase cases[] = {
		{ "refusals", refusals },
		{ "no ports", no_ports },
		{ "fields", fields },
		{ "XDP flags", xdp_flags },
		{ "XDP life", xdp_life },
		{ "keepers", keepers },
		{ "info lengths", info_lengths },
		{ "query", query },
		{ "many", many },
		{ "random tcx", random_1 },
		{ "long random tcx", random_2 },
		{ "bind maps", bind_maps },
	};

	if (!own_namespaces()) {
		printf("no namespaces: %s\n", strerror(errno));
		return SKIP;
	}
	return wbpf_compare(cases, ARRAY_LEN(cases));
}
