/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pcap_file.h - packets from and to capture files
 *
 * Reads pcap and pcapng, writes pcap; Ethernet only, timestamps in nanoseconds.
 * No EAL; one thread a file.
 */
#ifndef WEIR_PORT_PCAP_FILE_H
#define WEIR_PORT_PCAP_FILE_H

#include "base/err.h"
#include "base/types.h"

#define PCAP_SNAPLEN_MAX 262144

struct pcap_packet {
	const u8 *bytes;
	u32 len;      /* of bytes */
	u32 wire_len; /* when it was captured; more than len if it was cut */
	u64 ns;	      /* since 1970 */
	u64 number;   /* in the file, from 1 */
};

struct pcap_in;

/* memory: read the whole file first; a file that cannot be read to its end
 * then fails here.  err's place is the path. */
int pcap_in_open(const char *path, bool memory, struct err *err,
		 struct pcap_in **out);
void pcap_in_close(struct pcap_in *in);

/* 1 with the next packet, 0 at the end, -EIO with "pcap file ends inside packet
 * N" or what else is wrong.  The bytes are valid until the next call; with
 * memory until the file is closed. */
int pcap_in_next(struct pcap_in *in, struct pcap_packet *p, struct err *err);
/* Start over. */
int pcap_in_rewind(struct pcap_in *in, struct err *err);
/* The longest packet there can be, as the file says. */
u32 pcap_in_snaplen(const struct pcap_in *in);

struct pcap_out;

/* An existing file is replaced; -EBUSY if it is being read or written, here or
 * by another process of Weir's.  snaplen 0: PCAP_SNAPLEN_MAX. */
int pcap_out_open(const char *path, u32 snaplen, struct err *err,
		  struct pcap_out **out);
/* The same in two: it is found out whether the file can be written, and then
 * it is replaced.  What is closed in between leaves things as they were. */
int pcap_out_claim(const char *path, u32 snaplen, struct err *err,
		   struct pcap_out **out);
int pcap_out_begin(struct pcap_out *out, struct err *err);
/* What is longer than snaplen is cut. number is not used. */
int pcap_out_write(struct pcap_out *out, const struct pcap_packet *p,
		   struct err *err);
/* Writes what is buffered. */
int pcap_out_flush(struct pcap_out *out, struct err *err);
/* The same; the file is closed in any case. */
int pcap_out_close(struct pcap_out *out, struct err *err);

#endif
