/* SPDX-License-Identifier: BSD-3-Clause */
/* af_xdp.c - an AF_XDP socket on one end of a veth pair, the test on the other.
 * The driver keeps its kernel memory and program until the process ends. */
#include "rig.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef AF_XDP
#define AF_XDP 44
#endif

static struct rig rig;
static struct port *port;
static int peer;

static void the_port_is_the_interface(void **state)
{
	struct port_info info;

	(void)state;
	port_get_info(port, &info);
	assert_string_equal(info.driver, "net_af_xdp");
	assert_int_equal(info.queues, 1); /* a veth's, of two lcores */
	assert_int_equal(info.mtu, 1500);
	assert_int_equal(info.link, LINK_UP);
}

/* More than the socket's rings have slots. */
static void packets_go_both_ways(void **state)
{
	u8 frame[PKT_XDP_LINEAR_MAX];
	struct pkt *p;

	(void)state;
	for (u32 i = 0; i < 5000; i++) {
		u32 push = i % 2 ? 216 : 0;

		rig_frame(frame, 1000, (u8)i);
		assert_int_equal(send(peer, frame, 1000, 0), 1000);
		assert_int_equal(rig_receive(port, 0, 1000, &p, 1), 1);
		assert_true(rig_is_frame(p->data, 1000, (u8)i));
		assert_int_equal(p->data - p->head, PKT_HEADROOM);
		p->data -= push;
		p->data_meta = p->data;
		rig_frame(p->data, 1000 + push, (u8)i);
		assert_int_equal(port_tx(port, i % 2, &p, 1), 1);
		assert_true(rig_socket_receive(peer, frame, 1000 + push));
		assert_true(rig_is_frame(frame, 1000 + push, (u8)i));
	}
}

static void a_packet_of_another_pool_is_sent(void **state)
{
	u8 frame[PKT_XDP_LINEAR_MAX];
	struct pkt *p = rig_packet(&rig, 1514, 3);

	(void)state;
	assert_int_equal(port_tx(port, 0, &p, 1), 1);
	assert_true(rig_socket_receive(peer, frame, 1514));
	assert_true(rig_is_frame(frame, 1514, 3));
}

static void a_copy_is_like_it(void **state)
{
	u8 frame[PKT_XDP_LINEAR_MAX];
	struct pkt *p, *copy;

	(void)state;
	rig_frame(frame, 1000, 5);
	assert_int_equal(send(peer, frame, 1000, 0), 1000);
	assert_int_equal(rig_receive(port, 0, 1000, &p, 1), 1);
	copy = port_copy(p);
	assert_non_null(copy);
	assert_int_equal(copy->data - copy->head, PKT_HEADROOM);
	assert_int_equal(copy->end - copy->data, p->end - p->data);
	port_free(&p, 1);
	assert_true(rig_is_frame(copy->data, 1000, 5));
	port_free(&copy, 1);
}

static void the_longest_mtu_passes(void **state)
{
	u8 frame[PKT_XDP_LINEAR_MAX];
	struct port_info info;
	struct err err = { 0 };
	struct pkt *p;
	u32 mtu, len;

	(void)state;
	assert_int_equal(port_set_mtu(port, 3500, &err), -EINVAL);
	assert_int_equal(sscanf(strstr(err.reason, " to "), " to %u", &mtu), 1);
	rig_run("ip link set veth1 mtu %u", mtu);
	assert_int_equal(port_set_mtu(port, (u16)mtu, &err), 0);
	port_get_info(port, &info);
	assert_int_equal(info.mtu, mtu);
	len = mtu + 14;
	rig_frame(frame, len, 9);
	assert_int_equal(send(peer, frame, len, 0), len);
	assert_int_equal(rig_receive(port, 0, len, &p, 1), 1);
	assert_true(rig_is_frame(p->data, len, 9));
	assert_int_equal(port_tx(port, 0, &p, 1), 1);
	assert_true(rig_socket_receive(peer, frame, len));
	assert_true(rig_is_frame(frame, len, 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_port_is_the_interface),
		cmocka_unit_test(packets_go_both_ways),
		cmocka_unit_test(a_packet_of_another_pool_is_sent),
		cmocka_unit_test(a_copy_is_like_it),
		cmocka_unit_test(the_longest_mtu_passes),
	};
	int failed, fd;

	rig_netns();
	fd = socket(AF_XDP, SOCK_RAW, 0);
	if (fd < 0)
		rig_skip("no AF_XDP socket: %s", strerror(errno));
	close(fd);
	rig_run("ip link add veth0 type veth peer name veth1 && "
		"ip link set veth0 up && ip link set veth1 up");
	peer = rig_socket("veth1");
	rig_start_for(&rig, 2, false, "af_xdp:veth0");
	port = rig_open_spec(&rig, "af_xdp:veth0");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rig_close_ports(&rig);
	close(peer);
	rig_stop(&rig);
	return failed;
}
