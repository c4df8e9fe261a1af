/* SPDX-License-Identifier: BSD-3-Clause */
/* specs.c - what cannot be opened says why, and leaves nothing */
#include "rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <unistd.h>

#include "port/spec.h"

static struct rig rig;
static char dir[] = "/tmp/weir-port-XXXXXX";

static const struct refusal {
	const char *spec; /* %s: a folder with "garbage" and "cut" in it */
	int code;
	const char *reason;
	const char *hint;
} refusals[] = {
	{ "", -EINVAL, "empty", "tap:NAME" },
	{ "tun0", -EINVAL, "unknown kind of port: tun0", "af_packet:IF" },
	{ "nul", -EINVAL, "unknown kind", "null" },
	{ "tap:", -EINVAL, "tap:NAME", "" },
	{ "tap", -EINVAL, "tap:NAME", "" },
	{ "tap:0123456789abcdef", -EINVAL, "longer than 15", "" },
	{ "tap:lo", -EINVAL, "TUNSETIFF for lo: Invalid argument", "" },
	{ "af_packet:", -EINVAL, "needs a name", "" },
	{ "af_packet:nosuch", -ENODEV, "no network interface nosuch",
	  "ip link" },
	{ "af_xdp:nosuch", -ENODEV, "no network interface nosuch", "ip link" },
	{ "pcap:", -EINVAL, "pcap:IN[,OUT]", "" },
	{ "pcap:,", -EINVAL, "pcap:IN[,OUT]", "" },
	{ "pcap:%s/missing", -ENOENT, "No such file", "" },
	{ "pcap:%s", -EISDIR, "Is a directory", "" },
	{ "pcap:%s/garbage", -EINVAL, "no capture file", "pcapng" },
	{ "pcap:%s/cut", -EIO, "ends inside its header", "" },
	{ "pcap:,%s/none/out", -ENOENT, "cannot be written", "" },
	{ "net_nosuch0", -ENODEV, "device net_nosuch0 cannot be opened",
	  "driver's name" },
	{ "net_null0,bogus=1", -EIO, "device net_null0 cannot be opened", "" },
	{ "null:size=0", -EINVAL, "packets of no size", "1 at least" },
	{ "null:copy=1,size=0x0", -EINVAL, "packets of no size", "" },
	{ "null:bogus=1", -EIO, "device net_null0 cannot be opened", "" },
	{ "ff:1f.7", -ENODEV, "0000:ff:1f.7", "dpdk-devbind.py" },
	{ "0000:ff:1f.7", -ENODEV, "0000:ff:1f.7", "dpdk-devbind.py" },
};

/* A machine without the driver says so of every tap port. */
static bool tap_there(void)
{
	return access("/dev/net/tun", F_OK) == 0;
}

static void refused(const struct port_config *config, int code,
		    const char *reason, const char *hint)
{
	struct err err = { 0 };
	struct port *port = NULL;
	char text[1024];
	int res = port_open(rig.eal, config, 0, &err, &port);

	if (res != code || !strstr(err.reason, reason) ||
	    !strstr(err.hint, hint))
		fail_msg("%s: %d: %s", config->spec, res,
			 err_text(&err, text, sizeof(text)));
	assert_int_equal(err.code, code);
	assert_int_equal(strncmp(err.place, "port p", 6), 0);
	assert_null(port);
	rig_close(&rig);
}

static void bad_specs_are_refused(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct port_config config = { .name = "p" };
		char *spec;

		assert_true(asprintf(&spec, r->spec, dir) > 0 || !*r->spec);
		config.spec = spec;
		if (r->code == -EINVAL && strstr(r->reason, "TUNSETIFF") &&
		    !tap_there())
			refused(&config, -ENOENT, "/dev/net/tun", "tun driver");
		else
			refused(&config, r->code, r->reason, r->hint);
		free(spec);
	}
}

static void bad_settings_are_refused(void **state)
{
	const struct port_config group = { .name = "p",
					   .spec = "null",
					   .mac = { 1, 2, 3, 4, 5, 6 } };
	const struct port_config mtu = { .name = "p",
					 .spec = "null",
					 .mtu = 9000 };
	const struct port_config queues = { .name = "p",
					    .spec = "null",
					    .queues = 2000 };

	(void)state;
	refused(&group, -EINVAL, "group", "even");
	refused(&mtu, -EINVAL, "46 to 3502", "3520");
	refused(&queues, -EINVAL, "the device has 1024", "lcore");
}

static void a_long_spec_is_refused(void **state)
{
	static const char *const begins[] = { "null:", "tap:t,",
					      "pcap:", "pcap:a,",
					      "net_null0," };
	char spec[4096];
	struct port_config config = { .name = "p", .spec = spec };

	(void)state;
	memset(spec, 'a', sizeof(spec) - 1);
	spec[sizeof(spec) - 1] = '\0';
	for (u32 i = 0; i < ARRAY_LEN(begins); i++) {
		memcpy(spec, begins[i], strlen(begins[i]));
		refused(&config, -ENAMETOOLONG, "too long", "");
		memset(spec, 'a', strlen(begins[i]));
	}
}

/* Root's capabilities are taken for a while; nobody else has them anyway. */
static void privileges_are_asked_for(void **state)
{
	static const char *const specs[] = { "tap:weirtap", "af_packet:lo" };
	struct port_config config = { .name = "p" };
	cap_t all = cap_get_proc(), less = cap_dup(all);

	(void)state;
	cap_clear_flag(less, CAP_EFFECTIVE);
	assert_int_equal(cap_set_proc(less), 0);
	for (u32 i = tap_there() ? 0 : 1; i < ARRAY_LEN(specs); i++) {
		config.spec = specs[i];
		refused(&config, -EPERM, "Operation not permitted",
			"needs privileges");
	}
	assert_int_equal(cap_set_proc(all), 0);
	cap_free(all);
	cap_free(less);
}

static void a_device_belongs_to_one_port(void **state)
{
	const struct port_config config = { .name = "q", .spec = "net_null7" };
	struct err err = { 0 };
	struct port *again;

	(void)state;
	rig_open_spec(&rig, "net_null7");
	assert_int_equal(port_open(rig.eal, &config, 1, &err, &again), -EBUSY);
	assert_non_null(strstr(err.reason, "another port's"));
	rig_close(&rig);
}

static void short_forms_are_devargs(void **state)
{
	static const struct {
		const char *spec, *devargs, *device;
	} rows[] = {
		{ "null", "net_null3", "net_null3" },
		{ "null:size=128,copy=1", "net_null3,size=128,copy=1",
		  "net_null3" },
		{ "ring", "net_ring3", "net_ring3" },
		{ "tap:t0,persist", "net_tap3,iface=t0,persist", "net_tap3" },
		{ "af_packet:lo",
		  "net_af_packet3,iface=lo,qpairs=2,framesz=3552,"
		  "blocksz=454656,framecnt=512",
		  "net_af_packet3" },
		{ "net_tap9,iface=x", "net_tap9,iface=x", "net_tap9" },
		{ "03:00.1", "0000:03:00.1", "0000:03:00.1" },
		{ "0001:03:00.1,a=b", "0001:03:00.1,a=b", "0001:03:00.1" },
	};
	struct spec spec;
	struct err err;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		int res = spec_parse(rows[i].spec, 3, 2, &spec, &err);

		assert_int_equal(res, strncmp(rows[i].spec, "tap:", 4) ||
						      tap_there()
					      ? 0
					      : -ENOENT);
		assert_int_equal(spec.kind, SPEC_DEVICE);
		assert_string_equal(spec.devargs, rows[i].devargs);
		assert_string_equal(spec.device, rows[i].device);
	}
	assert_int_equal(spec_parse("pcap:a:b,c,d", 0, 1, &spec, &err), 0);
	assert_int_equal(spec.kind, SPEC_PCAP);
	assert_string_equal(spec.in, "a:b");
	assert_string_equal(spec.out, "c,d");
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_specs_are_refused),
		cmocka_unit_test(bad_settings_are_refused),
		cmocka_unit_test(a_long_spec_is_refused),
		cmocka_unit_test(privileges_are_asked_for),
		cmocka_unit_test(a_device_belongs_to_one_port),
		cmocka_unit_test(short_forms_are_devargs),
	};
	int failed;

	rig_start(&rig, 2, false);
	if (!mkdtemp(dir))
		return 1;
	write_file("garbage", "not packets, but text", 21);
	write_file("cut", "\xd4\xc3\xb2\xa1\x02\0\x04\0", 8);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rig_run("rm -r %s", dir);
	rig_stop(&rig);
	return failed;
}
