// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * text.bpf.c - numbers read from text made at random, text written from
 * numbers, and who runs the program
 */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#define TEXT 24
#define TRIES 6
#define FORMATS 12

struct result {
	__s64 said[4 * TRIES];
	__s64 lengths[FORMATS];
	char text[FORMATS][40];
	__u64 ids[4];
	char comm[2][20];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct result);
} results SEC(".maps");

struct result now;
char text[TEXT];
char word[12] = "some\0words";
__u64 values[12];
__u32 packets;
__u32 state;

static __always_inline __u32 some(__u32 below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

const char letters[32] = "0123456789abcdefABCXx  \t-+00xg9f";

static __always_inline void make_text(void)
{
	__u32 digits = some(3), from = some(6);

	for (int i = 0; i < TEXT; i++) {
		__u32 n = some(32);

		if (digits)
			n %= 8 + 8 * digits - 6 * (digits == 2);
		if (i < 6 && i == from)
			n = 18 + some(8);
		asm volatile("%0 &= 31" : "+r"(n)); /* where it is used */
		text[i] = letters[n];
	}
}

static __always_inline void numbers(int at)
{
	__u32 len, flags;
	long s = 1;
	unsigned long u = 1;

	make_text();
	len = some(TEXT) + 1;
	flags = some(5) == 0 ? some(40) : some(4) * 8 % 24;
	if (some(3) == 0)
		flags = 10;
	if (len < TEXT) {
		now.said[at] = bpf_strtol(text, len, flags, &s);
		now.said[at + 1] = s;
		now.said[at + 2] = bpf_strtoul(text, len, flags, &u);
		now.said[at + 3] = u;
	}
}

/* What the compiler does not put into an array of constants, for which there
 * are no relocations. */
static __always_inline __u64 address(const void *p)
{
	asm volatile("" : "+r"(p));
	return (__u64)p;
}

#define FORMAT(n, size, fmt, ...)                                        \
	do {                                                             \
		static const char f[] = fmt;                             \
		__u64 args[] = { __VA_ARGS__ };                          \
		now.lengths[n] = bpf_snprintf(now.text[n], size, f, args, \
					      sizeof(args));             \
	} while (0)

static __noinline int formats(__u32 packet)
{
	__u64 big = (__u64)packet * 0x9e3779b97f4a7c15;

	FORMAT(0, 40, "%d %u %x", packet, -packet, packet);
	FORMAT(1, 40, "%lld|%llx", big, big);
	FORMAT(2, 12, "%s and %s", address(word), address(word + 5));
	FORMAT(3, 40, "[%8d] [%-8d] [%08x]", packet, packet, packet);
	FORMAT(4, 40, "%pI4 %pi4", address(values), address(values));
	FORMAT(5, 40, "%pI6", address(values));
	FORMAT(6, 0, "%d", packet);
	FORMAT(7, 1, "%d", packet);
	FORMAT(8, 40, "%%%c%c", 'a' + packet % 26, packet);
	FORMAT(9, 7, "%20lld", big);
	FORMAT(10, 40, "%+d % d %li", packet, packet, big);
	now.lengths[11] = bpf_snprintf(now.text[11], packet & 15, "plain text",
				       NULL, 0);
	return 0;
}

static __always_inline int work(void)
{
	__u32 packet = packets++;

	__builtin_memset(&now, 0, sizeof(now));
	state = packet * 2654435761u;
	for (int i = 0; i < 4 * TRIES; i += 4)
		numbers(i);
	values[0] = (__u64)state << 32 | packet;
	values[1] = packet;
	formats(packet);
	now.ids[0] = bpf_get_current_pid_tgid();
	now.ids[1] = bpf_get_current_uid_gid();
	bpf_get_current_comm(now.comm[0], sizeof(now.comm[0]));
	bpf_get_current_comm(now.comm[1], 3);
	now.ids[2] = bpf_get_ns_current_pid_tgid(
		packet, 5, (void *)&now.ids[3], 8);
	bpf_map_update_elem(&results, &packet, &now, 0);
	return 0;
}

SEC("xdp") int text_xdp(struct xdp_md *ctx)
{
	return work() + XDP_PASS;
}

SEC("tc") int text_tc(struct __sk_buff *skb)
{
	return work();
}

char LICENSE[] SEC("license") = "GPL";
