/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pkt_device.c - what tc sees of a frame that came over a device: as on the
 * live kernel
 *
 * Frames go over a pair of veth devices to a program at tc ingress, which notes
 * what it sees; pkt_to_skb() makes the same of the same bytes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../asm.h"
#include "kmap.h"
#include "knet.h"
#include "kprog.h"
#include "prog/pkt.h"

enum { BYTES = 16, FRAME_MAX = 64, MARKS = 0x88b6, WAIT_MS = 30000 };

/* What the program notes. */
struct seen {
	u32 ran;
	u32 len;
	u32 pkt_type;
	u32 protocol;
	u32 vlan_present;
	u32 vlan_tci;
	u32 vlan_proto;
	u32 wire_len;
	u8 bytes[BYTES]; /* the first, if there are so many */
};

enum dest { HOST, OTHER, MULTICAST, BROADCAST };

static const struct {
	const char *about;
	enum dest dest;
	u16 fields[4]; /* from the type or length on */
	u32 len;
} frames[] = {
	{ "to the host", HOST, { 0x88b5 }, 60 },
	{ "to another", OTHER, { 0x88b5 }, 60 },
	{ "a multicast", MULTICAST, { 0x88b5 }, 60 },
	{ "a broadcast", BROADCAST, { 0x88b5 }, 60 },
	{ "the shortest", HOST, { 0x88b5 }, 14 },
	{ "a length", HOST, { 26, 0xaaaa }, 60 },
	{ "raw 802.3", HOST, { 26, 0xffff }, 60 },
	{ "a tag", HOST, { 0x8100, 0x6005, 0x88b5 }, 60 },
	{ "a priority tag", BROADCAST, { 0x8100, 0xe000, 0x88b5 }, 60 },
	{ "all bits of a tag", OTHER, { 0x8100, 0xffff, 0x88b5 }, 60 },
	{ "a service tag", HOST, { 0x88a8, 0x0007, 0x88b5 }, 60 },
	{ "two tags", HOST, { 0x88a8, 0x0007, 0x8100, 0x0008 }, 60 },
	{ "a tag and a length", HOST, { 0x8100, 5, 26, 0xaaaa }, 60 },
	{ "a tag and raw 802.3", HOST, { 0x8100, 5, 26, 0xffff }, 60 },
	{ "a tag and two bytes", HOST, { 0x8100, 5, 0x88b5 }, 20 },
	{ "a tag and one byte", HOST, { 0x8100, 5, 0x88b5 }, 19 },
	{ "a tag and nothing", HOST, { 0x8100, 5, 0x88b5 }, 18 },
	{ "half a tag", HOST, { 0x8100, 5 }, 16 },
	{ "no tag after its type", HOST, { 0x8100 }, 14 },
};

struct rig {
	struct knet net;
	int map;
	struct seen *seen;
	int prog;
	int link;
	int sender;
	int marks;
};

#define SKB(field) ((s16)offsetof(struct __sk_buff, field))
#define NOTE(field) \
	LDX(W, R2, R6, SKB(field)), STX(W, R7, offsetof(struct seen, field), R2)

static int load_noter(int map)
{
	const struct bpf_insn insns[] = {
		ALU64_X(MOV, R6, R1),
		LD_PSEUDO(R7, BPF_PSEUDO_MAP_VALUE, map, 0),
		LDX(W, R2, R6, SKB(protocol)),
		JMP64_K(JEQ, R2, htons(MARKS), 20),
		ST(W, R7, offsetof(struct seen, ran), 1),
		NOTE(len),
		NOTE(pkt_type),
		NOTE(protocol),
		NOTE(vlan_present),
		NOTE(vlan_tci),
		NOTE(vlan_proto),
		NOTE(wire_len),
		ALU64_K(MOV, R2, 0),
		ALU64_X(MOV, R3, R7),
		ALU64_K(ADD, R3, offsetof(struct seen, bytes)),
		ALU64_K(MOV, R4, BYTES),
		CALL(BPF_FUNC_skb_load_bytes),
		ALU64_K(MOV, R0, TCX_NEXT),
		EXIT(),
	};
	const struct kprog_load l = {
		.type = BPF_PROG_TYPE_SCHED_CLS,
		.insns = insns,
		.cnt = ARRAY_LEN(insns),
		.license = "GPL",
	};

	return kprog_load(&l);
}

static int rig_open(struct rig *rig)
{
	void *value;
	int err = knet_open(&rig->net);

	if (err)
		return err;
	rig->map = kprog_shared_value(sizeof(*rig->seen), &value);
	if (rig->map < 0)
		return rig->map;
	rig->seen = value;
	rig->prog = load_noter(rig->map);
	if (rig->prog < 0)
		return rig->prog;
	rig->link = knet_attach(&rig->net, KNET_B, BPF_TCX_INGRESS, rig->prog);
	if (rig->link < 0)
		return rig->link;
	rig->sender = knet_socket(&rig->net, KNET_A, 0);
	if (rig->sender < 0)
		return rig->sender;
	rig->marks = knet_socket(&rig->net, KNET_B, MARKS);
	return MIN(rig->marks, 0);
}

static void make_frame(const struct rig *rig, u32 i, u8 *frame)
{
	memset(frame, 0, FRAME_MAX);
	switch (frames[i].dest) {
	case HOST: memcpy(frame, rig->net.mac[KNET_B], ETH_ALEN); break;
	case OTHER: memcpy(frame, "\x02\0\0\0\0\x09", ETH_ALEN); break;
	case MULTICAST: memcpy(frame, "\x01\x00\x5e\0\0\x01", ETH_ALEN); break;
	case BROADCAST: memset(frame, 0xff, ETH_ALEN); break;
	}
	memcpy(frame + ETH_ALEN, rig->net.mac[KNET_A], ETH_ALEN);
	for (u32 at = 0; at < ARRAY_LEN(frames[i].fields); at++) {
		u16 field = htons(frames[i].fields[at]);

		memcpy(frame + 12 + 2 * at, &field, sizeof(field));
	}
}

/* Sends the frame and waits until it is through. */
static int run_kernel(struct rig *rig, const u8 *frame, u32 len)
{
	struct pollfd p = { .fd = rig->marks, .events = POLLIN };
	u8 mark[FRAME_MAX] = { 0 };

	memset(rig->seen, 0, sizeof(*rig->seen));
	memcpy(mark, rig->net.mac[KNET_B], ETH_ALEN);
	mark[12] = MARKS >> 8;
	mark[13] = MARKS & 0xff;
	if (send(rig->sender, frame, len, 0) < 0 ||
	    send(rig->sender, mark, sizeof(mark), 0) < 0)
		return -errno;
	if (poll(&p, 1, WAIT_MS) != 1)
		return -ETIMEDOUT;
	return recv(rig->marks, mark, sizeof(mark), 0) < 0 ? -errno : 0;
}

static void run_weir(const struct rig *rig, const u8 *frame, u32 len,
		     struct seen *seen)
{
	u8 buf[PKT_HEADROOM + FRAME_MAX];
	struct pkt p;

	memset(seen, 0, sizeof(*seen));
	if (pkt_init(&p, buf, sizeof(buf), frame, len) != 0 ||
	    pkt_to_skb(&p, rig->net.mac[KNET_B], true) != 0)
		return;
	*seen = (struct seen){
		.ran = 1,
		.len = pkt_len(&p),
		.pkt_type = p.pkt_type,
		.protocol = p.protocol,
		.vlan_present = p.vlan_present,
		.vlan_tci = p.vlan_tci,
		.vlan_proto = p.vlan_proto,
		.wire_len = p.wire_len,
	};
	if (seen->len >= BYTES)
		memcpy(seen->bytes, p.data, BYTES);
}

static void show(const char *who, const struct seen *s)
{
	printf("  %s: %s, len %u, pkt_type %u, protocol %#x, vlan %u %#x %#x, "
	       "wire_len %u, bytes ",
	       who, s->ran ? "seen" : "not seen", s->len, s->pkt_type,
	       ntohs((u16)s->protocol), s->vlan_present, s->vlan_tci,
	       ntohs((u16)s->vlan_proto), s->wire_len);
	for (u32 i = 0; i < BYTES; i++)
		printf("%02x", s->bytes[i]);
	putchar('\n');
}

static int compare(struct rig *rig, u32 i, u32 *different)
{
	u8 frame[FRAME_MAX];
	struct seen ours;
	int err;

	make_frame(rig, i, frame);
	err = run_kernel(rig, frame, frames[i].len);
	if (err)
		return err;
	run_weir(rig, frame, frames[i].len, &ours);
	if (memcmp(&ours, rig->seen, sizeof(ours)) == 0)
		return 0;
	printf("%s:\n", frames[i].about);
	show("Linux", rig->seen);
	show("Weir", &ours);
	++*different;
	return 0;
}

int main(void)
{
	const char *why = kprog_unavailable();
	struct rig rig = { 0 };
	u32 different = 0;
	int err;

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	kmap_pin();
	err = rig_open(&rig);
	if (err == -EPERM || err == -EOPNOTSUPP) {
		printf("skipped: no veth devices here: %s\n", strerror(-err));
		return KPROG_SKIP;
	}
	for (u32 i = 0; i < ARRAY_LEN(frames) && !err; i++)
		err = compare(&rig, i, &different);
	if (err)
		printf("failed: %s\n", strerror(-err));
	printf("%zu frames, %u different\n", ARRAY_LEN(frames), different);
	return err || different;
}
