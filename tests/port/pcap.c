/* SPDX-License-Identifier: BSD-3-Clause */
/* pcap.c - capture files as ports */
#include "rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "port/flow.h"
#include "port/pcap_file.h"

#define CNT 100
#define FLOWS 10
#define T0 1700000000123456789ull

static struct rig rig;
static char dir[] = "/tmp/weir-pcap-XXXXXX";
static char in[64], out[64], spec[256];

/* Frame i of flow i % FLOWS: its source address, and a length of its own. */
static u32 frame(u8 *bytes, u32 i)
{
	u32 len = rig_frame(bytes, 60 + i, (u8)i);

	bytes[29] = (u8)(i % FLOWS + 10);
	return len;
}

/* cnt frames, step_ns apart. */
static void capture(u32 cnt, u64 step_ns)
{
	struct pcap_out *file;
	u8 bytes[2048];
	struct err err;

	assert_int_equal(pcap_out_open(in, 0, &err, &file), 0);
	for (u32 i = 0; i < cnt; i++) {
		const struct pcap_packet p = {
			.bytes = bytes,
			.len = frame(bytes, i),
			.ns = T0 + i * step_ns,
		};

		assert_int_equal(pcap_out_write(file, &p, &err), 0);
	}
	assert_int_equal(pcap_out_close(file, &err), 0);
}

static struct port *open_in(const struct port_config *more)
{
	struct port_config config = *more;

	snprintf(config.name, sizeof(config.name), "p%u", rig.port_cnt);
	config.spec = spec;
	if (!config.queues)
		config.queues = 1;
	return rig_open(&rig, &config);
}

static bool is_frame(const struct pkt *p, u32 i)
{
	u8 want[2048];
	u32 len = frame(want, i);

	return pkt_len(p) == len && memcmp(p->data, want, len) == 0;
}

static struct port_info info_of(const struct port *port)
{
	struct port_info info;

	port_get_info(port, &info);
	return info;
}

static void plays_once_and_ends(const struct port_config *config)
{
	struct port *port = open_in(config);
	struct pkt *p;

	assert_true(info_of(port).ends);
	for (u32 i = 0; i < CNT; i++) {
		assert_false(info_of(port).ended);
		assert_int_equal(port_rx(port, 0, &p, 1), 1);
		assert_true(is_frame(p, i));
		assert_int_equal(p->number, i + 1);
		assert_int_equal(p->rx_ns, T0 + i);
		assert_int_equal(p->data - p->head, PKT_HEADROOM);
		assert_int_equal(p->end - p->data, PKT_XDP_LINEAR_MAX);
		assert_int_equal(p->ingress_ifindex, 1);
		port_free(&p, 1);
	}
	assert_int_equal(port_rx(port, 0, &p, 1), 0);
	assert_true(info_of(port).ended);
	assert_int_equal(info_of(port).error.code, 0);
	assert_int_equal(port_rx(port, 0, &p, 1), 0);
	rig_close(&rig);
}

static void a_file_is_played_once(void **state)
{
	(void)state;
	plays_once_and_ends(&(struct port_config){ 0 });
}

static void from_memory_too(void **state)
{
	(void)state;
	plays_once_and_ends(&(struct port_config){ .memory = true });
}

static void loops(const struct port_config *config)
{
	struct port *port = open_in(config);
	struct pkt *pkts[PORT_BURST];
	u32 seen = 0;

	while (seen < 3 * CNT + 7) {
		u16 n = port_rx(port, 0, pkts, PORT_BURST);

		assert_true(n > 0);
		for (u16 i = 0; i < n; i++, seen++) {
			assert_true(is_frame(pkts[i], seen % CNT));
			assert_int_equal(pkts[i]->number, seen % CNT + 1);
		}
		port_free(pkts, n);
	}
	assert_false(info_of(port).ended);
	assert_false(info_of(port).ends);
	rig_close(&rig);
}

static void a_loop_starts_over(void **state)
{
	(void)state;
	loops(&(struct port_config){ .replay = REPLAY_LOOP });
	loops(&(struct port_config){ .replay = REPLAY_LOOP, .memory = true });
}

static void an_empty_file_ends_even_in_a_loop(void **state)
{
	struct port *port;
	struct pkt *p;

	(void)state;
	capture(0, 0);
	port = open_in(&(struct port_config){ .replay = REPLAY_LOOP });
	assert_int_equal(port_rx(port, 0, &p, 1), 0);
	assert_true(info_of(port).ended);
	rig_close(&rig);
}

static void timestamps_pace(void **state)
{
	const u64 step_ns = 20000000;
	struct port *port;
	struct timespec a, b;
	struct pkt *p;

	(void)state;
	capture(5, step_ns);
	port = open_in(&(struct port_config){ .replay = REPLAY_PACED });
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (u32 i = 0; i < 5; i++) {
		u64 passed;

		while (port_rx(port, 0, &p, 1) == 0)
			usleep(100);
		clock_gettime(CLOCK_MONOTONIC, &b);
		passed = (u64)(b.tv_sec - a.tv_sec) * 1000000000u +
			 (u64)b.tv_nsec - (u64)a.tv_nsec;
		assert_true(passed >= i * step_ns);
		assert_true(is_frame(p, i));
		port_free(&p, 1);
	}
	assert_int_equal(port_rx(port, 0, &p, 1), 0);
	assert_true(info_of(port).ended);
	rig_close(&rig);
}

static void queues_share_flows_and_keep_their_order(void **state)
{
	const u16 queues = 3;
	struct port *port = open_in(&(struct port_config){ .queues = queues });
	u32 owner[FLOWS] = { 0 }, last[FLOWS] = { 0 }, used = 0, seen = 0;

	(void)state;
	assert_int_equal(info_of(port).queues, queues);
	for (u16 q = 0; q < queues; q++) {
		struct pkt *p;
		u32 before = seen;

		while (port_rx(port, q, &p, 1) == 1) {
			u32 flow = (u32)(p->number - 1) % FLOWS;

			assert_true(is_frame(p, (u32)p->number - 1));
			assert_int_equal(p->rx_queue, q);
			assert_true(!owner[flow] || owner[flow] == q + 1u);
			assert_true(p->number > last[flow]);
			owner[flow] = q + 1u;
			last[flow] = (u32)p->number;
			port_free(&p, 1);
			seen++;
		}
		used += seen > before;
		assert_int_equal(info_of(port).ended, q == queues - 1);
	}
	assert_int_equal(seen, CNT);
	assert_true(used > 1);
	rig_close(&rig);
}

static void a_cut_file_names_the_packet(void **state)
{
	struct port *port;
	struct pkt *pkts[CNT];
	u32 n = 0;
	u16 got;

	(void)state;
	/* header 24, records 16 + 60 + i: inside the fourth */
	rig_run("truncate -s $((24 + 16 * 4 + 60 + 61 + 62 + 20)) %s", in);
	port = open_in(&(struct port_config){ 0 });
	while ((got = port_rx(port, 0, pkts + n, PORT_BURST)) > 0)
		n += got;
	assert_int_equal(n, 3);
	assert_true(info_of(port).ended);
	assert_int_equal(info_of(port).error.code, -EIO);
	assert_non_null(strstr(info_of(port).error.reason, "packet 4"));
	assert_string_equal(info_of(port).error.place, in);
	port_free(pkts, 3);
	rig_close(&rig);
}

static void a_frame_longer_than_a_buffer_is_lost_and_counted(void **state)
{
	static u8 bytes[5000];
	const u32 lens[] = { PKT_XDP_LINEAR_MAX, PKT_XDP_LINEAR_MAX + 1, 5000,
			     14, 0 };
	struct pcap_out *file;
	struct port_lost lost;
	struct port *port;
	struct pkt *pkts[8];
	struct err err;

	(void)state;
	assert_int_equal(pcap_out_open(in, 0, &err, &file), 0);
	for (u32 i = 0; i < ARRAY_LEN(lens); i++) {
		const struct pcap_packet p = { .bytes = bytes, .len = lens[i] };

		assert_int_equal(pcap_out_write(file, &p, &err), 0);
	}
	assert_int_equal(pcap_out_close(file, &err), 0);
	port = open_in(&(struct port_config){ 0 });
	assert_int_equal(port_rx(port, 0, pkts, 8), 3);
	assert_int_equal(pkt_len(pkts[0]), PKT_XDP_LINEAR_MAX);
	assert_ptr_equal(pkts[0]->data_end, pkts[0]->end);
	assert_int_equal(pkt_len(pkts[1]), 14);
	assert_int_equal(pkts[1]->number, 4);
	assert_int_equal(pkt_len(pkts[2]), 0);
	port_free(pkts, 3);
	port_get_lost(port, &lost);
	assert_int_equal(lost.too_long, 2);
	assert_int_equal(lost.no_buffer, 0);
	rig_close(&rig);
}

static void without_a_buffer_the_file_waits(void **state)
{
	static struct pkt *all[1 << 16];
	struct port *null = rig_open_spec(&rig, "null"), *port;
	struct pkt *p;
	u32 n = 0;
	u16 got;

	(void)state;
	port = open_in(&(struct port_config){ 0 });
	while ((got = port_rx(null, 0, all + n, PORT_BURST)) > 0)
		n += got;
	/* what the driver took in vain is back in its cache */
	while ((p = port_copy(all[0])))
		all[n++] = p;
	assert_int_equal(port_rx(port, 0, &p, 1), 0);
	assert_false(info_of(port).ended);
	port_free(&all[--n], 1);
	assert_int_equal(port_rx(port, 0, &p, 1), 1);
	assert_true(is_frame(p, 0));
	port_free(&p, 1);
	while (n > 0)
		port_free(&all[--n], 1);
	rig_close(&rig);
}

static void what_is_sent_is_recorded_with_its_time(void **state)
{
	struct port *port;
	struct pcap_in *file;
	struct pcap_packet got;
	struct pkt *pkts[PORT_BURST];
	struct err err;
	u16 n;

	(void)state;
	snprintf(spec, sizeof(spec), "pcap:%s,%s", in, out);
	port = open_in(&(struct port_config){ 0 });
	while ((n = port_rx(port, 0, pkts, PORT_BURST)) > 0) {
		/* a push and a cut */
		pkts[0]->data -= 200;
		pkts[0]->data_meta = pkts[0]->data;
		memset(pkts[0]->data, 0xee, 200);
		assert_int_equal(port_tx(port, 0, pkts, n), n);
	}
	port_stop(port);
	assert_int_equal(info_of(port).error.code, 0);
	rig_close(&rig);
	assert_int_equal(pcap_in_open(out, false, &err, &file), 0);
	for (u32 i = 0; i < CNT; i++) {
		u8 want[2048];
		u32 push = i % PORT_BURST ? 0 : 200;
		u32 len = frame(want, i);

		assert_int_equal(pcap_in_next(file, &got, &err), 1);
		assert_int_equal(got.len, len + push);
		assert_int_equal(got.ns, T0 + i);
		assert_memory_equal(got.bytes + push, want, len);
		assert_true(!push || got.bytes[199] == 0xee);
	}
	assert_int_equal(pcap_in_next(file, &got, &err), 0);
	pcap_in_close(file);
}

static void a_port_that_only_records_does_not_end(void **state)
{
	struct port *port;
	struct pkt *p;

	(void)state;
	snprintf(spec, sizeof(spec), "pcap:,%s", out);
	port = open_in(&(struct port_config){ 0 });
	assert_int_equal(port_rx(port, 0, &p, 1), 0);
	assert_false(info_of(port).ends);
	assert_false(info_of(port).ended);
	rig_close(&rig);
}

static void a_full_disk_is_an_error_and_nothing_is_sent(void **state)
{
	struct port *port;
	struct pkt *pkts[PORT_BURST];
	u32 failed = 0;

	(void)state;
	snprintf(spec, sizeof(spec), "pcap:%s,/dev/full", in);
	port = open_in(&(struct port_config){ .replay = REPLAY_LOOP });
	for (u32 i = 0; i < 100 && !failed; i++) {
		u16 n = port_rx(port, 0, pkts, PORT_BURST);
		u16 sent = port_tx(port, 0, pkts, n);

		failed = n - sent;
		port_free(pkts + sent, (u16)failed);
	}
	assert_true(failed > 0);
	assert_int_equal(info_of(port).error.code, -ENOSPC);
	assert_string_equal(info_of(port).error.place, "/dev/full");
	rig_close(&rig);
}

static void what_is_left_at_the_stop_is_an_error_too(void **state)
{
	struct port *port;
	struct pkt *p;

	(void)state;
	snprintf(spec, sizeof(spec), "pcap:%s,/dev/full", in);
	port = open_in(&(struct port_config){ 0 });
	assert_int_equal(port_rx(port, 0, &p, 1), 1);
	assert_int_equal(port_tx(port, 0, &p, 1), 1);
	port_stop(port);
	assert_int_equal(info_of(port).error.code, -ENOSPC);
	rig_close(&rig);
}

static void mac_and_mtu_are_what_is_said(void **state)
{
	struct port *port = open_in(&(struct port_config){
		.mac = { 2, 3, 4, 5, 6, 7 }, .mtu = 1280 });
	struct err err;

	(void)state;
	assert_memory_equal(info_of(port).mac, "\2\3\4\5\6\7", 6);
	assert_int_equal(info_of(port).mtu, 1280);
	assert_int_equal(port_tx_max(port), 1298);
	assert_int_equal(port_set_mtu(port, 9000, &err), -EINVAL);
	assert_int_equal(port_set_mtu(port, 1400, &err), 0);
	assert_int_equal(port_tx_max(port), 1418);
	assert_int_equal(port_set_link(port, LINK_DOWN, &err), -EOPNOTSUPP);
	rig_close(&rig);
}

static void a_flow_is_one_in_both_directions(void **state)
{
	u8 there[200], back[200], fragment[200];

	(void)state;
	rig_frame(there, 200, 0);
	rig_frame(back, 200, 9);
	memcpy(back + 26, there + 30, 4);
	memcpy(back + 30, there + 26, 4);
	assert_int_equal(flow_hash(there, 200), flow_hash(back, 200));
	back[34] ^= 1;
	assert_true(flow_hash(there, 200) != flow_hash(back, 200));
	/* of a fragment the first has ports and the others have none */
	rig_frame(fragment, 200, 0);
	fragment[20] = 0x20;
	fragment[34] ^= 0x55;
	memcpy(back, fragment, 200);
	back[21] = 100;
	back[34] ^= 0xaa;
	assert_int_equal(flow_hash(fragment, 200), flow_hash(back, 200));
	/* not IP, and every length of it */
	for (u32 len = 0; len <= 200; len++)
		flow_hash(there, len);
	there[12] = 0x88;
	assert_int_equal(flow_hash(there, 200), 0);
}

static int setup(void **state)
{
	(void)state;
	capture(CNT, 1);
	snprintf(spec, sizeof(spec), "pcap:%s", in);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_played_once),
		TEST(from_memory_too),
		TEST(a_loop_starts_over),
		TEST(an_empty_file_ends_even_in_a_loop),
		TEST(timestamps_pace),
		TEST(queues_share_flows_and_keep_their_order),
		TEST(a_cut_file_names_the_packet),
		TEST(a_frame_longer_than_a_buffer_is_lost_and_counted),
		TEST(without_a_buffer_the_file_waits),
		TEST(what_is_sent_is_recorded_with_its_time),
		TEST(a_port_that_only_records_does_not_end),
		TEST(a_full_disk_is_an_error_and_nothing_is_sent),
		TEST(what_is_left_at_the_stop_is_an_error_too),
		TEST(mac_and_mtu_are_what_is_said),
		TEST(a_flow_is_one_in_both_directions),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(in, sizeof(in), "%s/in.pcap", dir);
	snprintf(out, sizeof(out), "%s/out.pcap", dir);
	rig_start(&rig, 2, false);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rig_run("rm -r %s", dir);
	rig_stop(&rig);
	return failed;
}
