/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/spec.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port/kernel_if.h"

#define KINDS                                                              \
	"tap:NAME, null, ring, af_packet:IF, af_xdp:IF, pcap:IN[,OUT], a " \
	"PCI address or a driver's devargs (net_...)"

/* The argument may be followed by more of the driver's own, after a comma. */
struct form {
	const char *name;
	const char *driver;
	const char *key; /* what the argument is to the driver; NULL: none */
	int (*check)(const char *arg, struct err *err); /* NULL: any will do */
	const char *queues; /* how the driver is told their number, or NULL */
	u32 (*queues_max)(const char *interface); /* NULL: as many as wanted */
	const char *more;
};

static int check_tap(const char *interface, struct err *err)
{
	int fd;

	(void)interface;
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		int code = -errno;

		err_fail(err, code, "/dev/net/tun: %s", strerror(-code));
		err_hint(err, code == -ENOENT
				      ? "the kernel has no tun driver"
				      : "tap ports need access to it and "
					"CAP_NET_ADMIN");
		return code;
	}
	close(fd);
	return 0;
}

static int check_interface(const char *interface, struct err *err)
{
	if (if_nametoindex(interface))
		return 0;
	err_fail(err, -ENODEV, "no network interface %s", interface);
	err_hint(err, "ip link shows those there are in this network "
		      "namespace");
	return -ENODEV;
}

/* The driver does not say why it gets no socket. */
static int check_af_packet(const char *interface, struct err *err)
{
	int res = check_interface(interface, err), fd;

	if (res)
		return res;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		res = -errno;
		err_fail(err, res, "no packet socket: %s", strerror(-res));
		err_hint(err, "af_packet needs privileges: CAP_NET_RAW");
		return res;
	}
	close(fd);
	return 0;
}

/*
 * The longest ring slots whose packets fit into a packet buffer.  The driver
 * takes them to be side by side, so a block is a whole number of them as well
 * as of pages: 128.
 */
#define AF_PACKET_RING "framesz=3552,blocksz=454656,framecnt=512"

/* The driver finds no memory for packets of no bytes. */
static int check_null(const char *arg, struct err *err)
{
	static const char key[] = "size=";

	for (; *arg; arg += strcspn(arg, ","), arg += *arg == ',') {
		if (strncmp(arg, key, sizeof(key) - 1) != 0 ||
		    strtoul(arg + sizeof(key) - 1, NULL, 0))
			continue;
		err_fail(err, -EINVAL, "null: packets of no size");
		return err_hint(err, "size=N is 1 at least, 64 if not given");
	}
	return 0;
}

static const struct form forms[] = {
	{ "tap", "net_tap", "iface", check_tap, NULL, NULL, NULL },
	{ "null", "net_null", NULL, check_null, NULL, NULL, NULL },
	{ "ring", "net_ring", NULL, NULL, NULL, NULL, NULL },
	{ "af_packet", "net_af_packet", "iface", check_af_packet, "qpairs",
	  NULL, AF_PACKET_RING },
	{ "af_xdp", "net_af_xdp", "iface", check_interface, "queue_count",
	  kernel_if_queues, NULL },
};

static int take_interface(const struct form *f, const char *arg,
			  struct spec *spec, struct err *err)
{
	size_t len = strcspn(arg, ",");

	if (!f->key)
		return 0;
	if (len == 0)
		return err_fail(err, -EINVAL, "%s: needs a name: %s:NAME",
				f->name, f->name);
	if (len >= sizeof(spec->interface))
		return err_fail(err, -EINVAL,
				"interface name %.*s is longer than %zu "
				"characters",
				(int)len, arg, sizeof(spec->interface) - 1);
	snprintf(spec->interface, sizeof(spec->interface), "%.*s", (int)len,
		 arg);
	return 0;
}

/* Writes to devargs, cut when full: the caller compares lengths. */
static size_t short_form(const struct form *f, const char *arg, u32 index,
			 u32 queues, struct spec *spec)
{
	FILE *out = fmemopen(spec->devargs, sizeof(spec->devargs), "w");
	long len;

	if (!out)
		return sizeof(spec->devargs);
	snprintf(spec->device, sizeof(spec->device), "%s%u", f->driver, index);
	fprintf(out, "%s", spec->device);
	if (f->key)
		fprintf(out, ",%s=%s", f->key, arg);
	else if (*arg)
		fprintf(out, ",%s", arg);
	if (f->queues_max)
		queues = MIN(queues, f->queues_max(spec->interface));
	if (f->queues)
		fprintf(out, ",%s=%u", f->queues, queues);
	if (f->more)
		fprintf(out, ",%s", f->more);
	len = ftell(out);
	return fclose(out) == 0 && len > 0 ? (size_t)len
					   : sizeof(spec->devargs);
}

/* [DDDD:]BB:DD.F, the domain is added when it is missing */
static bool pci_address(const char *text, size_t len, char *full, size_t size)
{
	static const char pattern[] = "xxxx:xx:xx.x";
	const char *want = pattern;

	if (len + 5 == sizeof(pattern) - 1)
		want += 5;
	else if (len != sizeof(pattern) - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (want[i] == 'x' ? !isxdigit((u8)text[i])
				   : text[i] != want[i])
			return false;
	snprintf(full, size, "%s%.*s", want == pattern ? "" : "0000:", (int)len,
		 text);
	return true;
}

static int parse_devargs(const char *text, struct spec *spec, struct err *err)
{
	size_t len = strcspn(text, ",");

	spec->kind = SPEC_DEVICE;
	spec->pci = pci_address(text, len, spec->device, sizeof(spec->device));
	if (!spec->pci && strncmp(text, "net_", 4) != 0 &&
	    strncmp(text, "eth_", 4) != 0 && !strchr(text, ':')) {
		err_fail(err, -EINVAL, "unknown kind of port: %s", text);
		err_hint(err, "ports are " KINDS);
		return -EINVAL;
	}
	if (len >= sizeof(spec->device) || strlen(text) >= SPEC_MAX - 8)
		return err_fail(err, -ENAMETOOLONG, "the spec is too long");
	if (!spec->pci)
		snprintf(spec->device, sizeof(spec->device), "%.*s", (int)len,
			 text);
	snprintf(spec->devargs, sizeof(spec->devargs), "%s%s", spec->device,
		 text + len);
	return 0;
}

static int parse_pcap(const char *arg, struct spec *spec, struct err *err)
{
	size_t len = strcspn(arg, ",");
	const char *out = arg[len] ? arg + len + 1 : "";

	spec->kind = SPEC_PCAP;
	if (len == 0 && !*out)
		return err_fail(err, -EINVAL,
				"pcap: needs a file: pcap:IN[,OUT]");
	if (len >= SPEC_MAX || strlen(out) >= SPEC_MAX)
		return err_fail(err, -ENAMETOOLONG, "the path is too long");
	snprintf(spec->in, sizeof(spec->in), "%.*s", (int)len, arg);
	snprintf(spec->out, sizeof(spec->out), "%s", out);
	return 0;
}

int spec_parse(const char *text, u32 index, u32 queues, struct spec *spec,
	       struct err *err)
{
	size_t len = strcspn(text, ":");
	const char *arg = text[len] ? text + len + 1 : "";
	int res;

	memset(spec, 0, sizeof(*spec));
	if (!*text) {
		err_fail(err, -EINVAL, "the spec is empty");
		err_hint(err, "ports are " KINDS);
		return -EINVAL;
	}
	if (len == 4 && strncmp(text, "pcap", len) == 0)
		return parse_pcap(arg, spec, err);
	for (u32 i = 0; i < ARRAY_LEN(forms); i++) {
		const struct form *f = &forms[i];

		if (strlen(f->name) != len || strncmp(text, f->name, len) != 0)
			continue;
		res = take_interface(f, arg, spec, err);
		if (res)
			return res;
		if (short_form(f, arg, index, queues, spec) >= SPEC_MAX - 1)
			return err_fail(err, -ENAMETOOLONG,
					"the spec is too long");
		return f->check ? f->check(f->key ? spec->interface : arg, err)
				: 0;
	}
	return parse_devargs(text, spec, err);
}

bool spec_is_xdp(const char *text)
{
	return strncmp(text, "af_xdp:", 7) == 0 ||
	       strncmp(text, "net_af_xdp", 10) == 0;
}
