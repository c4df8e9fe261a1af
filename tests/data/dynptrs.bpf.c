// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * dynptrs.bpf.c - dynptrs of values, records and packets, and iterators over
 * numbers, at and beyond their edges
 */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#define VALUE 256
#define RING 4096

struct bpf_iter_num;

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start,
			    int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags,
			       struct bpf_dynptr *ptr) __ksym;
extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags,
			       struct bpf_dynptr *ptr) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *ptr, __u32 off,
			      void *buffer, __u32 size) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *ptr, __u32 off,
				   void *buffer, __u32 size) __ksym;
extern int bpf_dynptr_adjust(const struct bpf_dynptr *ptr, __u32 start,
			     __u32 end) __ksym;
extern _Bool bpf_dynptr_is_null(const struct bpf_dynptr *ptr) __ksym;
extern _Bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *ptr) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *ptr) __ksym;
extern int bpf_dynptr_clone(const struct bpf_dynptr *ptr,
			    struct bpf_dynptr *clone) __ksym __weak;
extern int no_such_kfunc(void *ctx) __ksym __weak;

struct value {
	__u8 bytes[VALUE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING);
} ring SEC(".maps");

struct result {
	__s64 said[40];
	__u8 read[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct result);
} results SEC(".maps");

__u32 packets;
struct result now;
__u32 at;

static __always_inline void say(__s64 what)
{
	if (at < 40)
		now.said[at] = what;
	at++;
}

static __always_inline __u32 begin(void)
{
	__builtin_memset(&now, 0, sizeof(now));
	at = 0;
	return packets++;
}

static __always_inline void keep(__u32 packet)
{
	bpf_map_update_elem(&results, &packet, &now, 0);
}

/* ---- memory ---- */

static __noinline int memory(__u32 packet)
{
	__u32 key = packet % 2, off = packet * 13 % 300;
	struct value *v = bpf_map_lookup_elem(&values, &key);
	struct bpf_dynptr d, other;
	__u8 *data;

	if (!v)
		return 0;
	say(bpf_dynptr_from_mem(v->bytes, sizeof(v->bytes),
				packet % 11 ? 0 : packet, &d));
	say(bpf_dynptr_size(&d));
	say(bpf_dynptr_is_null(&d) << 1 | bpf_dynptr_is_rdonly(&d));
	say(bpf_dynptr_write(&d, off, &packet, sizeof(packet), 0));
	say(bpf_dynptr_write(&d, 8, &packet, sizeof(packet), packet % 3));
	say(bpf_dynptr_read(now.read, 16, &d, off, 0));
	say(bpf_dynptr_read(now.read + 16, packet % 32, &d, 256 - off, 0));
	say(bpf_dynptr_read(now.read, 4, &d, 0, packet % 2));
	data = bpf_dynptr_data(&d, off, 8);
	say(data ? data[7] : -1);
	if (data)
		data[3] = packet;
	say(bpf_dynptr_clone(&d, &other));
	say(bpf_dynptr_adjust(&d, packet % 90, 20 + packet % 250));
	say(bpf_dynptr_size(&d));
	say(bpf_dynptr_read(now.read + 48, 4, &d, packet % 40, 0));
	say(bpf_dynptr_adjust(&d, packet % 50, packet % 40));
	say(bpf_dynptr_adjust(&d, 1, 1));
	say(bpf_dynptr_size(&d));
	data = bpf_dynptr_slice(&d, 0, NULL, 1);
	say(data ? data[0] : -1);
	data = bpf_dynptr_slice_rdwr(&other, off, NULL, 5);
	say(data ? data[4] : -1);
	if (data)
		data[1] = 77;
	say(bpf_dynptr_size(&other));
	return 0;
}

/* ---- records ---- */

static __noinline int records(__u32 packet)
{
	struct bpf_dynptr d, other;
	__u64 *data;

	say(bpf_ringbuf_reserve_dynptr(&ring, packet * 29 % 700,
				       packet % 17 ? 0 : 1, &d));
	say(bpf_dynptr_size(&d));
	say(bpf_dynptr_is_null(&d));
	say(bpf_dynptr_clone(&d, &other));
	say(bpf_dynptr_adjust(&other, 8, 24));
	say(bpf_dynptr_write(&d, 0, &packet, sizeof(packet), 0));
	say(bpf_dynptr_write(&other, 8, &packet, sizeof(packet), 0));
	data = bpf_dynptr_data(&other, 0, 8);
	if (data)
		*data = packet * 3;
	if (packet % 2)
		bpf_ringbuf_submit_dynptr(&d, 0);
	else
		bpf_ringbuf_discard_dynptr(&other, 0);
	say(bpf_ringbuf_query(&ring, BPF_RB_PROD_POS));
	say(bpf_ringbuf_reserve_dynptr(&ring, 1 << 24, 0, &d));
	bpf_ringbuf_discard_dynptr(&d, 0);
	return 0;
}

/* ---- packets ---- */

static __always_inline int packet_of(struct bpf_dynptr *d, __u32 packet)
{
	__u8 buffer[20] = {}, *slice;
	__u32 size = bpf_dynptr_size(d), off = packet * 7 % 90;

	say(size);
	say(bpf_dynptr_is_null(d) << 1 | bpf_dynptr_is_rdonly(d));
	say(bpf_dynptr_read(now.read, 12, d, off, 0));
	say(bpf_dynptr_read(now.read + 16, 7, d, size - 6, 0));
	say(bpf_dynptr_read(now.read + 24, 6, d, size - 6, 0));
	slice = bpf_dynptr_slice(d, off, buffer, sizeof(buffer));
	say(slice ? slice[19] : -1);
	slice = bpf_dynptr_slice(d, 6, NULL, 6);
	say(slice ? slice[5] : -1);
	slice = bpf_dynptr_slice_rdwr(d, 0, buffer, 14);
	if (slice)
		slice[2] ^= 0x55;
	say(bpf_dynptr_data(d, 0, 4) != NULL);
	say(bpf_dynptr_write(d, off, &packet, 4, packet % 5 ? 0 : 1 << 9));
	say(bpf_dynptr_write(d, 70, &packet, packet & 3, 0));
	say(bpf_dynptr_adjust(d, 14, size));
	slice = bpf_dynptr_slice_rdwr(d, 0, buffer, 1);
	say(slice ? slice[0] : -1);
	say(bpf_dynptr_write(d, 4, &packet, 3, 0));
	return 0;
}

SEC("xdp") int dynptrs_xdp(struct xdp_md *ctx)
{
	__u32 packet = begin();
	struct bpf_dynptr d;

	say(bpf_dynptr_from_xdp(ctx, packet % 13 ? 0 : 4, &d));
	packet_of(&d, packet);
	say(bpf_xdp_adjust_tail(ctx, -8));
	say(bpf_dynptr_size(&d));
	say(bpf_dynptr_read(now.read + 32, 8, &d, bpf_dynptr_size(&d) - 9, 0));
	say(bpf_xdp_adjust_head(ctx, -4));
	say(bpf_dynptr_read(now.read + 40, 8, &d, 2, 0));
	keep(packet);
	return XDP_PASS;
}

SEC("tc") int dynptrs_tc(struct __sk_buff *skb)
{
	__u32 packet = begin();
	struct bpf_dynptr d;

	say(bpf_dynptr_from_skb(skb, packet % 13 ? 0 : 4, &d));
	packet_of(&d, packet);
	say(bpf_skb_change_tail(skb, skb->len - 4, 0));
	say(bpf_dynptr_size(&d));
	say(bpf_dynptr_read(now.read + 32, 8, &d, bpf_dynptr_size(&d) - 9, 0));
	keep(packet);
	return 0;
}

SEC("tc") int memory_tc(struct __sk_buff *skb)
{
	__u32 packet = begin();

	memory(packet);
	records(packet);
	keep(packet);
	return 0;
}

/* ---- iterators ---- */

static __noinline int numbers(__u32 packet)
{
	struct bpf_iter_num it;
	__u64 sum = 0, n = 0;
	int start = packet % 3 ? (int)(packet * 2654435761u) : -5;
	int *i, end = packet % 3 ? start + (int)(packet % 90) - 8
				  : (int)(packet * 40503u);

	say(bpf_iter_num_new(&it, start, end));
	while ((i = bpf_iter_num_next(&it))) {
		sum += (__u64)*i * 3 + 1;
		n++;
		if (n >= 100)
			break;
	}
	bpf_iter_num_destroy(&it);
	say(sum);
	say(n);
	say(bpf_iter_num_new(&it, -2147483647 - 1, packet));
	i = bpf_iter_num_next(&it);
	say(i ? *i : 9);
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("xdp") int numbers_xdp(struct xdp_md *ctx)
{
	__u32 packet = begin();

	numbers(packet);
	if (no_such_kfunc)
		say(no_such_kfunc(ctx));
	if (bpf_dynptr_clone)
		say(1);
	keep(packet);
	return XDP_PASS;
}

/* Not longer than it takes: what the compiler knows nothing of. */
SEC("tc") int goto_tc(struct __sk_buff *skb)
{
	__u32 packet = begin();
	__u64 sum = 0;

	for (__u32 i = packets - packet; i < packet + 5; i++) {
		sum += i * i;
		asm volatile goto("may_goto %l[out]" : : : : out);
	}
out:
	say(sum);
	keep(packet);
	return sum & 1 ? 0 : 2;
}

char LICENSE[] SEC("license") = "GPL";
