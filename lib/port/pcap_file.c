/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/pcap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"

#define NS_PER_S 1000000000ULL

/* A packet of a file that was read first: where its bytes are. */
struct kept {
	size_t at;
	u32 len;
	u32 wire_len;
	u64 ns;
};

struct pcap_in {
	char *path;
	pcap_t *pcap; /* NULL: everything is in memory */
	u32 snaplen;
	u64 number; /* of the last packet given */
	VEC(struct kept) kept;
	u8 *bytes;
	size_t used;
	size_t room;
};

/* A file is read by many or written by one: 0, or -EBUSY. */
static int lock(int fd, int how, const char *path, struct err *err)
{
	if (flock(fd, how | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return 0;
	err_fail(err, -EBUSY, "a capture in use cannot be %s",
		 how == LOCK_EX ? "written" : "read");
	err_place(err, "%s", path);
	err_hint(err, "write to a file that nobody reads or writes");
	return -EBUSY;
}

/* ---- reading ---- */

static int open_file(const char *path, struct err *err, FILE **out)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	int code;

	if (f && (fstat(fileno(f), &st) != 0 || !S_ISDIR(st.st_mode))) {
		code = lock(fileno(f), LOCK_SH, path, err);
		if (code)
			fclose(f);
		*out = f;
		return code;
	}
	code = f ? EISDIR : errno;
	if (f)
		fclose(f);
	err_fail(err, -code, "%s", strerror(code));
	err_place(err, "%s", path);
	return -code;
}

static bool was_cut(const char *message)
{
	return strncmp(message, "truncated", strlen("truncated")) == 0;
}

static int open_failed(const char *path, const char *message, struct err *err)
{
	int code = was_cut(message) ? -EIO : -EINVAL;

	if (code == -EIO)
		err_fail(err, code, "pcap file ends inside its header");
	else
		err_fail(err, code, "no capture file: %s", message);
	err_place(err, "%s", path);
	err_hint(err, "pcap and pcapng files can be read");
	return code;
}

static int not_ethernet(const char *path, int type, struct err *err)
{
	const char *name = pcap_datalink_val_to_name(type);

	err_fail(err, -EINVAL, "link type %s (%d) is not Ethernet",
		 name ? name : "unknown", type);
	err_place(err, "%s", path);
	err_hint(err, "capture on an interface with Ethernet headers, not on "
		      "\"any\" or a tunnel");
	return -EINVAL;
}

static int start(struct pcap_in *in, struct err *err)
{
	char message[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap;
	FILE *f = NULL;
	int res = open_file(in->path, err, &f);

	if (res)
		return res;
	pcap = pcap_fopen_offline_with_tstamp_precision(
		f, PCAP_TSTAMP_PRECISION_NANO, message);
	if (!pcap) {
		fclose(f);
		return open_failed(in->path, message, err);
	}
	if (pcap_datalink(pcap) != DLT_EN10MB) {
		int type = pcap_datalink(pcap);

		pcap_close(pcap);
		return not_ethernet(in->path, type, err);
	}
	in->pcap = pcap;
	in->snaplen = (u32)pcap_snapshot(pcap);
	in->number = 0;
	return 0;
}

static int read_failed(const struct pcap_in *in, struct err *err)
{
	const char *message = pcap_geterr(in->pcap);
	unsigned long long number = in->number + 1;

	if (was_cut(message))
		err_fail(err, -EIO, "pcap file ends inside packet %llu",
			 number);
	else
		err_fail(err, -EIO, "packet %llu cannot be read: %s", number,
			 message);
	err_place(err, "%s", in->path);
	return -EIO;
}

static int next_from_file(struct pcap_in *in, struct pcap_packet *p,
			  struct err *err)
{
	struct pcap_pkthdr *head;
	const u8 *bytes;
	int got = pcap_next_ex(in->pcap, &head, &bytes);

	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1)
		return read_failed(in, err);
	p->bytes = bytes;
	p->len = head->caplen;
	p->wire_len = MAX(head->len, head->caplen);
	/* with this precision tv_usec are nanoseconds */
	p->ns = (u64)head->ts.tv_sec * NS_PER_S + (u64)head->ts.tv_usec;
	p->number = ++in->number;
	return 1;
}

static int next_kept(struct pcap_in *in, struct pcap_packet *p)
{
	const struct kept *k = &in->kept.items[in->number];

	if (in->number == in->kept.len)
		return 0;
	*p = (struct pcap_packet){
		.bytes = in->bytes + k->at,
		.len = k->len,
		.wire_len = k->wire_len,
		.ns = k->ns,
		.number = ++in->number,
	};
	return 1;
}

int pcap_in_next(struct pcap_in *in, struct pcap_packet *p, struct err *err)
{
	return in->pcap ? next_from_file(in, p, err) : next_kept(in, p);
}

static int keep(struct pcap_in *in, const struct pcap_packet *p)
{
	struct kept *k;

	if (p->len > in->room - in->used) {
		size_t room = in->room * 2 + p->len + 65536;
		u8 *bytes = realloc(in->bytes, room);

		if (!bytes)
			return -ENOMEM;
		in->bytes = bytes;
		in->room = room;
	}
	k = vec_add(&in->kept);
	if (!k)
		return -ENOMEM;
	*k = (struct kept){ in->used, p->len, p->wire_len, p->ns };
	memcpy(in->bytes + in->used, p->bytes, p->len);
	in->used += p->len;
	return 0;
}

static int keep_all(struct pcap_in *in, struct err *err)
{
	struct pcap_packet p;
	int got;

	while ((got = next_from_file(in, &p, err)) == 1) {
		if (keep(in, &p) != 0) {
			err_fail(err, -ENOMEM, "no memory for the whole file");
			err_place(err, "%s", in->path);
			return -ENOMEM;
		}
	}
	pcap_close(in->pcap);
	in->pcap = NULL;
	in->number = 0;
	return got;
}

int pcap_in_open(const char *path, bool memory, struct err *err,
		 struct pcap_in **out)
{
	struct pcap_in *in = calloc(1, sizeof(*in));
	int res = -ENOMEM;

	if (!in)
		return err_fail(err, res, "out of memory");
	in->path = strdup(path);
	if (in->path)
		res = start(in, err);
	else
		err_fail(err, res, "out of memory");
	if (!res && memory)
		res = keep_all(in, err);
	if (res) {
		pcap_in_close(in);
		return res;
	}
	*out = in;
	return 0;
}

void pcap_in_close(struct pcap_in *in)
{
	if (in->pcap)
		pcap_close(in->pcap);
	vec_free(&in->kept);
	free(in->bytes);
	free(in->path);
	free(in);
}

int pcap_in_rewind(struct pcap_in *in, struct err *err)
{
	pcap_t *old = in->pcap;
	int res = 0;

	if (old)
		res = start(in, err);
	else
		in->number = 0;
	if (old && !res)
		pcap_close(old);
	return res;
}

u32 pcap_in_snaplen(const struct pcap_in *in)
{
	return in->snaplen;
}

/* ---- writing ---- */

struct pcap_out {
	char *path;
	pcap_t *pcap;
	int fd;		       /* -1: the dumper has it */
	bool made;	       /* the file was not there before */
	pcap_dumper_t *dumper; /* NULL: nothing was written yet */
	u32 snaplen;
};

static void out_free(struct pcap_out *out)
{
	/* what was made and never used was never wanted */
	if (out->fd >= 0 && out->made)
		unlink(out->path);
	if (out->fd >= 0)
		close(out->fd);
	if (out->pcap)
		pcap_close(out->pcap);
	free(out->path);
	free(out);
}

static int write_failed(const struct pcap_out *out, int code, struct err *err)
{
	err_fail(err, -code, "cannot be written: %s", strerror(code));
	err_place(err, "%s", out->path);
	return -code;
}

/* What is there stays as it is. */
static int claim(struct pcap_out *out, struct err *err)
{
	out->fd =
		open(out->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	out->made = out->fd >= 0;
	if (out->fd < 0)
		out->fd = open(out->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (out->fd < 0)
		return write_failed(out, errno, err);
	return lock(out->fd, LOCK_EX, out->path, err);
}

int pcap_out_claim(const char *path, u32 snaplen, struct err *err,
		   struct pcap_out **result)
{
	struct pcap_out *out = calloc(1, sizeof(*out));
	int res = -ENOMEM;

	if (!out)
		return err_fail(err, res, "out of memory");
	out->fd = -1;
	out->snaplen = snaplen ? snaplen : PCAP_SNAPLEN_MAX;
	out->path = strdup(path);
	out->pcap = pcap_open_dead_with_tstamp_precision(
		DLT_EN10MB, (int)out->snaplen, PCAP_TSTAMP_PRECISION_NANO);
	if (out->path && out->pcap)
		res = claim(out, err);
	else
		err_fail(err, res, "out of memory");
	if (res) {
		out_free(out);
		return res;
	}
	*result = out;
	return 0;
}

int pcap_out_begin(struct pcap_out *out, struct err *err)
{
	struct stat st;
	FILE *f;

	if (out->dumper)
		return 0;
	/* a pipe or a device has no length */
	if (fstat(out->fd, &st) != 0 ||
	    (S_ISREG(st.st_mode) && ftruncate(out->fd, 0) != 0))
		return write_failed(out, errno, err);
	f = fdopen(out->fd, "wb");
	if (!f)
		return write_failed(out, errno, err);
	out->fd = -1;
	out->dumper = pcap_dump_fopen(out->pcap, f);
	return out->dumper ? 0 : write_failed(out, EIO, err);
}

int pcap_out_open(const char *path, u32 snaplen, struct err *err,
		  struct pcap_out **result)
{
	int res = pcap_out_claim(path, snaplen, err, result);

	if (res)
		return res;
	res = pcap_out_begin(*result, err);
	if (res)
		out_free(*result);
	return res;
}

int pcap_out_write(struct pcap_out *out, const struct pcap_packet *p,
		   struct err *err)
{
	struct pcap_pkthdr head = {
		.ts.tv_sec = (time_t)(p->ns / NS_PER_S),
		.ts.tv_usec = (suseconds_t)(p->ns % NS_PER_S),
		.caplen = MIN(p->len, out->snaplen),
		.len = MAX(p->wire_len, p->len),
	};

	errno = 0;
	pcap_dump((u8 *)out->dumper, &head, p->bytes);
	if (ferror(pcap_dump_file(out->dumper)))
		return write_failed(out, errno ? errno : EIO, err);
	return 0;
}

int pcap_out_flush(struct pcap_out *out, struct err *err)
{
	errno = 0;
	if (pcap_dump_flush(out->dumper) != 0 ||
	    ferror(pcap_dump_file(out->dumper)))
		return write_failed(out, errno ? errno : EIO, err);
	return 0;
}

int pcap_out_close(struct pcap_out *out, struct err *err)
{
	int res = out->dumper ? pcap_out_flush(out, err) : 0;

	if (out->dumper)
		pcap_dump_close(out->dumper);
	out_free(out);
	return res;
}
