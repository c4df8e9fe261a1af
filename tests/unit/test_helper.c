/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Helpers called directly: what the live kernel cannot be asked (ingress, the
 * end of a buffer, PARTIAL checksums), what they ask of the world, and random
 * calls in a buffer of exactly its size.
 *
 *	test-helper DOCS [SEED]		DOCS: the folder with helpers.md
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bpf/kfunc.h"
#include "helper/helper.h"

#define ROOM 100 /* before and after the packet */
#define LEN 100

enum { NONE, UNNECESSARY, COMPLETE, PARTIAL };

static const char *docs = "docs";
static u64 seed = 1;

/* ---- a world that remembers what it was asked ---- */

static struct {
	int clock;
	u32 slot;
	const struct prog *prog;
	char line[1024];
} asked;

static u64 ktime_ns(struct world *w, int clock)
{
	(void)w;
	asked.clock = clock;
	return 8000000 + (u64)clock;
}

static u32 random_number(struct world *w, u32 slot)
{
	(void)w;
	asked.slot = slot;
	return 0x80000000u + slot;
}

static u32 cpu(struct world *w, u32 slot)
{
	(void)w;
	return slot + 40;
}

static void trace(struct world *w, const struct prog *prog, const char *line,
		  u32 len)
{
	(void)w;
	asked.prog = prog;
	assert_int_equal(len, strlen(line));
	snprintf(asked.line, sizeof(asked.line), "%s", line);
}

static const struct world_ops ops = {
	.ktime_ns = ktime_ns,
	.random = random_number,
	.cpu = cpu,
	.trace = trace,
};
static struct world world = { &ops };

/* ---- a packet ---- */

static u8 *buffer;
static struct pkt pkt;
static struct prog prog;
static struct run run;

static u32 sum(const u8 *at, const u8 *end)
{
	u64 total = 0;

	for (; at < end; at += 2)
		total += at[0] | (u64)(at + 1 < end ? at[1] : 0) << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (u32)total;
}

static u32 fold(u32 total)
{
	total = (total & 0xffff) + (total >> 16);
	return (total & 0xffff) + (total >> 16);
}

/* At tc ingress, IPv4 behind a tag that is in the data; a COMPLETE sum covers
 * what is behind the link header. */
static void present(u32 room)
{
	static const u8 head[] = { 1,  2,  3,	 4, 5,	  6, 7, 8, 9,	10,
				   11, 12, 0x81, 0, 0x20, 5, 8, 0, 0x45 };

	free(buffer);
	buffer = malloc(2 * room + LEN);
	assert_non_null(buffer);
	memset(&pkt, 0, sizeof(pkt));
	pkt.head = buffer;
	pkt.data = pkt.data_meta = buffer + room;
	pkt.data_end = pkt.data + LEN;
	pkt.end = pkt.data_end + room;
	for (u32 i = 0; i < 2 * room + LEN; i++)
		buffer[i] = (u8)(i * 29);
	memcpy(pkt.data, head, sizeof(head));
	pkt.protocol = htons(0x8100);
	pkt.network_header = pkt.transport_header = 14;
	pkt.at_ingress = true;
	pkt.csum_state = COMPLETE;
	pkt.csum = sum(pkt.data + 14, pkt.data_end);
	memset(&run, 0, sizeof(run));
	run.world = &world;
	run.slot = 3;
	run.prog = &prog;
	prog.type = BPF_PROG_TYPE_SCHED_CLS;
	run_begin(&run, &pkt);
}

#define CALL(name, ...) call(BPF_FUNC_##name, (u64[5]){ __VA_ARGS__ })
#define SKB(name, ...) CALL(name, (u64)(uintptr_t)&pkt, __VA_ARGS__)

static s64 call(u32 id, const u64 a[5])
{
	const struct helper *h = helper_find(id);

	assert_non_null(h);
	return (s64)h->fn(&run, a[0], a[1], a[2], a[3], a[4]);
}

static void sum_holds(void)
{
	if (pkt.csum_state == COMPLETE)
		assert_int_equal(fold(pkt.csum) % 0xffff,
				 sum(pkt.data + pkt.network_header,
				     pkt.data_end) %
					 0xffff);
}

/* ---- the table ---- */

static void numbers_have_names_and_rows(void **state)
{
	u32 n = 0, last = 0;

	(void)state;
	assert_null(helper_name(0));
	assert_null(helper_name(__BPF_FUNC_MAX_ID));
	assert_null(helper_name(UINT32_MAX));
	for (u32 id = 1; id < __BPF_FUNC_MAX_ID; id++)
		assert_non_null(helper_name(id));
	assert_string_equal(helper_name(BPF_FUNC_cgrp_storage_delete),
			    "cgrp_storage_delete");
	for (u32 i = 0; helper_table[i]; i++, n++) {
		const struct helper *h = helper_table[i];

		assert_true(h->id > last);
		last = h->id;
		assert_ptr_equal(helper_find(h->id), h);
		assert_string_equal(helper_name(h->id), h->name);
		assert_true(h->progs && !(h->progs & ~PROG_ANY));
	}
	for (u32 id = 0; id < __BPF_FUNC_MAX_ID + 9; id++)
		n -= helper_find(id) != NULL;
	assert_int_equal(n, 0);
	assert_null(helper_find(UINT32_MAX));
}

static void add_row(char *text, size_t size, const struct helper *h)
{
	size_t at = strlen(text);

	snprintf(text + at, size - at, "| `bpf_%s` | %u |%s%s%s | %s |\n",
		 h->name, h->id, h->progs & PROG_XDP ? " xdp" : "",
		 h->progs & PROG_TC ? " tc" : "",
		 h->progs & PROG_SOCKET ? " socket" : "",
		 h->gpl_only ? "GPL" : "any");
}

/* Of those that Weir lacks there is why. */
static void add_lacking(char *text, size_t size, u32 id)
{
	const char *why = helper_why(id);
	size_t at;

	if (!why)
		return;
	add_row(text, size, helper_proto(id));
	at = strlen(text) - 1; /* the newline */
	snprintf(text + at, size - at, " %s |\n", why);
}

static void add_kfunc(char *text, size_t size, u32 number)
{
	const struct helper *h = helper_kfunc(number);
	size_t at = strlen(text);

	assert_string_equal(h->name, kfunc_name(number) + strlen("bpf_"));
	assert_int_equal(kfunc_find(kfunc_name(number)), number);
	snprintf(text + at, size - at, "| `bpf_%s` |%s%s%s |\n", h->name,
		 h->progs & PROG_XDP ? " xdp" : "",
		 h->progs & PROG_TC ? " tc" : "",
		 h->progs & PROG_SOCKET ? " socket" : "");
}

static void has_text(const char *text, const char *expected)
{
	if (strstr(text, expected))
		return;
	fprintf(stderr, "the document must have this table:\n%s", expected);
	fail();
}

static void the_document_has_the_tables(void **state)
{
	static char text[1 << 16], expected[1 << 14];
	char path[512];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/helpers.md", docs);
	f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	snprintf(expected, sizeof(expected),
		 "| helper | number | programs | licence "
		 "|\n|---|---|---|---|\n");
	for (u32 i = 0; helper_table[i]; i++)
		add_row(expected, sizeof(expected), helper_table[i]);
	has_text(text, expected);
	snprintf(expected, sizeof(expected),
		 "| helper | number | programs | licence | why not "
		 "|\n|---|---|---|---|---|\n");
	for (u32 id = 1; id < __BPF_FUNC_MAX_ID; id++)
		add_lacking(expected, sizeof(expected), id);
	has_text(text, expected);
	snprintf(expected, sizeof(expected),
		 "| kernel function | programs |\n|---|---|\n");
	for (u32 i = KFUNC_NONE + 1; i < KFUNC_COUNT; i++)
		add_kfunc(expected, sizeof(expected), i);
	has_text(text, expected);
}

/* ---- the world ---- */

static void the_world_is_asked(void **state)
{
	(void)state;
	present(ROOM);
	assert_int_equal(CALL(ktime_get_ns), 8000000 + CLOCK_MONOTONIC);
	assert_int_equal(asked.clock, CLOCK_MONOTONIC);
	CALL(ktime_get_boot_ns);
	assert_int_equal(asked.clock, CLOCK_BOOTTIME);
	CALL(ktime_get_coarse_ns);
	assert_int_equal(asked.clock, CLOCK_MONOTONIC_COARSE);
	CALL(ktime_get_tai_ns);
	assert_int_equal(asked.clock, CLOCK_TAI);
	assert_int_equal(CALL(jiffies64), (u32)(-300 * 250) + 2);
	assert_int_equal(CALL(get_prandom_u32), 0x80000003);
	assert_int_equal(CALL(get_smp_processor_id), 43);
}

static void lines_go_to_the_world(void **state)
{
	static const char fmt[] = "%d apples\n";

	(void)state;
	present(ROOM);
	assert_int_equal(CALL(trace_printk, (u64)(uintptr_t)fmt, sizeof(fmt),
			      3),
			 9);
	assert_string_equal(asked.line, "3 apples");
	assert_ptr_equal(asked.prog, &prog);
	asked.line[0] = '\0';
	assert_int_equal(CALL(trace_printk, (u64)(uintptr_t)fmt,
			      sizeof(fmt) - 1, 3),
			 -EINVAL);
	assert_string_equal(asked.line, "");
}

/* Any number may be said to be a string. */
static void strings_may_be_nowhere(void **state)
{
	static const char fmt[] = "[%s|%pI4]", cut[] = "%s%pB";
	static char full[600];
	u64 page = (u64)(uintptr_t)fmt & ~4095ull;

	(void)state;
	present(ROOM);
	for (u32 bit = 0; bit < 64; bit++)
		CALL(trace_printk, (u64)(uintptr_t)fmt, sizeof(fmt),
		     page ^ 1ull << bit, page ^ 1ull << bit);
	assert_int_equal(CALL(trace_printk, (u64)(uintptr_t)fmt, sizeof(fmt),
			      4095, -4),
			 10);
	assert_string_equal(asked.line, "[|0.0.0.0]");
	/* Linux would print what lies behind its buffer */
	memset(full, 'x', sizeof(full));
	assert_int_equal(CALL(trace_printk, (u64)(uintptr_t)cut, sizeof(cut),
			      (u64)(uintptr_t)full, 1),
			 -ENOSPC);
}

static void pointers_are_hidden(void **state)
{
	static const char fmt[] = "%p %p";
	char first[sizeof(asked.line)], address[32];

	(void)state;
	present(ROOM);
	CALL(trace_printk, (u64)(uintptr_t)fmt, sizeof(fmt),
	     (u64)(uintptr_t)&pkt, (u64)(uintptr_t)&run);
	snprintf(first, sizeof(first), "%s", asked.line);
	snprintf(address, sizeof(address), "%llx",
		 (unsigned long long)(uintptr_t)&pkt);
	assert_int_equal(strlen(first), 33);
	assert_memory_equal(first, "00000000", 8);
	assert_null(strstr(first, address));
	assert_memory_not_equal(first, first + 17, 16);
	CALL(trace_printk, (u64)(uintptr_t)fmt, sizeof(fmt),
	     (u64)(uintptr_t)&pkt, (u64)(uintptr_t)&run);
	assert_string_equal(first, asked.line);
}

static void redirects_are_noted(void **state)
{
	(void)state;
	present(ROOM);
	assert_int_equal(CALL(redirect, 7, 2), TC_ACT_SHOT);
	assert_false(run.redirect.set);
	assert_int_equal(CALL(redirect, 7, BPF_F_INGRESS), TC_ACT_REDIRECT);
	assert_true(run.redirect.set);
	assert_int_equal(run.redirect.ifindex, 7);
	assert_int_equal(run.redirect.flags, BPF_F_INGRESS);
	prog.type = BPF_PROG_TYPE_XDP;
	assert_int_equal(CALL(redirect, 8, 1), XDP_ABORTED);
	assert_int_equal(CALL(redirect, 8, 0), XDP_REDIRECT);
	assert_int_equal(run.redirect.ifindex, 8);
}

/* ---- checksums at ingress ---- */

static void a_complete_sum_follows_tags(void **state)
{
	(void)state;
	present(ROOM);
	assert_int_equal(SKB(skb_vlan_push, htons(0x88a8), 7), 0);
	sum_holds();
	assert_true(pkt.vlan_present);
	assert_int_equal(SKB(skb_vlan_push, htons(0x8100), 9), 0);
	sum_holds();
	assert_int_equal(pkt.data_end - pkt.data, LEN + 4);
	assert_int_equal(pkt.protocol, htons(0x88a8));
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(SKB(skb_vlan_pop, 0), 0);
		sum_holds();
	}
	assert_false(pkt.vlan_present);
	assert_int_equal(pkt.protocol, htons(0x0800));
	assert_int_equal(pkt.data_end - pkt.data, LEN - 4);
	assert_int_equal(pkt.mac_header, 0);
	assert_int_equal(pkt.network_header, 14);
}

static void a_complete_sum_follows_stores(void **state)
{
	static const u8 bytes[3] = { 0xab, 0xcd, 0xef };

	(void)state;
	present(ROOM);
	for (u32 off = 14; off < 97; off++) {
		assert_int_equal(SKB(skb_store_bytes, off,
				     (u64)(uintptr_t)bytes, 3,
				     BPF_F_RECOMPUTE_CSUM),
				 0);
		sum_holds();
	}
}

static void a_partial_checksum_holds_the_pseudo_header(void **state)
{
	u8 *check;

	(void)state;
	present(ROOM);
	pkt.csum_state = PARTIAL;
	check = pkt.data + 50;
	check[0] = 0x12;
	check[1] = 0x34;
	assert_int_equal(SKB(l4_csum_replace, 50, 0x1111, 0x2222, 2), 0);
	assert_int_equal(check[0] << 8 | check[1], 0x1234);
	assert_int_equal(SKB(l4_csum_replace, 50, 0x1111, 0x2222,
			     2 | BPF_F_PSEUDO_HDR),
			 0);
	assert_int_equal(check[0] << 8 | check[1], 0x2345);
	assert_int_equal(SKB(l4_csum_replace, 50, 0, 0x1111, BPF_F_PSEUDO_HDR),
			 0);
	assert_int_equal(check[0] << 8 | check[1], 0x3456);
}

/* ---- the end of the buffer ---- */

/* Linux lets a tail go as far as the transport header, which a pop has moved
 * before the network header. */
static void tags_of_a_cut_link_header(void **state)
{
	(void)state;
	present(0);
	assert_int_equal(SKB(skb_vlan_pop, 0), 0);
	assert_int_equal(SKB(skb_change_tail, 11, 0), 0);
	pkt.csum_state = COMPLETE;
	memmove(buffer, pkt.data, 11);
	pkt.head = pkt.data = pkt.data_meta = realloc(buffer, 11);
	assert_non_null(pkt.data);
	buffer = pkt.data;
	pkt.data_end = pkt.end = pkt.data + 11;
	assert_int_equal(SKB(skb_vlan_push, htons(0x8100), 3), 0);
	assert_int_equal(SKB(skb_vlan_push, htons(0x8100), 4), -EINVAL);
	assert_int_equal(SKB(skb_vlan_pop, 0), 0);
	assert_true(SKB(get_hash_recalc, 0) > 0);
}

static void without_room_nothing_changes(void **state)
{
	static const struct {
		u32 id;
		u64 arg[3];
		u16 protocol; /* 0: as it is */
	} rows[] = {
		{ BPF_FUNC_skb_change_head, { 9, 0 }, 0 },
		{ BPF_FUNC_skb_change_tail, { LEN + 9, 0 }, 0 },
		{ BPF_FUNC_skb_change_head, { 15000, 0 }, 0 },
		{ BPF_FUNC_skb_change_tail, { 16064, 0 }, 0 },
		{ BPF_FUNC_skb_adjust_room, { 9, BPF_ADJ_ROOM_MAC, 0 }, 0x800 },
		{ BPF_FUNC_skb_change_proto, { 0xdd86, 0 }, 0x800 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		u8 bytes[LEN];
		struct pkt before;

		present(4);
		if (rows[i].protocol)
			pkt.protocol = htons(rows[i].protocol);
		pkt.csum_state = NONE;
		before = pkt;
		memcpy(bytes, pkt.data, LEN);
		assert_int_equal(call(rows[i].id,
				      (u64[5]){ (u64)(uintptr_t)&pkt,
						rows[i].arg[0], rows[i].arg[1],
						rows[i].arg[2] }),
				 -ENOMEM);
		assert_memory_equal(&pkt, &before, sizeof(pkt));
		assert_memory_equal(pkt.data, bytes, LEN);
	}
}

/* Two tags go in, the third finds no room and leaves all as it was. */
static void a_tag_without_room_is_refused(void **state)
{
	(void)state;
	present(4);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(SKB(skb_vlan_push, htons(0x8100), i), 0);
	assert_int_equal(SKB(skb_vlan_push, htons(0x8100), 9), -ENOMEM);
	sum_holds();
	assert_int_equal(pkt.vlan_tci, 2);
	assert_int_equal(pkt.data_end - pkt.data, LEN + 8);
	assert_int_equal(pkt.data[15], 1);
	assert_int_equal(pkt.data[19], 0);
}

static void tails_use_the_room_before_the_packet(void **state)
{
	u8 bytes[LEN];

	(void)state;
	present(10);
	memcpy(bytes, pkt.data, LEN);
	assert_int_equal(SKB(skb_change_tail, LEN + 18, 0), 0);
	assert_ptr_equal(pkt.data, pkt.head + 2);
	assert_memory_equal(pkt.data, bytes, LEN);
	for (u32 i = LEN; i < LEN + 18; i++)
		assert_int_equal(pkt.data[i], 0);
}

/* Longer buffers than Linux's do not let a packet grow longer than there. */
static void xdp_tails_end_where_linux_has_its_page(void **state)
{
	u8 *big = calloc(1, 10000);

	(void)state;
	assert_non_null(big);
	present(ROOM);
	assert_int_equal(pkt_init(&pkt, big, 10000, buffer, LEN), 0);
	assert_int_equal(SKB(xdp_adjust_tail, 3520 - LEN + 1), -EINVAL);
	assert_int_equal(SKB(xdp_adjust_tail, 3520 - LEN), 0);
	pkt.data_end = pkt.data + 9000;
	assert_int_equal(SKB(xdp_adjust_tail, 1), -EINVAL);
	assert_int_equal(SKB(xdp_adjust_tail, -1), 0);
	assert_int_equal(pkt_len(&pkt), 8999);
	free(big);
}

static void xdp_bytes_are_few(void **state)
{
	u8 *bytes = malloc(0x10000);
	u64 at = (u64)(uintptr_t)bytes;

	(void)state;
	assert_non_null(bytes);
	present(ROOM);
	assert_int_equal(SKB(xdp_load_bytes, 0, at, 0x10000), -EFAULT);
	assert_int_equal(SKB(xdp_load_bytes, 0, at, 0xffff), -EINVAL);
	assert_int_equal(SKB(xdp_store_bytes, 0, at, 0x10000), -EFAULT);
	assert_int_equal(SKB(xdp_store_bytes, 0x10000, at, 1), -EFAULT);
	assert_int_equal(SKB(xdp_load_bytes, 0, at, LEN), 0);
	assert_memory_equal(bytes, pkt.data, LEN);
	free(bytes);
}

/* ---- random calls ---- */

static u64 random_state;

static u64 rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static u64 some_number(void)
{
	switch (rnd() % 5) {
	case 0:
		return rnd() % 300;
	case 1:
		return (u64) - (s64)(rnd() % 200);
	case 2:
		return rnd() % 8;
	case 3:
		return rnd() % 2 ? htons(0x800) : htons(0x8100);
	default:
		return rnd() >> rnd() % 64;
	}
}

static void random_call(u8 *memory, u32 size)
{
	const struct helper *h;
	u64 arg[5];
	u32 n = 0;

	while (helper_table[n])
		n++;
	h = helper_table[rnd() % n];
	if (!h->fn || !(h->progs & ctx_mask(prog.type)))
		return;
	for (u32 i = 0; i < 5; i++) {
		switch (h->arg[i]) {
		case ARG_NONE:
		case ARG_ANY: arg[i] = some_number(); break;
		case ARG_CTX: arg[i] = (u64)(uintptr_t)&pkt; break;
		case ARG_MEM:
		case ARG_MEM_OR_NULL:
		case ARG_MEM_WRITE:
		case ARG_MEM_WRITE_OR_NULL:
		case ARG_FIXED:
		case ARG_FIXED_OUT:
		case ARG_MEM_OUT: arg[i] = (u64)(uintptr_t)memory; break;
		case ARG_SIZE:
		case ARG_SIZE_OR_ZERO: arg[i] = 1 + rnd() % size; break;
		default: return;
		}
	}
	h->fn(&run, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

static void random_calls_stay_in_the_buffer(void **state)
{
	u8 *memory = malloc(200);

	(void)state;
	assert_non_null(memory);
	random_state = seed * 2654435761u | 1;
	for (u32 i = 0; i < 30000; i++) {
		present(rnd() % 80);
		prog.type =
			rnd() % 3 ? BPF_PROG_TYPE_SCHED_CLS : BPF_PROG_TYPE_XDP;
		pkt.csum_state = rnd() % 4;
		for (u32 b = 0; b < 200; b++)
			memory[b] = (u8)rnd();
		for (u32 n = 0; n < 12; n++) {
			random_call(memory, 200);
			assert_true(pkt.head <= pkt.data_meta);
			assert_true(pkt.data_meta <= pkt.data);
			assert_true(pkt.data <= pkt.data_end);
			assert_true(pkt.data_end <= pkt.end);
			assert_true(pkt.network_header >= 0);
		}
	}
	free(memory);
}

static int release(void **state)
{
	(void)state;
	free(buffer);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_names_and_rows),
		cmocka_unit_test(the_document_has_the_tables),
		cmocka_unit_test(the_world_is_asked),
		cmocka_unit_test(lines_go_to_the_world),
		cmocka_unit_test(strings_may_be_nowhere),
		cmocka_unit_test(pointers_are_hidden),
		cmocka_unit_test(redirects_are_noted),
		cmocka_unit_test(a_complete_sum_follows_tags),
		cmocka_unit_test(a_complete_sum_follows_stores),
		cmocka_unit_test(a_partial_checksum_holds_the_pseudo_header),
		cmocka_unit_test(tags_of_a_cut_link_header),
		cmocka_unit_test(without_room_nothing_changes),
		cmocka_unit_test(a_tag_without_room_is_refused),
		cmocka_unit_test(tails_use_the_room_before_the_packet),
		cmocka_unit_test(xdp_tails_end_where_linux_has_its_page),
		cmocka_unit_test(xdp_bytes_are_few),
		cmocka_unit_test(random_calls_stay_in_the_buffer),
	};

	if (argc > 1)
		docs = argv[1];
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, release);
}
