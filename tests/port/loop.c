/* SPDX-License-Identifier: BSD-3-Clause */
/* loop.c - ports that need nothing of the machine: null and ring */
#include "rig.h"

#include <errno.h>
#include <string.h>

static struct rig rig;

static void send_one(struct port *port, struct pkt *p)
{
	assert_int_equal(port_tx(port, 0, &p, 1), 1);
}

static void null_gives_and_takes(void **state)
{
	struct port *port = rig_open_spec(&rig, "null");
	struct pkt *pkts[PORT_BURST];
	struct port_info info;

	(void)state;
	port_get_info(port, &info);
	assert_string_equal(info.driver, "net_null");
	assert_string_equal(info.spec, "null");
	assert_int_equal(info.ifindex, 1);
	assert_int_equal(info.queues, rig.lcore_cnt);
	assert_int_equal(info.link, LINK_UP);
	assert_int_equal(info.mtu, 1500);
	assert_false(info.ended);
	assert_int_equal(port_rx(port, 0, pkts, PORT_BURST), PORT_BURST);
	for (u32 i = 0; i < PORT_BURST; i++) {
		const struct pkt *p = pkts[i];

		assert_int_equal(pkt_len(p), 64);
		assert_int_equal(p->data - p->head, PKT_HEADROOM);
		assert_int_equal(p->end - p->data, PKT_XDP_LINEAR_MAX);
		assert_ptr_equal(p->data_meta, p->data);
		assert_int_equal(p->ingress_ifindex, 1);
		assert_int_equal(p->ifindex, 1);
		assert_int_equal(p->port, 0);
		assert_int_equal(p->mark, 0);
		assert_int_equal(p->rx_ns, PKT_JUST_NOW);
	}
	assert_int_equal(port_tx(port, 0, pkts, PORT_BURST), PORT_BURST);
	rig_close(&rig);
}

static void a_queue_for_each_lcore_unless_told(void **state)
{
	struct port_config config = { .name = "n", .spec = "null" };
	struct port_info info;

	(void)state;
	config.queues = 1;
	port_get_info(rig_open(&rig, &config), &info);
	assert_int_equal(info.queues, 1);
	rig_close(&rig);
}

static void ring_returns_what_it_is_sent(void **state)
{
	struct port *port = rig_open_spec(&rig, "ring");
	struct pkt *got[1];

	(void)state;
	send_one(port, rig_packet(&rig, 1000, 3));
	assert_int_equal(rig_receive(port, 0, 1000, got, 1), 1);
	assert_true(rig_is_frame(got[0]->data, 1000, 3));
	port_free(got, 1);
	rig_close(&rig);
}

/* Where a push ends, from the start of Linux's room to the data. */
static void a_push_into_the_whole_room_is_sent(void **state)
{
	static const u32 pushes[] = { 0, 4, 64, 127, 128, 129, 200, 215, 216 };
	struct port *port = rig_open_spec(&rig, "ring");

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(pushes); i++) {
		struct pkt *p = rig_packet(&rig, 600, 9), *got[1];
		u32 len = 600 + pushes[i];

		p->data -= pushes[i];
		p->data_meta = p->data;
		assert_true(p->data >= p->head + PKT_XDP_FRAME);
		rig_frame(p->data, len, 5);
		send_one(port, p);
		assert_int_equal(rig_receive(port, 0, len, got, 1), 1);
		assert_true(rig_is_frame(got[0]->data, len, 5));
		port_free(got, 1);
	}
	rig_close(&rig);
}

static void the_longest_frame_and_push_are_sent(void **state)
{
	const u32 len = PKT_XDP_LINEAR_MAX;
	struct port *port = rig_open_spec(&rig, "ring");
	struct pkt *p = rig_packet(&rig, len, 1), *got[1];

	(void)state;
	assert_ptr_equal(p->data_end, p->end);
	p->data -= 128;
	p->data_meta = p->data;
	p->data_end -= 128;
	rig_frame(p->data, len, 2);
	send_one(port, p);
	assert_int_equal(rig_receive(port, 0, len, got, 1), 1);
	assert_true(rig_is_frame(got[0]->data, len, 2));
	port_free(got, 1);
	rig_close(&rig);
}

static void a_packet_of_one_port_leaves_by_another(void **state)
{
	struct port *null = rig_open_spec(&rig, "null");
	struct port *ring = rig_open_spec(&rig, "ring");
	struct pkt *pkts[PORT_BURST];

	(void)state;
	assert_int_equal(port_rx(null, 0, pkts, PORT_BURST), PORT_BURST);
	for (u32 i = 0; i < PORT_BURST; i++) {
		pkts[i]->data_end = pkts[i]->data + 64;
		rig_frame(pkts[i]->data, 64, (u8)i);
	}
	assert_int_equal(port_tx(ring, 0, pkts, PORT_BURST), PORT_BURST);
	assert_int_equal(rig_receive(ring, 0, 64, pkts, PORT_BURST),
			 PORT_BURST);
	for (u32 i = 0; i < PORT_BURST; i++) {
		assert_true(rig_is_frame(pkts[i]->data, 64, (u8)i));
		assert_int_equal(pkts[i]->ingress_ifindex, 2);
	}
	port_free(pkts, PORT_BURST);
	rig_close(&rig);
}

static void a_copy_has_bytes_metadata_and_state_of_its_own(void **state)
{
	struct pkt *p = rig_packet(&rig, 200, 1), *copy;

	(void)state;
	p->data_meta = p->data - 8;
	memcpy(p->data_meta, "metadata", 8);
	p->mark = 77;
	copy = port_copy(p);
	assert_non_null(copy);
	memset(p->data_meta, 0, 208);
	assert_int_equal(copy->mark, 77);
	assert_memory_equal(copy->data_meta, "metadata", 8);
	assert_int_equal(copy->data - copy->data_meta, 8);
	assert_true(rig_is_frame(copy->data, 200, 1));
	assert_int_equal(pkt_len(copy), 200);
	assert_true(copy->head != p->head);
	port_free(&p, 1);
	port_free(&copy, 1);
	rig_close(&rig);
}

static void a_full_ring_leaves_the_rest_to_the_caller(void **state)
{
	struct port *null = rig_open_spec(&rig, "null");
	struct port *ring = rig_open_spec(&rig, "ring");
	struct pkt *pkts[PORT_BURST];
	u32 sent = 0, got;
	u16 n;

	(void)state;
	do {
		assert_int_equal(port_rx(null, 0, pkts, PORT_BURST),
				 PORT_BURST);
		n = port_tx(ring, 0, pkts, PORT_BURST);
		sent += n;
		port_free(pkts + n, (u16)(PORT_BURST - n));
	} while (n == PORT_BURST);
	assert_true(sent > 0);
	for (got = 0; (n = port_rx(ring, 0, pkts, PORT_BURST)) > 0; got += n)
		port_free(pkts, n);
	assert_int_equal(got, sent);
	rig_close(&rig);
}

static void no_buffers_are_counted_and_come_back(void **state)
{
	struct port *null = rig_open_spec(&rig, "null");
	static struct pkt *all[1 << 16];
	struct port_lost lost;
	u32 n = 0, freed = 0;
	u16 got;

	(void)state;
	while ((got = port_rx(null, 0, all + n, PORT_BURST)) > 0)
		n += got;
	assert_true(n > 1000);
	assert_null(port_copy(all[0]));
	port_get_lost(null, &lost);
	assert_int_equal(lost.too_long, 0);
	while (freed < n) {
		u16 part = MIN(n - freed, 5000u);

		port_free(all + freed, part);
		freed += part;
	}
	assert_int_equal(port_rx(null, 0, all, PORT_BURST), PORT_BURST);
	port_free(all, PORT_BURST);
	rig_close(&rig);
}

static void a_stopped_port_starts_again(void **state)
{
	struct port *port = rig_open_spec(&rig, "null");
	struct pkt *pkts[PORT_BURST];
	struct err err;

	(void)state;
	port_stop(port);
	assert_int_equal(port_link(port), LINK_DOWN);
	assert_int_equal(port_start(port, &err), 0);
	assert_int_equal(port_link(port), LINK_UP);
	assert_int_equal(port_rx(port, 0, pkts, PORT_BURST), PORT_BURST);
	port_free(pkts, PORT_BURST);
	rig_close(&rig);
}

static void mac_mtu_and_promiscuous_are_set_or_refused(void **state)
{
	static const u8 mac[6] = { 2, 1, 2, 3, 4, 5 }, group[6] = { 1 };
	struct port_config config = {
		.name = "m",
		.spec = "null",
		.mtu = 3000,
		.promiscuous = true,
		.mac = { 2, 9, 9, 9, 9, 9 },
	};
	struct port *port = rig_open(&rig, &config);
	struct port_info info;
	struct err err;

	(void)state;
	port_get_info(port, &info);
	assert_int_equal(info.mtu, 3000);
	assert_int_equal(port_tx_max(port), 3018);
	assert_true(info.promiscuous);
	assert_memory_equal(info.mac, config.mac, 6);
	assert_int_equal(port_set_mac(port, mac, &err), 0);
	assert_int_equal(port_set_mac(port, group, &err), -EADDRNOTAVAIL);
	port_get_info(port, &info);
	assert_memory_equal(info.mac, mac, 6);
	assert_int_equal(port_set_mtu(port, 3503, &err), -EINVAL);
	assert_non_null(strstr(err.reason, "3502"));
	port_get_info(port, &info);
	assert_int_equal(info.mtu, 3000);
	assert_int_equal(port_set_promiscuous(port, false, &err), 0);
	rig_close(&rig);
}

static void link_goes_down_and_up(void **state)
{
	struct port *port = rig_open_spec(&rig, "ring");
	struct err err;

	(void)state;
	assert_int_equal(port_link(port), LINK_UP);
	assert_int_equal(port_set_link(port, LINK_DOWN, &err), 0);
	assert_int_equal(port_link(port), LINK_DOWN);
	assert_false(port_watch(port));
	assert_int_equal(port_set_link(port, LINK_UP, &err), 0);
	assert_int_equal(port_link(port), LINK_UP);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_gives_and_takes),
		cmocka_unit_test(a_queue_for_each_lcore_unless_told),
		cmocka_unit_test(ring_returns_what_it_is_sent),
		cmocka_unit_test(a_push_into_the_whole_room_is_sent),
		cmocka_unit_test(the_longest_frame_and_push_are_sent),
		cmocka_unit_test(a_packet_of_one_port_leaves_by_another),
		cmocka_unit_test(
			a_copy_has_bytes_metadata_and_state_of_its_own),
		cmocka_unit_test(a_full_ring_leaves_the_rest_to_the_caller),
		cmocka_unit_test(no_buffers_are_counted_and_come_back),
		cmocka_unit_test(a_stopped_port_starts_again),
		cmocka_unit_test(mac_mtu_and_promiscuous_are_set_or_refused),
		cmocka_unit_test(link_goes_down_and_up),
	};
	int failed;

	rig_start(&rig, 2, false);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rig_stop(&rig);
	return failed;
}
