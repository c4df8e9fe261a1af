/* SPDX-License-Identifier: BSD-3-Clause */
/* offload.c - what a NIC says of its packets: checksums, hashes, segments.  A
 * ring hands on mbufs as they are, so the test can be the NIC. */
#include "rig.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ethdev.h>

#include "port/frames.h"

static struct rig rig;

static struct rte_mbuf *mbuf(u32 len, u8 seed)
{
	struct rte_mbuf *m = frame_of(rig_packet(&rig, len, seed));

	m->pkt_len = len;
	return m;
}

static bool give(struct port *port, struct rte_mbuf *m, struct pkt **p)
{
	/* the port under test is the only device there is */
	assert_int_equal(rte_eth_tx_burst(0, 0, &m, 1), 1);
	return port_rx(port, 0, p, 1) == 1;
}

static void checksum_states_are_linuxs(void **state)
{
	static const struct {
		u64 flags;
		u8 want; /* CHECKSUM_NONE, CHECKSUM_UNNECESSARY */
	} rows[] = {
		{ 0, 0 },
		{ RTE_MBUF_F_RX_L4_CKSUM_GOOD, 1 },
		{ RTE_MBUF_F_RX_L4_CKSUM_BAD, 0 },
		{ RTE_MBUF_F_RX_L4_CKSUM_NONE, 1 },
		{ RTE_MBUF_F_RX_IP_CKSUM_GOOD, 0 },
	};
	struct port *port = rig_open_spec(&rig, "ring");
	struct pkt *p;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct rte_mbuf *m = mbuf(100, 1);

		m->ol_flags = rows[i].flags;
		assert_true(give(port, m, &p));
		assert_int_equal(p->csum_state, rows[i].want);
		port_free(&p, 1);
	}
	rig_close(&rig);
}

static void a_checksum_left_to_a_device_is_filled_in(void **state)
{
	struct port *port = rig_open_spec(&rig, "ring");
	u8 want[301];
	struct pkt *p;

	(void)state;
	for (u32 len = 42; len <= sizeof(want); len++) {
		struct rte_mbuf *m = mbuf(len, 1);

		/* what is there before does not count */
		rte_pktmbuf_mtod(m, u8 *)[41] = 0x77;
		m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		rig_frame(want, len, 1);
		rig_checksum(want, len);
		assert_true(give(port, m, &p));
		assert_memory_equal(p->data, want, len);
		port_free(&p, 1);
	}
	rig_close(&rig);
}

static void over_ipv6_too(void **state)
{
	struct port *port = rig_open_spec(&rig, "ring");
	struct rte_mbuf *m = mbuf(200, 1);
	u8 *frame = rte_pktmbuf_mtod(m, u8 *);
	u8 sum[40 + 200 - 54] = { 0 };
	struct pkt *p;

	(void)state;
	memset(frame + 14, 0, 60);
	memcpy(frame + 12, "\x86\xdd\x60", 3);
	frame[19] = 200 - 54;
	frame[20] = IPPROTO_TCP;
	frame[22] = frame[38] = 0xfe;
	frame[54 + 12] = 0x50;
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	assert_true(give(port, m, &p));
	/* addresses, length, protocol, segment */
	memcpy(sum, p->data + 22, 32);
	sum[35] = 200 - 54;
	sum[39] = IPPROTO_TCP;
	memcpy(sum + 40, p->data + 54, 200 - 54);
	assert_int_equal(rig_sum(sum, sizeof(sum)), 0);
	port_free(&p, 1);
	rig_close(&rig);
}

/* Headers that promise more than there is, and every shorter frame. */
static void what_is_not_whole_is_left_alone(void **state)
{
	struct port *port = rig_open_spec(&rig, "ring");
	struct pkt *p;

	(void)state;
	for (u32 len = 0; len < 100; len++) {
		struct rte_mbuf *m = mbuf(100, 1);
		u8 was[100];

		memcpy(was, rte_pktmbuf_mtod(m, u8 *), 100);
		m->data_len = (u16)len;
		m->pkt_len = len;
		m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		assert_true(give(port, m, &p));
		assert_memory_equal(p->data, was, 100);
		port_free(&p, 1);
	}
	rig_close(&rig);
}

static void a_devices_hash_is_the_packets(void **state)
{
	struct port *port = rig_open_spec(&rig, "ring");
	struct rte_mbuf *m = mbuf(100, 1);
	struct pkt *p;

	(void)state;
	m->hash.rss = 0x12345678;
	m->ol_flags = RTE_MBUF_F_RX_RSS_HASH;
	assert_true(give(port, m, &p));
	assert_true(p->hash_valid);
	assert_int_equal(p->hash, 0x12345678);
	port_free(&p, 1);
	assert_true(give(port, mbuf(100, 1), &p));
	assert_false(p->hash_valid);
	assert_int_equal(p->hash, 0);
	port_free(&p, 1);
	rig_close(&rig);
}

static void segments_are_joined_where_they_fit(void **state)
{
	static const struct {
		u32 first, second;
		bool fits;
	} rows[] = { { 100, 100, true },
		     { 2048, 1472, true },
		     { 2048, 1473, false },
		     { 3520, 1, false } };
	struct port *port = rig_open_spec(&rig, "ring");
	struct port_lost lost;
	u64 lost_before = 0;
	struct pkt *p;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		u32 len = rows[i].first + rows[i].second;
		struct rte_mbuf *m = mbuf(rows[i].first, 1);
		struct rte_mbuf *more = mbuf(rows[i].second, 2);
		u8 tail[PKT_XDP_LINEAR_MAX];

		memcpy(tail, rte_pktmbuf_mtod(more, u8 *), rows[i].second);
		assert_int_equal(rte_pktmbuf_chain(m, more), 0);
		assert_int_equal(give(port, m, &p), rows[i].fits);
		port_get_lost(port, &lost);
		if (rows[i].fits) {
			assert_int_equal(pkt_len(p), len);
			assert_memory_equal(p->data + rows[i].first, tail,
					    rows[i].second);
			port_free(&p, 1);
		}
		lost_before += !rows[i].fits;
		assert_int_equal(lost.too_long, lost_before);
	}
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_states_are_linuxs),
		cmocka_unit_test(a_checksum_left_to_a_device_is_filled_in),
		cmocka_unit_test(over_ipv6_too),
		cmocka_unit_test(what_is_not_whole_is_left_alone),
		cmocka_unit_test(a_devices_hash_is_the_packets),
		cmocka_unit_test(segments_are_joined_where_they_fit),
	};
	int failed;

	rig_start(&rig, 1, false);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rig_stop(&rig);
	return failed;
}
