/* SPDX-License-Identifier: BSD-3-Clause */
/* spec.h - what a port's spec says: a device for DPDK or capture files */
#ifndef WEIR_PORT_SPEC_H
#define WEIR_PORT_SPEC_H

#include "base/err.h"

#define SPEC_MAX 512

enum spec_kind { SPEC_DEVICE, SPEC_PCAP };

struct spec {
	enum spec_kind kind;
	/* SPEC_DEVICE */
	char devargs[SPEC_MAX];
	char device[64]; /* its name in devargs, as DPDK knows it */
	char interface[16]; /* of a short form that has one, else "" */
	bool pci;
	/* SPEC_PCAP; "" where there is none */
	char in[SPEC_MAX];
	char out[SPEC_MAX];
};

/* index makes names unique; queues is how many a device gets that has to be
 * told when it is made. */
int spec_parse(const char *text, u32 index, u32 queues, struct spec *spec,
	       struct err *err);

/* For net_af_xdp, in its short form or its own? */
bool spec_is_xdp(const char *text);

#endif
