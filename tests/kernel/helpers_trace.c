/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helpers_trace.c - what trace_printk and trace_vprintk return and write, on
 * the live kernel and on every engine
 *
 * The kernel's lines come from an instance of tracefs of our own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frames.h"
#include "kprog.h"

#define TRACING "/sys/kernel/tracing"
#define XDP BPF_PROG_TYPE_XDP

/* Where in memory things are. */
enum {
	FORMAT = 0,
	TEXT = 256,
	EMPTY = 300,
	ADDRESS = 304,
	ARGS = 328,
	LONG = 430, /* up to the end, no NUL */
};

static char instance[64];

/* ---- the kernel's trace ---- */

static bool put(const char *file, const char *text)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", instance, file);
	f = fopen(path, "w");
	if (!f)
		return false;
	fputs(text, f);
	return !fclose(f);
}

/* In a mount namespace of our own, so that nothing is left mounted. */
static const char *open_trace(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "no permission for a mount namespace";
	if (mount("tracefs", TRACING, "tracefs", 0, NULL) && errno != EBUSY)
		return "no tracefs";
	snprintf(instance, sizeof(instance), TRACING "/instances/weir-%d",
		 getpid());
	if (mkdir(instance, 0700))
		return "no instance of tracefs";
	if (put("events/bpf_trace/bpf_trace_printk/enable", "1"))
		return NULL;
	rmdir(instance);
	return "no event bpf_trace_printk";
}

static void close_trace(void)
{
	put("events/bpf_trace/bpf_trace_printk/enable", "0");
	rmdir(instance);
}

/* What this process has traced since the last time; false: nothing. */
static bool kernel_line(char *line, size_t size)
{
	char path[160], raw[2048], who[32], *at;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/trace", instance);
	snprintf(who, sizeof(who), "-%d ", getpid());
	f = fopen(path, "r");
	while (f && fgets(raw, sizeof(raw), f)) {
		at = strstr(raw, "bpf_trace_printk: ");
		if (!at || !strstr(raw, who))
			continue;
		at += strlen("bpf_trace_printk: ");
		at[strcspn(at, "\n")] = '\0';
		snprintf(line, size, "%s", at);
		found = true;
	}
	if (f)
		fclose(f);
	put("trace", "");
	return found;
}

/* ---- rows ---- */

struct row {
	const char *fmt;
	struct duo_arg arg[3];
	u32 size; /* 0: with its NUL */
};

static const struct row rows[] = {
	{ "", { K(0) } },
	{ "plain", { K(0) } },
	{ "a line\n", { K(0) } },
	{ "\n", { K(0) } },
	{ "tab\tand\rmore\v\f", { K(0) } },
	{ "cut", { K(0) }, 3 },
	{ "cut", { K(0) }, 1 },
	{ "whole", { K(0) }, 20 },
	{ "bad \x01", { K(0) } },
	{ "bad \x7f", { K(0) } },
	{ "bad \x80", { K(0) } },
	{ "bad \xa0", { K(0) } },
	{ "gr\xc3\xb6\xc3\x9f %d", { K(1) } },
	{ "%s\xa0%s\xbf%s\xd7", { MEM(TEXT), MEM(TEXT), MEM(TEXT) } },
	{ "%s\xc3\xb6", { MEM(TEXT) } },
	{ "%s\x80", { MEM(TEXT) } },
	{ "%p\xa0%p\xb5%px\xdf.", { K(0), K(0), K(1) } },
	{ "%", { K(1) } },
	{ "%%", { K(1) } },
	{ "%%%", { K(1) } },
	{ "50%%, %d%%", { K(7) } },
	{ "%0%", { K(1) } },
	{ "%5%", { K(1) } },
	{ "% ", { K(1) } },
	{ "%d", { K(-1) } },
	{ "%d %i %u", { K(-5), K(-6), K(-7) } },
	{ "%d%d%d%d", { K(1), K(2), K(3) } },
	{ "%x %X", { K(0xabcdef), K(0xabcdef) } },
	{ "%d", { K(0x123456789) } },
	{ "%ld %lu %lx", { K(-1), K(-1), K(-1) } },
	{ "%lld %llu %llX", { K(1ull << 63), K(-1), K(0xfedcba9876543210) } },
	{ "%llld", { K(1) } },
	{ "%hd", { K(1) } },
	{ "%hhd", { K(1) } },
	{ "%zd", { K(1) } },
	{ "%o", { K(8) } },
	{ "%n", { K(1) } },
	{ "%e", { K(1) } },
	{ "%#x", { K(1) } },
	{ "%*d", { K(4), K(1) } },
	{ "%.3d", { K(1) } },
	{ "%l", { K(1) } },
	{ "%lc", { K('a') } },
	{ "%ls", { MEM(TEXT) } },
	{ "%lp", { K(0) } },
	{ "[%5d|%-5d|%05d]", { K(42), K(42), K(-42) } },
	{ "[%+d|% d|%+u]", { K(42), K(42), K(42) } },
	{ "[%+ d|% +d|%-05d]", { K(42), K(-42), K(42) } },
	{ "[%+x|%08x|%-8X]", { K(42), K(42), K(42) } },
	{ "[%+5d|% 05d|%+-5d]", { K(1), K(2), K(3) } },
	{ "[%00012d]", { K(-3) } },
	{ "[%1000d]", { K(1) } },
	{ "[%1100d]", { K(1) } },
	{ "[%-1100d]x", { K(1) } },
	{ "[%02000x]", { K(1) } },
	{ "[%16777216d]", { K(1) } },
	{ "[%16777220d]", { K(1) } },
	{ "[%8388608d]", { K(1) } },
	{ "[%8388607d|%-9999999d]", { K(1), K(2) } },
	{ "[%4294967299d]", { K(1) } },
	{ "[%3000000000d]", { K(1) } },
	{ "[%4294967295px]", { K(1) } },
	{ "%c%c%c", { K('a'), K('b'), K(0x163) } },
	{ "[%3c|%-3c|%03c]", { K('a'), K('b'), K('c') } },
	{ "%cx", { K('a') } },
	{ "%s", { MEM(TEXT) } },
	{ "%s", { MEM(EMPTY) } },
	{ "%s", { K(0) } },
	{ "%s", { K(1) } },
	{ "%s", { K(-1) } },
	{ "%s", { K(1ull << 63) } },
	{ "[%8s|%-8s|%08s]", { MEM(TEXT), MEM(TEXT), MEM(TEXT) } },
	{ "[%2s]", { MEM(TEXT) } },
	{ "%sx", { MEM(TEXT) } },
	{ "%s1", { MEM(TEXT) } },
	{ "%s.%s,%s", { MEM(TEXT), MEM(EMPTY), MEM(TEXT + 1) } },
	{ "%.2s", { MEM(TEXT) } },
	{ "%s", { MEM(LONG) } },
	{ "%s %s", { MEM(LONG), MEM(TEXT) } },
	{ "%s %d", { MEM(LONG), K(1) } },
	{ "%s %c", { MEM(LONG), K('a') } },
	{ "%s %px", { MEM(LONG), K(0) } },
	{ "%s %pI4", { MEM(LONG), MEM(ADDRESS) } },
	{ "%d %s %d", { K(1), MEM(LONG), K(2) } },
	{ "%c%d%llx", { K('a'), K(7), K(-7) } },
	{ "%pks", { MEM(TEXT) } },
	{ "[%8pks]", { MEM(TEXT) } },
	{ "%pks.", { MEM(LONG) } },
	{ "%pksx", { MEM(TEXT) } },
	{ "%pus", { K(0) } },
	{ "%pus", { MEM(TEXT) } },
	{ "%pk", { MEM(TEXT) } },
	{ "%pu", { MEM(TEXT) } },
	{ "%p", { K(0) } },
	{ "%p", { K(-1) } },
	{ "%p", { K(-4095) } },
	{ "%pK", { K(0) } },
	{ "%p. %p", { K(0), K(0) } },
	{ "%p%%", { K(0) } },
	{ "%p%d", { K(0), K(5) } },
	{ "%p%", { K(0) } },
	{ "%pq", { K(0) } },
	{ "%p\x01", { K(0) } },
	{ "[%p]", { K(0) } },
	{ "[%20p|%-20p|%5p]", { K(0), K(0), K(0) } },
	{ "[%20px|%-20px|%5px]", { K(0x1234), K(0x1234), K(0x123456) } },
	{ "[%020px]", { K(0x1234) } },
	{ "%px", { K(-1) } },
	{ "%pxyz %d", { K(0x1234), K(5) } },
	{ "%px%d", { K(0x1234), K(5) } },
	{ "%ps %pS", { K(0x1234), K(0x1234) } },
	{ "[%12ps|%-12pS]", { K(0x1234), K(0) } },
	{ "%psx", { K(0x1234) } },
	{ "%pB %d", { K(0x1234), K(5) } },
	{ "[%12pB]", { K(0x1234) } },
	{ "%pBx", { K(0x1234) } },
	{ "%pI4 %pi4", { MEM(ADDRESS), MEM(ADDRESS) } },
	{ "%pI6 %pi6", { MEM(ADDRESS), MEM(ADDRESS) } },
	{ "%pI4%pI4", { MEM(ADDRESS), MEM(ADDRESS + 4) } },
	{ "%pI6c|", { MEM(ADDRESS) } },
	{ "%pI4hn %d", { MEM(ADDRESS), K(3) } },
	{ "[%20pI4|%-20pI6]", { MEM(ADDRESS), MEM(ADDRESS) } },
	{ "%pI4", { K(0) } },
	{ "%pI6", { K(1) } },
	{ "%pI5", { MEM(ADDRESS) } },
	{ "%pI", { MEM(ADDRESS) } },
	{ "%pM", { MEM(ADDRESS) } },
	{ "%pV", { MEM(ADDRESS) } },
	{ "%pf", { MEM(ADDRESS) } },
};

static void lay_out(struct duo *d, const char *fmt, u32 size)
{
	static const u8 address[16] = { 10, 0, 200, 3, 0xfe, 0x80, 0, 0,
					0,  1, 2,   3, 4,    5,	   6, 255 };
	u8 *mem = duo_memory(d);

	memset(mem, 'a', DUO_MEM);
	memset(mem, 0, LONG);
	memcpy(mem + FORMAT, fmt, strlen(fmt));
	memset(mem + FORMAT + size, 'z', 8);
	memcpy(mem + TEXT, "text", 4);
	memcpy(mem + ADDRESS, address, sizeof(address));
	for (u32 i = 0; i < 12; i++)
		mem[ARGS + 8 * i] = mem[ARGS + 8 * i + 5] = (u8)(i + 1);
}

static void compare(struct duo *d, struct duo_case *c, const char *fmt)
{
	char kernel[2048] = "";
	bool traced;

	frame_compare(d, c, &frame_kinds[0], 60);
	traced = kernel_line(kernel, sizeof(kernel));
	if (strcmp(kernel, duo_trace(d)) != 0)
		duo_differs(d, "'%s': kernel%s '%s', ours '%s'", fmt,
			    traced ? "" : " none", kernel, duo_trace(d));
}

static void formats(struct duo *d)
{
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		u32 size = row->size ? row->size : (u32)strlen(row->fmt) + 1;
		struct duo_case c = {
			row->fmt,
			XDP,
			{ { BPF_FUNC_trace_printk,
			    { MEM(FORMAT), K(size), row->arg[0], row->arg[1],
			      row->arg[2] } } },
		};

		for (u32 a = 0; a < 3; a++) /* none is 0 */
			if (c.call[0].arg[2 + a].kind == DUO_NONE)
				c.call[0].arg[2 + a] = (struct duo_arg)K(0);
		lay_out(d, row->fmt, size);
		compare(d, &c, row->fmt);
	}
}

static void many_arguments(struct duo *d)
{
	static const char *const fmts[] = {
		"",
		"%llx",
		"%d %d %d %d %d %d %d %d %d %d %d %d",
		"%llx %llx %llx %llx %llx %llx %llx %llx %llx %llx %llx %llx",
		"%d %d %d %d %d %d %d %d %d %d %d %d %d",
		"%s",
		"%pI6 %pI4",
	};

	for (u32 i = 0; i < ARRAY_LEN(fmts); i++)
		for (u32 size = 0; size <= 104; size += 4) {
			struct duo_case c = {
				fmts[i],
				XDP,
				{ { BPF_FUNC_trace_vprintk,
				    { MEM(FORMAT), K(strlen(fmts[i]) + 1),
				      MEM(ARGS + (i & 1)), K(size) } } },
			};

			lay_out(d, fmts[i], (u32)strlen(fmts[i]) + 1);
			if (!size)
				c.call[0].arg[2] = (struct duo_arg)K(0);
			compare(d, &c, fmts[i]);
		}
}

int main(void)
{
	static void (*const tests[])(struct duo * d) = { formats,
							 many_arguments };
	const char *why = kprog_unavailable();
	int ret;

	if (!why)
		why = open_trace();
	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	ret = duo_main(tests, ARRAY_LEN(tests));
	close_trace();
	return ret;
}
