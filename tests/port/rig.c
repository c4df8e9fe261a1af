/* SPDX-License-Identifier: BSD-3-Clause */
#include "rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "port/frames.h"

#define PATIENCE_NS 10000000000ll
#define RIG_PORT 4711

void rig_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("skipped: ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	exit(77);
}

void rig_run(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (system(command) != 0)
		fail_msg("%s: failed", command);
}

void rig_netns(void)
{
	if (unshare(CLONE_NEWNET) != 0)
		rig_skip("no network namespace: %s", strerror(errno));
	rig_run("ip link set lo up");
}

u32 rig_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	u32 n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

void rig_start(struct rig *r, u32 lcores, bool huge)
{
	rig_start_for(r, lcores, huge, NULL);
}

void rig_start_for(struct rig *r, u32 lcores, bool huge, const char *spec)
{
	struct port_config ports[RIG_PORTS] = { { .spec = spec } };
	u32 cpus[8];
	const struct eal_config config = {
		.lcores = cpus,
		.lcore_cnt = lcores,
		.huge = huge,
		.ports = ports,
		.port_cnt = RIG_PORTS,
	};
	struct err err = { 0 };
	struct rte_mempool *pool;

	*r = (struct rig){ .lcore_cnt = lcores };
	for (u32 i = 0; i < lcores; i++)
		cpus[i] = (u32)sched_getcpu();
	if (eal_start(&config, &err, &r->eal) != 0) {
		char text[512];

		fail_msg("%s", err_text(&err, text, sizeof(text)));
	}
	/* the buffers stay when ports go, on huge pages with descriptors */
	assert_int_equal(frames_pool(r->eal, FRAME_LINEAR, -1, &err, &pool), 0);
	r->fds = rig_fds();
}

struct port *rig_open_spec(struct rig *r, const char *spec)
{
	struct port_config config = { .spec = spec };

	snprintf(config.name, sizeof(config.name), "p%u", r->port_cnt);
	return rig_open(r, &config);
}

void rig_close_ports(struct rig *r)
{
	while (r->port_cnt > 0)
		port_close(r->ports[--r->port_cnt]);
}

void rig_close(struct rig *r)
{
	rig_close_ports(r);
	assert_int_equal(eal_frames_in_use(r->eal), 0);
	assert_int_equal(rig_fds(), r->fds);
}

void rig_stop(struct rig *r)
{
	eal_stop(r->eal);
}

u16 rig_sum(const void *bytes, u32 len)
{
	const u8 *at = bytes;
	u32 sum = 0;

	for (u32 i = 0; i < len; i += 2)
		sum += (u32)at[i] << 8 | at[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

u32 rig_frame(u8 *frame, u32 len, u8 seed)
{
	static const u8 macs[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.tot_len = htons((u16)(len - ETH_HLEN)),
		.saddr = htonl(0x0a000001),
		.daddr = htonl(0x0a000002),
	};
	struct udphdr udp = {
		.source = htons(RIG_PORT),
		.dest = htons(RIG_PORT),
		.len = htons((u16)(len - ETH_HLEN - sizeof(ip))),
	};
	u8 *at = frame;

	ip.check = htons(rig_sum(&ip, sizeof(ip)));
	at = (u8 *)memcpy(at, macs, sizeof(macs)) + sizeof(macs);
	*at++ = 0x08;
	*at++ = 0x00;
	at = (u8 *)memcpy(at, &ip, sizeof(ip)) + sizeof(ip);
	at = (u8 *)memcpy(at, &udp, sizeof(udp)) + sizeof(udp);
	while (at < frame + len)
		*at++ = seed++;
	return len;
}

void rig_checksum(u8 *frame, u32 len)
{
	const u32 at = ETH_HLEN + sizeof(struct iphdr);
	u8 sum[4096] = { 0 };
	u32 n = len - at;

	/* addresses, protocol and length, then the datagram */
	memcpy(sum, frame + 26, 8);
	sum[9] = IPPROTO_UDP;
	sum[10] = (u8)(n >> 8);
	sum[11] = (u8)n;
	memcpy(sum + 12, frame + at, n);
	n = rig_sum(sum, 12 + ((n + 1) & ~1u));
	frame[at + 6] = (u8)(n >> 8);
	frame[at + 7] = (u8)n;
}

bool rig_is_frame(const u8 *bytes, u32 len, u8 seed)
{
	u8 want[PKT_XDP_LINEAR_MAX];

	rig_frame(want, len, seed);
	return memcmp(bytes, want, len) == 0;
}

/* Others on a link (IPv6 neighbours) send other things. */
static bool is_ours(const u8 *frame, u32 got, u32 len)
{
	struct udphdr udp;
	const u32 at = ETH_HLEN + sizeof(struct iphdr);

	if (got != len || len < at + sizeof(udp) || frame[12] != 0x08 ||
	    frame[13] != 0x00)
		return false;
	memcpy(&udp, frame + at, sizeof(udp));
	return udp.dest == htons(RIG_PORT);
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

void rig_link_changes(struct port *port, enum port_link to)
{
	long long end = now_ns() + PATIENCE_NS;

	while (!port_watch(port) && now_ns() < end)
		usleep(1000);
	assert_int_equal(port_link(port), to);
	assert_false(port_watch(port));
}

struct port *rig_open(struct rig *r, const struct port_config *config)
{
	struct port **port = &r->ports[r->port_cnt];
	struct err err = { 0 };
	char text[512];

	assert_true(r->port_cnt < RIG_PORTS);
	if (port_open(r->eal, config, r->port_cnt, &err, port) != 0 ||
	    port_start(*port, &err) != 0 || port_begin(*port, &err) != 0)
		fail_msg("%s", err_text(&err, text, sizeof(text)));
	r->port_cnt++;
	if (port_link(*port) == LINK_DOWN)
		rig_link_changes(*port, LINK_UP);
	return *port;
}

bool rig_poll_any(struct port *port, u16 queue, struct pkt **p)
{
	return port_rx(port, queue, p, 1) == 1;
}

bool rig_poll(struct port *port, u16 queue, u32 len, struct pkt **p)
{
	while (rig_poll_any(port, queue, p)) {
		if (is_ours((*p)->data, pkt_len(*p), len))
			return true;
		port_free(p, 1);
	}
	return false;
}

u16 rig_receive(struct port *port, u16 queue, u32 len, struct pkt **pkts,
		u16 want)
{
	long long end = now_ns() + PATIENCE_NS;
	u16 have = 0;

	while (have < want && now_ns() < end) {
		if (rig_poll(port, queue, len, &pkts[have]))
			have++;
		else
			usleep(100);
	}
	return have;
}

struct pkt *rig_packet(struct rig *r, u32 len, u8 seed)
{
	static const struct pkt like;
	struct rte_mempool *pool;
	struct pkt *p;
	struct rte_mbuf *m;
	struct err err;

	assert_int_equal(frames_pool(r->eal, FRAME_LINEAR, -1, &err, &pool), 0);
	m = rte_pktmbuf_alloc(pool);
	assert_non_null(m);
	rig_frame(rte_pktmbuf_mtod(m, u8 *), len, seed);
	m->data_len = (u16)len;
	p = frame_received(m, 0);
	frame_view(p, &like);
	return p;
}

int rig_socket(const char *interface)
{
	const struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	const struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(to.sll_ifindex > 0);
	assert_int_equal(bind(fd, (const void *)&to, sizeof(to)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

bool rig_socket_receive(int fd, u8 *frame, u32 len)
{
	long long end = now_ns() + PATIENCE_NS;

	while (now_ns() < end) {
		ssize_t got = recv(fd, frame, PKT_XDP_LINEAR_MAX, 0);

		if (got > 0 && is_ours(frame, (u32)got, len))
			return true;
	}
	return false;
}
