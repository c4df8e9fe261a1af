/* SPDX-License-Identifier: BSD-3-Clause */
/* tap.c - a tap device in a namespace of the test's own: real packets both
 * ways, what the kernel does to the device and the other way round */
#include "rig.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;

static struct ifreq ask(const char *interface, unsigned long what)
{
	struct ifreq r = { 0 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", interface);
	assert_int_equal(ioctl(fd, what, &r), 0);
	close(fd);
	return r;
}

static struct port *open_tap(u16 queues)
{
	struct port_config config = { .name = "t",
				      .spec = "tap:weir0",
				      .queues = queues };

	return rig_open(&rig, &config);
}

static void packets_go_both_ways(void **state)
{
	struct port *port = open_tap(1);
	int fd = rig_socket("weir0");
	u8 frame[PKT_XDP_LINEAR_MAX];
	struct port_info info;
	struct pkt *p;

	(void)state;
	port_get_info(port, &info);
	assert_string_equal(info.driver, "net_tap");
	assert_int_equal(info.link, LINK_UP);
	rig_frame(frame, 1000, 1);
	assert_int_equal(send(fd, frame, 1000, 0), 1000);
	assert_int_equal(rig_receive(port, 0, 1000, &p, 1), 1);
	assert_true(rig_is_frame(p->data, 1000, 1));
	assert_int_equal(p->data - p->head, PKT_HEADROOM);
	assert_int_equal(p->csum_state, 0);
	/* back with the largest push */
	p->data -= 216;
	p->data_meta = p->data;
	rig_frame(p->data, 1216, 2);
	assert_int_equal(port_tx(port, 0, &p, 1), 1);
	assert_true(rig_socket_receive(fd, frame, 1216));
	assert_true(rig_is_frame(frame, 1216, 2));
	close(fd);
	rig_close(&rig);
}

static void the_longest_mtu_passes(void **state)
{
	struct port_config config = {
		.name = "t", .spec = "tap:weir0", .queues = 1, .mtu = 1504
	};
	struct port *port = rig_open(&rig, &config);
	int fd = rig_socket("weir0");
	u8 frame[PKT_XDP_LINEAR_MAX];
	struct pkt *p;
	const u32 len = 1504 + 14;

	(void)state;
	assert_int_equal(ask("weir0", SIOCGIFMTU).ifr_mtu, 1504);
	rig_frame(frame, len, 1);
	assert_int_equal(send(fd, frame, len, 0), len);
	assert_int_equal(rig_receive(port, 0, len, &p, 1), 1);
	assert_true(rig_is_frame(p->data, len, 1));
	assert_int_equal(port_tx(port, 0, &p, 1), 1);
	assert_true(rig_socket_receive(fd, frame, len));
	assert_true(rig_is_frame(frame, len, 1));
	close(fd);
	rig_close(&rig);
}

static void mtu_and_mac_are_the_interfaces(void **state)
{
	static const u8 first[6] = { 2, 1, 1, 1, 1, 1 },
			second[6] = { 2, 2, 2, 2, 2, 2 };
	struct port_config config = { .name = "t",
				      .spec = "tap:weir0",
				      .mtu = 1400 };
	struct port_info info;
	struct port *port;
	struct err err;

	(void)state;
	memcpy(config.mac, first, sizeof(first));
	port = rig_open(&rig, &config);
	port_get_info(port, &info);
	assert_int_equal(info.mtu, 1400);
	assert_memory_equal(info.mac, first, 6);
	assert_int_equal(ask("weir0", SIOCGIFMTU).ifr_mtu, 1400);
	assert_memory_equal(ask("weir0", SIOCGIFHWADDR).ifr_hwaddr.sa_data,
			    first, 6);
	assert_int_equal(port_set_mtu(port, 1300, &err), 0);
	assert_int_equal(port_set_mac(port, second, &err), 0);
	port_get_info(port, &info);
	assert_int_equal(info.mtu, 1300);
	assert_int_equal(port_tx_max(port), 1318);
	assert_memory_equal(info.mac, second, 6);
	assert_int_equal(ask("weir0", SIOCGIFMTU).ifr_mtu, 1300);
	assert_memory_equal(ask("weir0", SIOCGIFHWADDR).ifr_hwaddr.sa_data,
			    second, 6);
	rig_close(&rig);
}

static void promiscuous_is_the_interfaces(void **state)
{
	struct port_config config = { .name = "t",
				      .spec = "tap:weir0",
				      .promiscuous = true };
	struct port *port = rig_open(&rig, &config);
	struct err err;

	(void)state;
	assert_true(ask("weir0", SIOCGIFFLAGS).ifr_flags & IFF_PROMISC);
	assert_int_equal(port_set_promiscuous(port, false, &err), 0);
	assert_false(ask("weir0", SIOCGIFFLAGS).ifr_flags & IFF_PROMISC);
	rig_close(&rig);
}

static void link_changes_are_seen_and_made(void **state)
{
	struct port *port = open_tap(1);
	struct err err;

	(void)state;
	assert_false(port_watch(port));
	rig_run("ip link set weir0 down");
	rig_link_changes(port, LINK_DOWN);
	rig_run("ip link set weir0 up");
	rig_link_changes(port, LINK_UP);
	assert_int_equal(port_set_link(port, LINK_DOWN, &err), 0);
	assert_int_equal(port_link(port), LINK_DOWN);
	assert_false(ask("weir0", SIOCGIFFLAGS).ifr_flags & IFF_UP);
	assert_int_equal(port_set_link(port, LINK_UP, &err), 0);
	if (port_link(port) == LINK_DOWN)
		rig_link_changes(port, LINK_UP);
	rig_close(&rig);
}

static void checksums_are_checked_when_asked(void **state)
{
	static const struct {
		u8 damage;
		bool offload;
		u8 want;
	} rows[] = { { 0, true, 1 }, { 0x55, true, 0 }, { 0, false, 0 } };

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct port_config config = { .name = "t",
					      .spec = "tap:weir0",
					      .queues = 1,
					      .checksum = rows[i].offload };
		struct port *port = rig_open(&rig, &config);
		int fd = rig_socket("weir0");
		u8 frame[200];
		struct pkt *p;

		rig_frame(frame, 200, 1);
		rig_checksum(frame, 200);
		frame[100] ^= rows[i].damage;
		assert_int_equal(send(fd, frame, 200, 0), 200);
		assert_int_equal(rig_receive(port, 0, 200, &p, 1), 1);
		assert_int_equal(p->csum_state, rows[i].want);
		assert_int_equal(p->csum_level, 0);
		port_free(&p, 1);
		close(fd);
		rig_close(&rig);
	}
}

static void without_a_buffer_a_packet_is_lost_and_counted(void **state)
{
	static struct pkt *all[1 << 16];
	struct port *port = open_tap(1);
	int fd = rig_socket("weir0");
	struct port_lost lost = { 0 };
	u8 frame[100];
	u32 n = 1;
	struct pkt *p;

	(void)state;
	all[0] = rig_packet(&rig, 100, 0);
	while ((p = port_copy(all[0])))
		all[n++] = p;
	rig_frame(frame, 100, 1);
	assert_int_equal(send(fd, frame, 100, 0), 100);
	while (!lost.no_buffer) {
		assert_false(rig_poll(port, 0, 100, &p));
		port_get_lost(port, &lost);
	}
	while (n > 0)
		port_free(&all[--n], 1);
	assert_int_equal(send(fd, frame, 100, 0), 100);
	assert_int_equal(rig_receive(port, 0, 100, &p, 1), 1);
	port_free(&p, 1);
	close(fd);
	rig_close(&rig);
}

static void the_kernels_queues_are_the_ports(void **state)
{
	struct port *port = open_tap(2);
	int fd = rig_socket("weir0");
	struct port_info info;
	u32 got[2] = { 0 };
	u8 frame[100];
	struct pkt *p;

	(void)state;
	port_get_info(port, &info);
	assert_int_equal(info.queues, 2);
	/* the kernel spreads flows: 64 of them over two queues */
	for (u8 i = 0; i < 64; i++) {
		rig_frame(frame, 100, i);
		frame[29] = i;
		frame[35] = i;
		assert_int_equal(send(fd, frame, 100, 0), 100);
	}
	for (u32 tries = 0; tries < 2000 && got[0] + got[1] < 64; tries++) {
		for (u16 q = 0; q < 2; q++) {
			while (rig_poll(port, q, 100, &p)) {
				assert_int_equal(p->rx_queue, q);
				got[q]++;
				port_free(&p, 1);
			}
		}
		usleep(1000);
	}
	assert_int_equal(got[0] + got[1], 64);
	/* both lcores' queues lead to the interface */
	for (u32 slot = 0; slot < 2; slot++) {
		p = rig_packet(&rig, 100, (u8)slot);
		assert_int_equal(port_tx(port, slot, &p, 1), 1);
		assert_true(rig_socket_receive(fd, frame, 100));
		assert_true(rig_is_frame(frame, 100, (u8)slot));
	}
	close(fd);
	rig_close(&rig);
}

static void lcores_share_what_queues_there_are(void **state)
{
	struct port *port = open_tap(1);
	int fd = rig_socket("weir0");
	u8 frame[100];

	(void)state;
	for (u32 slot = 0; slot < 2; slot++) {
		struct pkt *p = rig_packet(&rig, 100, (u8)slot);

		assert_int_equal(port_tx(port, slot, &p, 1), 1);
		assert_true(rig_socket_receive(fd, frame, 100));
		assert_true(rig_is_frame(frame, 100, (u8)slot));
	}
	close(fd);
	rig_close(&rig);
}

static void a_closed_tap_is_gone(void **state)
{
	(void)state;
	open_tap(1);
	assert_true(if_nametoindex("weir0") > 0);
	rig_close(&rig);
	assert_int_equal(if_nametoindex("weir0"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_go_both_ways),
		cmocka_unit_test(the_longest_mtu_passes),
		cmocka_unit_test(mtu_and_mac_are_the_interfaces),
		cmocka_unit_test(promiscuous_is_the_interfaces),
		cmocka_unit_test(link_changes_are_seen_and_made),
		cmocka_unit_test(checksums_are_checked_when_asked),
		cmocka_unit_test(without_a_buffer_a_packet_is_lost_and_counted),
		cmocka_unit_test(the_kernels_queues_are_the_ports),
		cmocka_unit_test(lcores_share_what_queues_there_are),
		cmocka_unit_test(a_closed_tap_is_gone),
	};
	int failed;

	rig_netns();
	if (access("/dev/net/tun", R_OK | W_OK) != 0)
		rig_skip("/dev/net/tun: %s", strerror(errno));
	rig_start(&rig, 2, false);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rig_stop(&rig);
	return failed;
}
