/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prog.c - programs: made, referenced, freed
 *
 * R1  A program is immutable but for its counters and the maps bound to it
 *     once it can run.
 * R2  It holds references to its maps and its BTF; they go when it is freed.
 * R3  Freed a grace period after the last reference: who found it in a chain
 *     or a prog array may run it until its burst ends.
 */
#include "prog/prog.h"

#include <errno.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bpf/btf.h"
#include "bpf/insn.h"

/* ---- the tag ---- */

static bool is_map_ref(const struct bpf_insn *insn)
{
	return insn_is_wide(insn) && (insn->src_reg == BPF_PSEUDO_MAP_FD ||
				      insn->src_reg == BPF_PSEUDO_MAP_VALUE);
}

/* The first bytes of SHA-256 over the instructions, without what numbers their
 * maps happen to have. */
static void compute_tag(struct prog *prog)
{
	u8 digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;

	SHA256Init(&sha);
	for (u32 i = 0; i < prog->insn_cnt; i++) {
		struct bpf_insn pair[2] = { prog->insns[i] };
		u32 n = 1;

		if (is_map_ref(&pair[0]) && i + 1 < prog->insn_cnt) {
			pair[1] = prog->insns[++i];
			pair[0].imm = pair[1].imm = 0;
			n = 2;
		}
		SHA256Update(&sha, (const u8 *)pair, n * sizeof(pair[0]));
	}
	SHA256Final(digest, &sha);
	memcpy(prog->tag, digest, sizeof(prog->tag));
}

/* ---- creation ---- */

bool prog_license_is_gpl(const char *license)
{
	static const char *const compatible[] = {
		"GPL",		"GPL v2",	"GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	};

	for (u32 i = 0; license && i < ARRAY_LEN(compatible); i++)
		if (strcmp(license, compatible[i]) == 0)
			return true;
	return false;
}

/* A copy of n items; NULL for none.  False: out of memory. */
static bool copy_items(void *out, const void *items, u32 n, size_t size)
{
	void *copy = NULL;

	if (n) {
		copy = reallocarray(NULL, n, size);
		if (!copy)
			return false;
		memcpy(copy, items, n * size);
	}
	memcpy(out, &copy, sizeof(copy));
	return true;
}

static bool copy_parts(struct prog *prog, const struct prog_attr *attr)
{
	const size_t stats = prog->slots * sizeof(*prog->stats);

	prog->full_name = strdup(attr->name ? attr->name : "");
	prog->stats = aligned_alloc(CACHE_LINE, stats);
	if (!prog->full_name || !prog->stats)
		return false;
	memset(prog->stats, 0, stats);
	return copy_items(&prog->insns, attr->insns, attr->insn_cnt,
			  sizeof(*attr->insns)) &&
	       copy_items(&prog->maps, attr->maps, attr->map_cnt,
			  sizeof(*attr->maps)) &&
	       copy_items(&prog->lines, attr->lines, attr->line_cnt,
			  sizeof(*attr->lines)) &&
	       copy_items(&prog->funcs, attr->funcs, attr->func_cnt,
			  sizeof(*attr->funcs));
}

static void free_parts(struct prog *prog)
{
	pthread_mutex_destroy(&prog->bind_lock);
	free(prog->bound);
	free(prog->funcs);
	free(prog->lines);
	free(prog->maps);
	free(prog->insns);
	free(prog->facts);
	free(prog->stats);
	free(prog->full_name);
	free(prog);
}

static u64 boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

static void fill(struct prog *prog, const struct prog_attr *attr)
{
	prog->type = attr->type;
	prog->expected_attach_type = attr->expected_attach_type;
	prog->flags = attr->flags;
	prog->gpl = prog_license_is_gpl(attr->license);
	strncpy(prog->name, prog->full_name, sizeof(prog->name) - 1);
	prog->insn_cnt = attr->insn_cnt;
	prog->map_cnt = attr->map_cnt;
	prog->line_cnt = attr->line_cnt;
	prog->func_cnt = attr->func_cnt;
	prog->loaded_ns = boot_ns();
	for (u32 i = 0; i < prog->map_cnt; i++)
		map_hold(prog->maps[i]);
	if (attr->btf)
		prog->btf = btf_get(attr->btf);
	compute_tag(prog);
	atomic_init(&prog->refs, 1);
}

int prog_create(struct mem *mem, const struct prog_attr *attr, struct err *err,
		struct prog **out)
{
	struct prog *prog;

	prog = calloc(1, sizeof(*prog));
	if (!prog)
		return err_fail(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&prog->bind_lock, NULL);
	prog->rcu = mem_rcu(mem);
	prog->slots = mem_slots(mem);
	if (!copy_parts(prog, attr)) {
		free_parts(prog);
		return err_fail(err, -ENOMEM,
				"no memory for a program of %u instructions",
				attr->insn_cnt);
	}
	fill(prog, attr);
	*out = prog;
	return 0;
}

/* ---- references ---- */

struct prog *prog_get(struct prog *prog)
{
	atomic_fetch_add_explicit(&prog->refs, 1, memory_order_relaxed);
	return prog;
}

struct prog *prog_try_get(struct prog *prog)
{
	u32 refs = atomic_load_explicit(&prog->refs, memory_order_relaxed);

	do {
		if (!refs)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&prog->refs, &refs,
							refs + 1,
							memory_order_acquire,
							memory_order_relaxed));
	return prog;
}

static void free_prog(struct rcu_head *head)
{
	struct prog *prog = container_of(head, struct prog, free_head);

	if (prog->free_image)
		prog->free_image(prog->image);
	for (u32 i = 0; i < prog->map_cnt; i++)
		map_release(prog->maps[i]);
	for (u32 i = 0; i < prog->bound_cnt; i++)
		map_release(prog->bound[i]);
	if (prog->btf)
		btf_put(prog->btf);
	free_parts(prog);
}

void prog_put(struct prog *prog)
{
	if (atomic_fetch_sub_explicit(&prog->refs, 1, memory_order_acq_rel) !=
	    1)
		return;
	if (prog->gone)
		prog->gone(prog, prog->gone_arg);
	rcu_defer(prog->rcu, &prog->free_head, free_prog);
}

static void ref_get(struct prog *prog)
{
	prog_get(prog);
}

static u32 ref_id(const struct prog *prog)
{
	return prog->id;
}

/* The highest bit is there so that no kind is 0. */
static u64 ref_kind(const struct prog *prog)
{
	bool frags = prog->flags & BPF_F_XDP_HAS_FRAGS;

	return 1ULL << 63 | (u64)frags << 62 | (u64)prog->type << 32 |
	       prog->expected_attach_type;
}

static bool ref_is_xdp_for(const struct prog *prog, u32 attach_type)
{
	return prog->type == BPF_PROG_TYPE_XDP &&
	       prog->expected_attach_type == attach_type;
}

const struct prog_ref_ops prog_refs = {
	.get = ref_get,
	.put = prog_put,
	.id = ref_id,
	.kind = ref_kind,
	.is_xdp_for = ref_is_xdp_for,
};

/* ---- maps bound later ---- */

static struct map *map_at(const struct prog *prog, u32 i)
{
	if (i < prog->map_cnt)
		return prog->maps[i];
	i -= prog->map_cnt;
	return i < prog->bound_cnt ? prog->bound[i] : NULL;
}

static int bind(struct prog *prog, struct map *map)
{
	struct map **more, *has;

	for (u32 i = 0; (has = map_at(prog, i)); i++) {
		if (has == map)
			return 0;
	}
	more = reallocarray(prog->bound, prog->bound_cnt + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	map_hold(map);
	more[prog->bound_cnt++] = map;
	prog->bound = more;
	return 0;
}

int prog_bind(struct prog *prog, struct map *map)
{
	int res;

	pthread_mutex_lock(&prog->bind_lock);
	res = bind(prog, map);
	pthread_mutex_unlock(&prog->bind_lock);
	return res;
}

struct map *prog_map_at(struct prog *prog, u32 i)
{
	struct map *map;

	pthread_mutex_lock(&prog->bind_lock);
	map = map_at(prog, i);
	pthread_mutex_unlock(&prog->bind_lock);
	return map;
}

u32 prog_map_count(struct prog *prog)
{
	u32 n;

	pthread_mutex_lock(&prog->bind_lock);
	n = prog->map_cnt + prog->bound_cnt;
	pthread_mutex_unlock(&prog->bind_lock);
	return n;
}

/* ---- questions ---- */

const struct prog_line *prog_line_at(const struct prog *prog, u32 insn)
{
	u32 low = 0, high = prog->line_cnt;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (prog->lines[mid].insn <= insn)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &prog->lines[low - 1] : NULL;
}

const char *prog_type_name(u32 type)
{
	static const char *const names[] = {
		[BPF_PROG_TYPE_UNSPEC] = "unspec",
		[BPF_PROG_TYPE_SOCKET_FILTER] = "socket_filter",
		[BPF_PROG_TYPE_KPROBE] = "kprobe",
		[BPF_PROG_TYPE_SCHED_CLS] = "sched_cls",
		[BPF_PROG_TYPE_SCHED_ACT] = "sched_act",
		[BPF_PROG_TYPE_TRACEPOINT] = "tracepoint",
		[BPF_PROG_TYPE_XDP] = "xdp",
		[BPF_PROG_TYPE_PERF_EVENT] = "perf_event",
		[BPF_PROG_TYPE_CGROUP_SKB] = "cgroup_skb",
		[BPF_PROG_TYPE_CGROUP_SOCK] = "cgroup_sock",
		[BPF_PROG_TYPE_LWT_IN] = "lwt_in",
		[BPF_PROG_TYPE_LWT_OUT] = "lwt_out",
		[BPF_PROG_TYPE_LWT_XMIT] = "lwt_xmit",
		[BPF_PROG_TYPE_SOCK_OPS] = "sock_ops",
		[BPF_PROG_TYPE_SK_SKB] = "sk_skb",
		[BPF_PROG_TYPE_CGROUP_DEVICE] = "cgroup_device",
		[BPF_PROG_TYPE_SK_MSG] = "sk_msg",
		[BPF_PROG_TYPE_RAW_TRACEPOINT] = "raw_tracepoint",
		[BPF_PROG_TYPE_CGROUP_SOCK_ADDR] = "cgroup_sock_addr",
		[BPF_PROG_TYPE_LWT_SEG6LOCAL] = "lwt_seg6local",
		[BPF_PROG_TYPE_LIRC_MODE2] = "lirc_mode2",
		[BPF_PROG_TYPE_SK_REUSEPORT] = "sk_reuseport",
		[BPF_PROG_TYPE_FLOW_DISSECTOR] = "flow_dissector",
		[BPF_PROG_TYPE_CGROUP_SYSCTL] = "cgroup_sysctl",
		[BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE] =
			"raw_tracepoint_writable",
		[BPF_PROG_TYPE_CGROUP_SOCKOPT] = "cgroup_sockopt",
		[BPF_PROG_TYPE_TRACING] = "tracing",
		[BPF_PROG_TYPE_STRUCT_OPS] = "struct_ops",
		[BPF_PROG_TYPE_EXT] = "ext",
		[BPF_PROG_TYPE_LSM] = "lsm",
		[BPF_PROG_TYPE_SK_LOOKUP] = "sk_lookup",
		[BPF_PROG_TYPE_SYSCALL] = "syscall",
		[BPF_PROG_TYPE_NETFILTER] = "netfilter",
	};

	return type < ARRAY_LEN(names) ? names[type] : "unknown";
}
