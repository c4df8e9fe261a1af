/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sockets.c - which socket a lookup finds, and what a program sees of it: real
 * sockets of the kernel's in a network namespace, and the same in our table
 *
 *	kernel-sockets [SEED]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/in6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../asm.h"
#include "../engine.h"
#include "bpf/insn.h"
#include "knet.h"
#include "kprog.h"
#include "mem/mem.h"
#include "net/text.h"

#define LOOKUPS 120
#define TUPLE 256 /* where in the value */
#define VALUE 512
#define SLOTS 32 /* of results */
#define INSNS 256
#define SOCKETS 32

static u64 seed = 1;

static u32 draw(u32 n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(seed >> 33) % n;
}

/* Words of ours; the kernel's are made by what they say. */
static const char *const lines[] = {
	"tcp 127.0.0.1 81",
	"tcp 0.0.0.0 82",
	"tcp 127.0.0.2 82 mark 0x7",
	"tcp ::1 83",
	"tcp :: 84",
	"tcp :: 85 only-ipv6",
	"tcp 0.0.0.0 86 dev lo priority 3",
	"tcp 127.0.0.1 81 from 127.0.0.1 2001",
	"tcp 127.0.0.1 2001 from 127.0.0.1 81",
	"tcp ::1 83 from ::1 2002",
	"tcp ::1 2002 from ::1 83",
	"udp 127.0.0.1 53",
	"udp 0.0.0.0 54",
	"udp 127.0.0.3 54 from 127.0.0.1 2003",
	"udp ::1 55",
	"udp :: 56",
	"udp :: 57 only-ipv6",
	"udp 0.0.0.0 58 dev lo",
};

static const char *const ends[] = { "127.0.0.1", "127.0.0.2", "127.0.0.3",
				    "10.9.9.9" };
static const char *const ends6[] = { "::1", "fd00::1" };
static const u16 ports[] = { 81, 82, 83, 84, 85,   86,	 53,   54,
			     55, 56, 57, 58, 2001, 2002, 2003, 9 };

static u32 find_device(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "lo") == 0 ? 1 : 0;
}

static const char *name_device(void *arg, u32 ifindex)
{
	(void)arg;
	return ifindex == 1 ? "lo" : NULL;
}

static const struct net_names names = { find_device, name_device, NULL };

/* ---- the kernel's sockets ---- */

static socklen_t address_of(const struct net_socket_attr *a,
			    const struct net_end *end,
			    struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (void *)to;
	struct sockaddr_in *in = (void *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = a->family;
	if (a->family == AF_INET) {
		in->sin_port = htons(end->port);
		memcpy(&in->sin_addr, &end->address, 4);
		return sizeof(*in);
	}
	in6->sin6_port = htons(end->port);
	memcpy(&in6->sin6_addr, &end->address, 16);
	return sizeof(*in6);
}

static int open_bound(const struct net_socket_attr *a)
{
	int fd =
		socket(a->family,
		       (a->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) |
			       SOCK_CLOEXEC,
		       0);
	struct sockaddr_storage at;
	socklen_t len = address_of(a, &a->local, &at);
	int one = 1, only = a->only_ipv6, mark = (int)a->mark;
	int priority = (int)a->priority;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
	if (a->family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (a->ifindex &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0)
		return -1;
	return bind(fd, (const void *)&at, len) == 0 ? fd : -1;
}

/* A connection's other half is what a listener accepts. */
static int open_socket(const struct net_socket_attr *a, const int *fds, u32 cnt)
{
	bool tcp = a->protocol == IPPROTO_TCP;
	struct sockaddr_storage to;
	int fd;

	if (tcp && a->connected && a->local.port < 2000) {
		for (u32 i = 0; i < cnt; i++) {
			struct sockaddr_storage at;
			socklen_t len = sizeof(at);

			if (getsockname(fds[i], (void *)&at, &len) != 0 ||
			    at.ss_family != a->family ||
			    ((struct sockaddr_in *)(void *)&at)->sin_port !=
				    htons(a->local.port))
				continue;
			return accept4(fds[i], NULL, NULL, SOCK_CLOEXEC);
		}
		return -1;
	}
	fd = open_bound(a);
	if (fd < 0)
		return fd;
	if (tcp && !a->connected)
		return listen(fd, 8) == 0 ? fd : -1;
	if (a->connected &&
	    connect(fd, (const void *)&to, address_of(a, &a->remote, &to)) != 0)
		return -1;
	return fd;
}

/* ---- the program ---- */

struct code {
	struct bpf_insn insns[INSNS];
	u32 cnt;
};

#define ADD(c, ...)                                                \
	do {                                                       \
		const struct bpf_insn add_[] = { __VA_ARGS__ };    \
		memcpy(&(c)->insns[(c)->cnt], add_, sizeof(add_)); \
		(c)->cnt += (u32)ARRAY_LEN(add_);                  \
	} while (0)

struct question {
	u32 helper;
	u32 type;
	u32 size; /* of the tuple */
	u64 netns;
	u64 flags;
	union {
		struct bpf_sock_tuple tuple;
		u8 bytes[64];
	};
};

static void keep(struct code *c, u32 slot)
{
	ADD(c, LD_VALUE(R1, 0, 8 * slot), STX(DW, R1, 0, R0));
}

static void keep_field(struct code *c, u32 slot, u32 size, s16 off)
{
	ADD(c, LDX(W, R0, R6, off));
	if (size == 2)
		c->insns[c->cnt - 1].code = BPF_LDX | BPF_MEM | BPF_H;
	keep(c, slot);
}

/* Is there one? */
static void keep_cast(struct code *c, u32 slot, u32 helper)
{
	ADD(c, ALU64_X(MOV, R1, R6), CALL((s32)helper), JMP64_K(JEQ, R0, 0, 1),
	    ALU64_K(MOV, R0, 1));
	keep(c, slot);
}

static const struct {
	s16 off;
	u16 size;
	bool common; /* sock_common's, too */
} fields[] = {
#define FIELD(name, common)                                          \
	{                                                            \
		offsetof(struct bpf_sock, name),                     \
			sizeof(((struct bpf_sock *)0)->name), common \
	}
	FIELD(bound_dev_if, true), FIELD(family, true),
	FIELD(type, false),	   FIELD(protocol, false),
	FIELD(mark, false),	   FIELD(priority, false),
	FIELD(src_ip4, true),	   FIELD(src_ip6[0], true),
	FIELD(src_ip6[3], true),   FIELD(src_port, true),
	FIELD(dst_port, true),	   FIELD(dst_ip4, true),
	FIELD(dst_ip6[0], true),   FIELD(dst_ip6[3], true),
	FIELD(state, true),
#undef FIELD
};

/* What Linux keeps in the addresses of the other family is its own. */
#define FAMILY 2 /* the slot */

static bool is_of_other_family(u32 slot, u64 family)
{
	s16 off;

	if (slot < 1 || slot > ARRAY_LEN(fields))
		return false;
	off = fields[slot - 1].off;
	if (off == offsetof(struct bpf_sock, src_ip4) ||
	    off == offsetof(struct bpf_sock, dst_ip4))
		return family == AF_INET6;
	return family == AF_INET &&
	       ((off >= (s16)offsetof(struct bpf_sock, src_ip6) &&
		 off < (s16)offsetof(struct bpf_sock, src_port)) ||
		(off >= (s16)offsetof(struct bpf_sock, dst_ip6) &&
		 off < (s16)offsetof(struct bpf_sock, state)));
}

static void make(struct code *c, const struct question *q)
{
	bool common = q->helper == BPF_FUNC_skc_lookup_tcp;
	u32 jump;

	c->cnt = 0;
	ADD(c, LD_VALUE(R2, 0, TUPLE), ALU64_K(MOV, R3, (s32)q->size),
	    LD64(R4, q->netns), LD64(R5, q->flags), CALL((s32)q->helper));
	jump = c->cnt;
	ADD(c, JMP64_K(JEQ, R0, 0, 0), ALU64_X(MOV, R6, R0),
	    ALU64_K(MOV, R0, 1));
	keep(c, 0);
	for (u32 i = 0; i < ARRAY_LEN(fields); i++)
		if (!common || fields[i].common)
			keep_field(c, 1 + i, fields[i].size, fields[i].off);
	if (q->type == BPF_PROG_TYPE_SCHED_CLS) {
		keep_cast(c, 20, BPF_FUNC_sk_fullsock);
		keep_cast(c, 21, BPF_FUNC_tcp_sock);
		keep_cast(c, 22, BPF_FUNC_get_listener_sock);
	}
	ADD(c, ALU64_X(MOV, R1, R6), CALL(BPF_FUNC_sk_release));
	keep(c, 24);
	c->insns[jump].off = (s16)(c->cnt - jump - 1);
	ADD(c, ALU64_K(MOV, R0, 0), EXIT());
}

/* ---- the two sides ---- */

struct sides {
	u32 count, wrong;
	struct mem *mem;
	struct map_env env;
	struct map *map;
	struct net *net;
	int fd; /* of the kernel's map */
	u8 *value;
	struct code code;
	char log[1 << 16];
};

static bool ask_kernel(struct sides *s, const struct question *q, u64 *out)
{
	static const u8 frame[64] = { [12] = 0x88, 0xb5 };
	struct bpf_insn insns[INSNS];
	const struct kprog_load l = { .type = q->type,
				      .insns = insns,
				      .cnt = s->code.cnt,
				      .license = "GPL",
				      .log_level = 1,
				      .log = s->log,
				      .log_size = sizeof(s->log) };
	int fd, err;
	u32 ret;

	memcpy(insns, s->code.insns, sizeof(insns));
	for (u32 i = 0; i < s->code.cnt; i++) {
		if (!insn_is_wide(&insns[i]))
			continue;
		if (insns[i].src_reg)
			insns[i].imm = s->fd;
		i++;
	}
	fd = kprog_load(&l);
	if (fd < 0) {
		fprintf(stderr, "the kernel refuses: %s\n",
			kprog_reason(s->log));
		return false;
	}
	memset(s->value, 0, VALUE);
	memcpy(s->value + TUPLE, q->bytes, sizeof(q->bytes));
	err = kprog_run(fd, frame, sizeof(frame), &ret);
	close(fd);
	memcpy(out, s->value, 8 * SLOTS);
	return !err;
}

static bool ask_ours(struct sides *s, const struct question *q, enum engine e,
		     u64 *out)
{
	static const u8 frame[64] = { [12] = 0x88, 0xb5 };
	struct world world = { .ops = world_host.ops, .net = s->net };
	struct run run = { .world = &world };
	static u8 buffer[4096];
	struct prog prog = { .type = q->type,
			     .gpl = true,
			     .insns = s->code.insns,
			     .insn_cnt = s->code.cnt,
			     .maps = &s->map,
			     .map_cnt = 1 };
	u8 *value = s->map->ops->lookup(s->map, &(u32){ 0 });
	struct err err = { 0 };
	struct pkt p;

	if (engine_prepare(&prog, e, &err)) {
		fprintf(stderr, "%s refuses: %s\n", engine_names[e],
			err.reason);
		return false;
	}
	memset(value, 0, VALUE);
	memcpy(value + TUPLE, q->bytes, sizeof(q->bytes));
	pkt_init(&p, buffer, sizeof(buffer), frame, sizeof(frame));
	pkt_to_skb(&p, frame, false);
	p.ifindex = 1;
	run_begin(&run, &p);
	prog_run(&prog, &run);
	engine_free(&prog);
	memcpy(out, value, 8 * SLOTS);
	if (run.fault.code)
		fprintf(stderr, "%s stopped: %s\n", engine_names[e],
			run.fault.text);
	return !run.fault.code;
}

static void compare(struct sides *s, const struct question *q)
{
	u64 kernel[SLOTS], ours[SLOTS];

	s->count++;
	make(&s->code, q);
	if (!ask_kernel(s, q, kernel)) {
		s->wrong++;
		return;
	}
	for (enum engine e = 0; e < ENGINES; e++) {
		if (!engine_there(e))
			continue;
		if (!ask_ours(s, q, e, ours)) {
			s->wrong++;
			continue;
		}
		for (u32 i = 0; i < SLOTS; i++) {
			if (kernel[i] == ours[i] ||
			    is_of_other_family(i, kernel[FAMILY]))
				continue;
			fprintf(stderr,
				"helper %u, %u bytes, slot %u: kernel %llx, "
				"%s %llx\n",
				q->helper, q->size, i,
				(unsigned long long)kernel[i], engine_names[e],
				(unsigned long long)ours[i]);
			s->wrong++;
		}
	}
}

static void draw_question(struct question *q)
{
	static const u32 helpers[] = { BPF_FUNC_sk_lookup_tcp,
				       BPF_FUNC_sk_lookup_udp,
				       BPF_FUNC_skc_lookup_tcp };
	static const u64 others[] = { 0,	 1,	     77,
				      INT32_MAX, 1ull << 31, 1ull << 40 };
	bool ipv6 = draw(2);

	memset(q, 0, sizeof(*q));
	q->helper = helpers[draw(3)];
	q->type = draw(2) ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS;
	q->netns = draw(8) ? (u64)BPF_F_CURRENT_NETNS : others[draw(6)];
	q->flags = draw(20) ? 0 : others[draw(6)];
	q->size = ipv6 ? sizeof(q->tuple.ipv6) : sizeof(q->tuple.ipv4);
	if (!draw(20))
		q->size = 1 + draw(60);
	if (ipv6) {
		inet_pton(AF_INET6, ends6[draw(2)], q->tuple.ipv6.saddr);
		inet_pton(AF_INET6, ends6[draw(2)], q->tuple.ipv6.daddr);
		q->tuple.ipv6.sport = htons(ports[draw(ARRAY_LEN(ports))]);
		q->tuple.ipv6.dport = htons(ports[draw(ARRAY_LEN(ports))]);
		return;
	}
	inet_pton(AF_INET, ends[draw(4)], &q->tuple.ipv4.saddr);
	inet_pton(AF_INET, ends[draw(4)], &q->tuple.ipv4.daddr);
	q->tuple.ipv4.sport = htons(ports[draw(ARRAY_LEN(ports))]);
	q->tuple.ipv4.dport = htons(ports[draw(ARRAY_LEN(ports))]);
}

/* Every socket, asked for by its own name. */
static void name_question(struct question *q, const struct net_socket_attr *a)
{
	memset(q, 0, sizeof(*q));
	q->helper = a->protocol == IPPROTO_TCP ? BPF_FUNC_sk_lookup_tcp
					       : BPF_FUNC_sk_lookup_udp;
	q->type = BPF_PROG_TYPE_SCHED_CLS;
	q->netns = (u64)BPF_F_CURRENT_NETNS;
	if (a->family == AF_INET) {
		q->size = sizeof(q->tuple.ipv4);
		memcpy(&q->tuple.ipv4.daddr, &a->local.address, 4);
		memcpy(&q->tuple.ipv4.saddr, &a->remote.address, 4);
		q->tuple.ipv4.dport = htons(a->local.port);
		q->tuple.ipv4.sport = htons(a->remote.port);
		return;
	}
	q->size = sizeof(q->tuple.ipv6);
	memcpy(q->tuple.ipv6.daddr, &a->local.address, 16);
	memcpy(q->tuple.ipv6.saddr, &a->remote.address, 16);
	q->tuple.ipv6.dport = htons(a->local.port);
	q->tuple.ipv6.sport = htons(a->remote.port);
}

/* ---- setting up ---- */

static bool open_all(struct sides *s, struct net_socket_attr *attrs, int *fds)
{
	/* connecting comes before accepting */
	for (u32 i = 0; i < ARRAY_LEN(lines); i++) {
		if (net_parse_socket(lines[i], &names, &attrs[i], NULL) ||
		    net_change(s->net, &names, NET_SOCKET, NET_ADD, lines[i],
			       NULL))
			return false;
		fds[i] = -1;
	}
	for (u32 pass = 0; pass < 2; pass++)
		for (u32 i = 0; i < ARRAY_LEN(lines); i++) {
			bool accepts = attrs[i].protocol == IPPROTO_TCP &&
				       attrs[i].connected &&
				       attrs[i].local.port < 2000;

			if (accepts != pass)
				continue;
			fds[i] = open_socket(&attrs[i], fds, ARRAY_LEN(lines));
			if (fds[i] < 0) {
				fprintf(stderr, "%s: %s\n", lines[i],
					strerror(errno));
				return false;
			}
		}
	return true;
}

static bool set_up(struct sides *s)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_ARRAY,
				       .key_size = 4,
				       .value_size = VALUE,
				       .max_entries = 1,
				       .name = "value" };
	const struct net_device lo = { .ifindex = 1, .mtu = 65536 };
	const struct mem_config config = { .slots = 1 };

	s->fd = kprog_shared_value(VALUE, (void **)&s->value);
	if (s->fd < 0 || mem_create(&config, &s->mem))
		return false;
	s->env.mem = s->mem;
	return !map_create(&s->env, &attr, NULL, &s->map) &&
	       !net_create(s->mem, &s->net) &&
	       !net_set_device(s->net, &lo, NULL) &&
	       system("ip link set lo up") == 0 &&
	       system("ip addr add fd00::1/128 dev lo nodad") == 0;
}

static void run_all(struct sides *s)
{
	struct net_socket_attr attrs[SOCKETS];
	int fds[SOCKETS];
	struct question q;

	if (!open_all(s, attrs, fds)) {
		s->wrong++;
		return;
	}
	for (u32 i = 0; i < ARRAY_LEN(lines); i++) {
		name_question(&q, &attrs[i]);
		compare(s, &q);
	}
	for (u32 i = 0; i < LOOKUPS; i++) {
		draw_question(&q);
		compare(s, &q);
	}
	for (u32 i = 0; i < ARRAY_LEN(lines); i++)
		close(fds[i]);
}

int main(int argc, char **argv)
{
	static struct sides s;
	struct knet net;

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	if (kprog_unavailable() || access("/usr/sbin/ip", X_OK) ||
	    knet_open(&net)) {
		printf("skipped: no bpf(2), namespaces or ip\n");
		return KPROG_SKIP;
	}
	if (!set_up(&s)) {
		fprintf(stderr, "cannot set up\n");
		return EXIT_FAILURE;
	}
	run_all(&s);
	printf("%u lookups: %u different\n", s.count, s.wrong);
	net_destroy(s.net);
	map_put(s.map);
	mem_destroy(s.mem);
	knet_close(&net);
	return s.wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
