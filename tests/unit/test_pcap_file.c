/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/pcap_file.h"

static char path[64];

static int setup(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/weir-pcap-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static const struct pcap_packet packets[] = {
	{ (const u8 *)"first packet..", 14, 14, 1700000000123456789ULL, 1 },
	{ (const u8 *)"", 0, 0, 1700000000123456790ULL, 2 },
	{ (const u8 *)"cut", 3, 1500, 1700000001000000001ULL, 3 },
};

static void write_packets(u32 snaplen)
{
	struct err err = { 0 };
	struct pcap_out *out;

	assert_int_equal(pcap_out_open(path, snaplen, &err, &out), 0);
	for (u32 i = 0; i < ARRAY_LEN(packets); i++)
		assert_int_equal(pcap_out_write(out, &packets[i], &err), 0);
	assert_int_equal(pcap_out_close(out, &err), 0);
}

static void read_packets(struct pcap_in *in)
{
	struct pcap_packet p;

	for (u32 i = 0; i < ARRAY_LEN(packets); i++) {
		assert_int_equal(pcap_in_next(in, &p, NULL), 1);
		assert_int_equal(p.len, packets[i].len);
		assert_memory_equal(p.bytes, packets[i].bytes, p.len);
		assert_int_equal(p.wire_len, packets[i].wire_len);
		assert_int_equal(p.ns, packets[i].ns);
		assert_int_equal(p.number, packets[i].number);
	}
	assert_int_equal(pcap_in_next(in, &p, NULL), 0);
	assert_int_equal(pcap_in_next(in, &p, NULL), 0);
}

static void what_is_written_is_read(void **state)
{
	struct err err = { 0 };
	struct pcap_in *in;

	(void)state;
	write_packets(0);
	for (int memory = 0; memory < 2; memory++) {
		assert_int_equal(pcap_in_open(path, memory, &err, &in), 0);
		assert_int_equal(pcap_in_snaplen(in), PCAP_SNAPLEN_MAX);
		read_packets(in);
		assert_int_equal(pcap_in_rewind(in, &err), 0);
		read_packets(in);
		pcap_in_close(in);
	}
}

static void snaplen_cuts(void **state)
{
	struct pcap_packet p;
	struct pcap_in *in;

	(void)state;
	write_packets(5);
	assert_int_equal(pcap_in_open(path, false, NULL, &in), 0);
	assert_int_equal(pcap_in_snaplen(in), 5);
	assert_int_equal(pcap_in_next(in, &p, NULL), 1);
	assert_int_equal(p.len, 5);
	assert_int_equal(p.wire_len, 14);
	pcap_in_close(in);
}

static void bytes_of_a_file_in_memory_stay(void **state)
{
	struct pcap_packet a, b;
	struct pcap_in *in;

	(void)state;
	write_packets(0);
	assert_int_equal(pcap_in_open(path, true, NULL, &in), 0);
	assert_int_equal(pcap_in_next(in, &a, NULL), 1);
	assert_int_equal(pcap_in_next(in, &b, NULL), 1);
	assert_memory_equal(a.bytes, packets[0].bytes, a.len);
	pcap_in_close(in);
}

/* The file's size less the bytes that each kind of cut takes off. */
static void a_cut_file_names_the_packet(void **state)
{
	static const struct {
		long size;
		u32 whole; /* packets before the cut */
		const char *reason;
	} cuts[] = {
		{ 24 + 16 + 14 + 16 + 16 + 2, 2,
		  "pcap file ends inside packet 3" },
		{ 24 + 16 + 14 + 16 + 7, 2, "pcap file ends inside packet 3" },
		{ 24 + 16 + 13, 0, "pcap file ends inside packet 1" },
		{ 20, 0, "pcap file ends inside its header" },
		{ 0, 0, "pcap file ends inside its header" },
	};
	struct pcap_packet p;
	struct pcap_in *in;
	struct err err;
	int res;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(cuts); i++) {
		write_packets(0);
		assert_int_equal(truncate(path, cuts[i].size), 0);
		res = pcap_in_open(path, false, &err, &in);
		if (!res) {
			for (u32 n = 0; n < cuts[i].whole; n++)
				assert_int_equal(pcap_in_next(in, &p, NULL), 1);
			res = pcap_in_next(in, &p, &err);
			pcap_in_close(in);
		}
		assert_int_equal(res, -EIO);
		assert_string_equal(err.reason, cuts[i].reason);
		assert_string_equal(err.place, path);
		assert_int_equal(pcap_in_open(path, true, &err, &in), -EIO);
		assert_string_equal(err.reason, cuts[i].reason);
	}
}

static void write_file(const void *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void what_is_no_ethernet_capture_is_refused(void **state)
{
	const u32 cooked[] = { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, 113 };
	struct err err = { 0 };
	struct pcap_in *in;

	(void)state;
	write_file(cooked, sizeof(cooked));
	assert_int_equal(pcap_in_open(path, false, &err, &in), -EINVAL);
	assert_string_equal(err.reason,
			    "link type LINUX_SLL (113) is not Ethernet");
	write_file("\x7f"
		   "ELF, surely no capture file",
		   28);
	assert_int_equal(pcap_in_open(path, false, &err, &in), -EINVAL);
	assert_non_null(strstr(err.reason, "no capture file"));
	assert_int_equal(pcap_in_open("/tmp", false, &err, &in), -EISDIR);
	assert_int_equal(pcap_in_open("/nowhere/x", false, &err, &in), -ENOENT);
	assert_int_equal(pcap_in_open("/nowhere/x", false, NULL, &in), -ENOENT);
}

/* A section with an interface of nanoseconds and a packet. */
static void pcapng_is_read(void **state)
{
	static const u32 file[] = {
		0x0a0d0d0a, 28,		0x1a2b3c4d, 1,	0xffffffff, 0xffffffff,
		28,	    1,		32,	    1,	65535,	    9 | 1 << 16,
		9,	    0,		32,	    6,	36,	    0,
		0,	    1500000000, 4,	    60, 0x04030201, 36,
	};
	struct pcap_packet p;
	struct pcap_in *in;

	(void)state;
	write_file(file, sizeof(file));
	assert_int_equal(pcap_in_open(path, false, NULL, &in), 0);
	assert_int_equal(pcap_in_next(in, &p, NULL), 1);
	assert_int_equal(p.ns, 1500000000);
	assert_int_equal(p.len, 4);
	assert_int_equal(p.wire_len, 60);
	assert_memory_equal(p.bytes, "\1\2\3\4", 4);
	assert_int_equal(pcap_in_next(in, &p, NULL), 0);
	pcap_in_close(in);
}

static void writing_fails_loudly(void **state)
{
	struct err err = { 0 };
	struct pcap_out *out;
	int res = 0;

	(void)state;
	assert_int_equal(pcap_out_open("/nowhere/x", 0, &err, &out), -ENOENT);
	assert_int_equal(pcap_out_open("/dev/full", 0, &err, &out), 0);
	for (u32 i = 0; i < 10000 && !res; i++)
		res = pcap_out_write(out, &packets[0], &err);
	assert_int_equal(res, -ENOSPC);
	assert_string_equal(err.place, "/dev/full");
	pcap_out_close(out, NULL);
	assert_int_equal(pcap_out_open("/dev/full", 0, &err, &out), 0);
	assert_int_equal(pcap_out_close(out, &err), -ENOSPC);
}

static void what_is_read_is_not_written(void **state)
{
	struct pcap_out *out, *other;
	struct pcap_in *in, *another;
	struct pcap_packet p;
	struct err err;

	(void)state;
	write_packets(0);
	assert_int_equal(pcap_in_open(path, false, NULL, &in), 0);
	assert_int_equal(pcap_in_open(path, false, NULL, &another), 0);
	assert_int_equal(pcap_out_open(path, 0, &err, &out), -EBUSY);
	assert_string_equal(err.place, path);
	assert_int_equal(pcap_in_next(in, &p, NULL), 1);
	pcap_in_close(another);
	pcap_in_close(in);
	assert_int_equal(pcap_out_open(path, 0, NULL, &out), 0);
	assert_int_equal(pcap_out_open(path, 0, &err, &other), -EBUSY);
	assert_int_equal(pcap_in_open(path, false, &err, &in), -EBUSY);
	assert_int_equal(pcap_out_close(out, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(snaplen_cuts),
		cmocka_unit_test(bytes_of_a_file_in_memory_stay),
		cmocka_unit_test(a_cut_file_names_the_packet),
		cmocka_unit_test(what_is_no_ethernet_capture_is_refused),
		cmocka_unit_test(pcapng_is_read),
		cmocka_unit_test(writing_fails_loudly),
		cmocka_unit_test(what_is_read_is_not_written),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
