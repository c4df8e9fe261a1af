/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prog/pkt.h"

#define LEN 60
#define TAIL 8

static const u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 7 };

/* A packet of LEN bytes 0, 1, 2 ... to mac, type or length as given. */
static u8 *make(struct pkt *p, u32 len, u16 field)
{
	const u32 size = PKT_HEADROOM + len + TAIL;
	u8 bytes[LEN], *buf = malloc(size);

	for (u32 i = 0; i < LEN; i++)
		bytes[i] = (u8)i;
	memcpy(bytes, mac, sizeof(mac));
	field = htons(field);
	memcpy(bytes + 12, &field, sizeof(field));
	assert_non_null(buf);
	memset(buf, 0xee, size);
	assert_int_equal(pkt_init(p, buf, size, bytes, len), 0);
	return buf;
}

static void a_fresh_packet_has_its_room_and_nothing_else(void **state)
{
	struct pkt p;
	u8 *buf = make(&p, LEN, ETH_P_IP);

	(void)state;
	assert_ptr_equal(p.head, buf);
	assert_int_equal(p.data - p.head, PKT_HEADROOM);
	assert_int_equal(pkt_len(&p), LEN);
	assert_int_equal(p.end - p.data_end, TAIL);
	assert_ptr_equal(p.data_meta, p.data);
	for (u32 i = 0; i < PKT_HEADROOM; i++)
		assert_int_equal(buf[i], 0);
	for (u32 i = 0; i < TAIL; i++)
		assert_int_equal(p.data_end[i], 0);
	assert_int_equal(p.data[20], 20);
	assert_int_equal(p.mark, 0);
	free(buf);
}

static void what_does_not_fit_is_refused(void **state)
{
	u8 buf[PKT_HEADROOM + 4], bytes[5] = { 0 };
	struct pkt p;

	(void)state;
	assert_int_equal(pkt_init(&p, buf, sizeof(buf), bytes, 5), -EMSGSIZE);
	assert_int_equal(pkt_init(&p, buf, PKT_HEADROOM - 1, NULL, 0),
			 -EMSGSIZE);
	assert_int_equal(pkt_init(&p, buf, sizeof(buf), bytes, 4), 0);
	assert_int_equal(pkt_init(&p, buf, PKT_HEADROOM, NULL, 0), 0);
}

static void a_push_moves_the_data_only_when_it_must(void **state)
{
	struct pkt p;
	u8 *buf = make(&p, LEN, ETH_P_IP), *data = p.data;

	(void)state;
	p.data_meta -= 4;
	memcpy(p.data_meta, "meta", 4);
	p.network_header = 14;
	assert_int_equal(pkt_push(&p, PKT_HEADROOM - 4), 0);
	assert_ptr_equal(p.data_meta, p.head);
	assert_ptr_equal(p.data + PKT_HEADROOM - 4, data);
	assert_int_equal(p.network_header, 14 + PKT_HEADROOM - 4);
	assert_int_equal(p.generation, 1);

	assert_int_equal(pkt_push(&p, TAIL), 0);
	assert_ptr_equal(p.data_meta, p.head);
	assert_memory_equal(p.data_meta, "meta", 4);
	assert_ptr_equal(p.data_end, p.end);
	assert_int_equal(p.data[PKT_HEADROOM - 4 + TAIL + 20], 20);
	assert_int_equal(p.generation, 2);

	assert_int_equal(pkt_push(&p, 1), -ENOMEM);
	assert_int_equal(pkt_push(&p, INT32_MAX), -ENOMEM);
	assert_int_equal(p.generation, 2);
	free(buf);
}

static void a_shrink_ends_at_the_packets_end(void **state)
{
	struct pkt p;
	u8 *buf = make(&p, LEN, ETH_P_IP);

	(void)state;
	assert_int_equal(pkt_push(&p, -LEN - 1), -EINVAL);
	assert_int_equal(pkt_push(&p, INT32_MIN), -EINVAL);
	assert_int_equal(pkt_push(&p, -20), 0);
	assert_int_equal(p.data[0], 20);
	assert_ptr_equal(p.data_meta, p.data);
	assert_int_equal(pkt_push(&p, -(LEN - 20)), 0);
	assert_int_equal(pkt_len(&p), 0);
	assert_int_equal(pkt_push(&p, LEN), 0);
	assert_int_equal(p.data[30], 30);
	free(buf);
}

static void a_port_knows_its_own(void **state)
{
	static const struct {
		u8 dest[ETH_ALEN];
		u8 type;
	} rows[] = {
		{ { 2, 0, 0, 0, 0, 7 }, PKT_HOST },
		{ { 2, 0, 0, 0, 0, 8 }, PKT_OTHERHOST },
		{ { 255, 255, 255, 255, 255, 255 }, PKT_BROADCAST },
		{ { 0x33, 0x33, 0, 0, 0, 1 }, PKT_MULTICAST },
	};
	struct pkt p;
	u8 *buf = make(&p, LEN, ETH_P_IP);

	(void)state;
	p.rx_queue = 3;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		memcpy(p.data, rows[i].dest, ETH_ALEN);
		assert_int_equal(pkt_to_skb(&p, mac, true), 0);
		assert_int_equal(p.pkt_type, rows[i].type);
	}
	assert_int_equal(p.protocol, htons(ETH_P_IP));
	assert_int_equal(p.network_header, ETH_HLEN);
	assert_int_equal(p.queue_mapping, 4);
	assert_true(p.at_ingress);
	free(buf);
}

static void an_outer_tag_leaves_the_data_and_comes_back(void **state)
{
	u8 before[LEN];
	struct pkt p;
	u8 *buf = make(&p, LEN, ETH_P_8021Q);

	(void)state;
	memcpy(p.data + 14, "\x60\x05\x08\x00", 4);
	memcpy(before, p.data, LEN);
	p.data_meta -= 4;
	memcpy(p.data_meta, "meta", 4);

	assert_int_equal(pkt_to_skb(&p, mac, true), 0);
	assert_true(p.vlan_present);
	assert_int_equal(p.vlan_proto, htons(ETH_P_8021Q));
	assert_int_equal(p.vlan_tci, 0x6005);
	assert_int_equal(p.protocol, htons(ETH_P_IP));
	assert_int_equal(pkt_len(&p), LEN - 4);
	assert_int_equal(p.wire_len, LEN - 4 - ETH_HLEN);
	assert_memory_equal(p.data, before, 12);
	assert_memory_equal(p.data + 12, before + 16, LEN - 16);
	assert_int_equal(p.data - p.data_meta, 4);
	assert_memory_equal(p.data_meta, "meta", 4);
	assert_int_equal(p.generation, 1);

	assert_int_equal(pkt_from_skb(&p), 0);
	assert_int_equal(pkt_len(&p), LEN);
	assert_memory_equal(p.data, before, LEN);
	assert_false(p.vlan_present);
	assert_int_equal(p.vlan_tci, 0);
	assert_ptr_equal(p.data_meta, p.data);
	free(buf);
}

static void a_tag_the_device_took_off_is_not_looked_for(void **state)
{
	struct pkt p;
	u8 *buf = make(&p, LEN, ETH_P_8021Q);

	(void)state;
	p.vlan_present = true;
	p.vlan_proto = htons(ETH_P_8021AD);
	p.vlan_tci = 9;
	assert_int_equal(pkt_to_skb(&p, mac, true), 0);
	assert_int_equal(p.vlan_tci, 9);
	assert_int_equal(pkt_len(&p), LEN);
	assert_int_equal(p.protocol, htons(ETH_P_8021Q));
	free(buf);
}

static void short_packets_are_refused(void **state)
{
	static const struct {
		u32 len;
		u16 field;
		int err;
	} rows[] = {
		{ 13, ETH_P_IP, -EINVAL },
		{ 14, ETH_P_IP, 0 },
		{ 14, 10, 0 },
		/* a tag and the two bytes after it */
		{ 19, ETH_P_8021Q, -EINVAL },
		{ 20, ETH_P_8021Q, 0 },
		{ 19, ETH_P_8021AD, -EINVAL },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct pkt p;
		u8 *buf = make(&p, rows[i].len, rows[i].field);

		p.data = p.data_meta =
			memmove(p.data + TAIL, p.data, rows[i].len);
		p.data_end = p.end;
		assert_int_equal(pkt_to_skb(&p, mac, true), rows[i].err);
		free(buf);
	}
}

static void a_tag_needs_room_to_leave(void **state)
{
	struct pkt p;
	u8 *buf = make(&p, LEN, ETH_P_IP);

	(void)state;
	p.vlan_present = true;
	p.vlan_proto = htons(ETH_P_8021Q);
	p.head = p.data - 1;
	p.end = p.data_end + 2;
	assert_int_equal(pkt_from_skb(&p), -ENOMEM);
	assert_true(p.vlan_present);
	p.end++;
	assert_int_equal(pkt_from_skb(&p), 0);
	assert_int_equal(pkt_len(&p), LEN + 4);
	p.vlan_present = true;
	p.data_end = p.data + 13;
	assert_int_equal(pkt_from_skb(&p), -EINVAL);
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_packet_has_its_room_and_nothing_else),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_push_moves_the_data_only_when_it_must),
		cmocka_unit_test(a_shrink_ends_at_the_packets_end),
		cmocka_unit_test(a_port_knows_its_own),
		cmocka_unit_test(an_outer_tag_leaves_the_data_and_comes_back),
		cmocka_unit_test(a_tag_the_device_took_off_is_not_looked_for),
		cmocka_unit_test(short_packets_are_refused),
		cmocka_unit_test(a_tag_needs_room_to_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
