/* SPDX-License-Identifier: BSD-3-Clause */
/* af_packet.c - a port on one end of a veth pair, the test on the other */
#include "rig.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;
static int peer;

static struct port *open_port(u16 queues)
{
	struct port_config config = { .name = "a",
				      .spec = "af_packet:veth0",
				      .queues = queues };

	return rig_open(&rig, &config);
}

static void packets_go_both_ways(void **state)
{
	static const u32 lens[] = { 60, 1000, 1514 };
	struct port *port = open_port(1);
	u8 frame[PKT_XDP_LINEAR_MAX];
	struct port_info info;
	struct pkt *p;

	(void)state;
	port_get_info(port, &info);
	assert_string_equal(info.driver, "net_af_packet");
	assert_int_equal(info.mtu, 1500);
	for (u32 i = 0; i < ARRAY_LEN(lens); i++) {
		rig_frame(frame, lens[i], 7);
		assert_int_equal(send(peer, frame, lens[i], 0), lens[i]);
		assert_int_equal(rig_receive(port, 0, lens[i], &p, 1), 1);
		assert_true(rig_is_frame(p->data, lens[i], 7));
		assert_int_equal(p->data - p->head, PKT_HEADROOM);
		rig_frame(p->data, lens[i], 8);
		assert_int_equal(port_tx(port, 0, &p, 1), 1);
		assert_true(rig_socket_receive(peer, frame, lens[i]));
		assert_true(rig_is_frame(frame, lens[i], 8));
	}
	rig_close(&rig);
}

static void a_push_into_the_whole_room_is_sent(void **state)
{
	struct port *port = open_port(1);
	u8 frame[PKT_XDP_LINEAR_MAX];
	struct pkt *p = rig_packet(&rig, 600, 9);

	(void)state;
	p->data -= 216;
	p->data_meta = p->data;
	rig_frame(p->data, 816, 5);
	assert_int_equal(port_tx(port, 0, &p, 1), 1);
	assert_true(rig_socket_receive(peer, frame, 816));
	assert_true(rig_is_frame(frame, 816, 5));
	rig_close(&rig);
}

/* More than the ring has slots, in both directions. */
static void the_ring_goes_round(void **state)
{
	struct port *port = open_port(1);
	u8 frame[PKT_XDP_LINEAR_MAX];
	struct pkt *p;

	(void)state;
	for (u32 i = 0; i < 1500; i++) {
		rig_frame(frame, 100, (u8)i);
		assert_int_equal(send(peer, frame, 100, 0), 100);
		assert_int_equal(rig_receive(port, 0, 100, &p, 1), 1);
		assert_true(rig_is_frame(p->data, 100, (u8)i));
		assert_int_equal(port_tx(port, 0, &p, 1), 1);
		assert_true(rig_socket_receive(peer, frame, 100));
		assert_true(rig_is_frame(frame, 100, (u8)i));
	}
	rig_close(&rig);
}

/* The driver hands out the beginning of what does not fit. */
static void a_frame_that_the_driver_cut_is_lost_and_counted(void **state)
{
	static const struct {
		u32 len;
		bool passes;
	} rows[] = { { 3485, true },  { 3486, false }, { 3487, false },
		     { 3520, false }, { 5000, false }, { 1514, true } };
	struct port *port;
	u8 frame[5000];
	struct port_lost lost;
	struct pkt *p;
	u64 too_long = 0;

	(void)state;
	rig_run("ip link set veth0 mtu 9000 && ip link set veth1 mtu 9000");
	port = open_port(1);
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		u32 len = rows[i].len;

		rig_frame(frame, len, 1);
		assert_int_equal(send(peer, frame, len, 0), len);
		if (rows[i].passes) {
			assert_int_equal(rig_receive(port, 0, len, &p, 1), 1);
			assert_true(rig_is_frame(p->data, len, 1));
			port_free(&p, 1);
		} else {
			too_long++;
		}
	}
	port_get_lost(port, &lost);
	assert_int_equal(lost.too_long, too_long);
	rig_run("ip link set veth0 mtu 1500 && ip link set veth1 mtu 1500");
	rig_close(&rig);
}

static void a_tag_is_in_the_data(void **state)
{
	struct port *port = open_port(1);
	u8 frame[104];
	struct pkt *p;
	bool tagged;

	(void)state;
	rig_frame(frame, 100, 1);
	memmove(frame + 16, frame + 12, 88);
	memcpy(frame + 12, "\x81\x00\x00\x2a", 4);
	assert_int_equal(send(peer, frame, 104, 0), 104);
	do {
		while (!rig_poll_any(port, 0, &p))
			usleep(100);
		tagged = pkt_len(p) == 104;
		if (!tagged)
			port_free(&p, 1);
	} while (!tagged);
	assert_memory_equal(p->data, frame, 104);
	port_free(&p, 1);
	rig_close(&rig);
}

static void mtu_is_the_interfaces(void **state)
{
	struct port *port = open_port(1);
	struct port_info info;
	struct err err;

	(void)state;
	assert_int_equal(port_set_mtu(port, 1400, &err), 0);
	rig_run("ip link show veth0 | grep -q 'mtu 1400'");
	port_get_info(port, &info);
	assert_int_equal(info.mtu, 1400);
	assert_int_equal(port_set_mtu(port, 1500, &err), 0);
	rig_close(&rig);
}

static void the_carrier_is_the_link(void **state)
{
	struct port *port = open_port(1);

	(void)state;
	assert_int_equal(port_link(port), LINK_UP);
	rig_run("ip link set veth1 down");
	rig_link_changes(port, LINK_DOWN);
	rig_run("ip link set veth1 up");
	rig_link_changes(port, LINK_UP);
	rig_close(&rig);
}

static void flows_are_spread_over_queues(void **state)
{
	struct port *port = open_port(2);
	u32 got[2] = { 0 };
	u8 frame[100];
	struct pkt *p;

	(void)state;
	for (u8 i = 0; i < 64; i++) {
		rig_frame(frame, 100, i);
		frame[29] = i;
		frame[35] = i;
		assert_int_equal(send(peer, frame, 100, 0), 100);
	}
	for (u32 tries = 0; tries < 2000 && got[0] + got[1] < 64; tries++) {
		for (u16 q = 0; q < 2; q++) {
			while (rig_poll(port, q, 100, &p)) {
				got[q]++;
				port_free(&p, 1);
			}
		}
		usleep(1000);
	}
	assert_int_equal(got[0] + got[1], 64);
	assert_true(got[0] > 0 && got[1] > 0);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_go_both_ways),
		cmocka_unit_test(a_push_into_the_whole_room_is_sent),
		cmocka_unit_test(the_ring_goes_round),
		cmocka_unit_test(
			a_frame_that_the_driver_cut_is_lost_and_counted),
		cmocka_unit_test(a_tag_is_in_the_data),
		cmocka_unit_test(mtu_is_the_interfaces),
		cmocka_unit_test(flows_are_spread_over_queues),
		/* leaves an error on the peer's socket */
		cmocka_unit_test(the_carrier_is_the_link),
	};
	int failed;

	rig_netns();
	rig_run("ip link add veth0 type veth peer name veth1 && "
		"ip link set veth0 up && ip link set veth1 up");
	peer = rig_socket("veth1");
	rig_start(&rig, 2, false);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	close(peer);
	rig_stop(&rig);
	return failed;
}
