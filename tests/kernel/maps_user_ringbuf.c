/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_user_ringbuf.c - programs that drain what user space has written,
 * against the live kernel
 *
 * The same records go into both rings, some of them not finished, discarded or
 * impossible; a program drains them, and what it was given, what it is told and
 * the consumer's position are the same.  The seed is printed;
 * `maps_user_ringbuf SEED` repeats it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "maps/ringbuf.h"
#include "twin.h"

#define SIZE 4096u
#define STEPS 600

/* As user space has it. */
struct ring {
	u64 *consumer;
	u64 *producer;
	u8 *data;
};

static struct ring rings[2];

static bool open_ring(struct ring *r, int fd)
{
	u8 *pages;

	r->consumer = mmap(NULL, RINGBUF_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	pages = mmap(NULL, RINGBUF_PAGE + SIZE, PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, RINGBUF_PAGE);
	if (r->consumer == MAP_FAILED || pages == MAP_FAILED)
		return false;
	r->producer = (u64 *)pages;
	r->data = pages + RINGBUF_PAGE;
	return true;
}

static void close_ring(struct ring *r)
{
	munmap(r->consumer, RINGBUF_PAGE);
	munmap(r->producer, RINGBUF_PAGE + SIZE);
}

static void put_word(struct ring *r, u64 pos, u32 word)
{
	memcpy(r->data + pos % SIZE, &word, sizeof(word));
}

static void put_header(struct ring *r, u64 pos, u32 head)
{
	__atomic_store_n((u32 *)(r->data + pos % SIZE), head, __ATOMIC_RELEASE);
}

static void set_producer(u64 pos)
{
	for (u32 i = 0; i < 2; i++)
		__atomic_store_n(rings[i].producer, pos, __ATOMIC_RELEASE);
}

/* A record, if it fits. */
static void add_record(struct twin *t)
{
	static const u32 flags[] = { 0,
				     0,
				     0,
				     0,
				     BPF_RINGBUF_DISCARD_BIT,
				     BPF_RINGBUF_BUSY_BIT,
				     BPF_RINGBUF_BUSY_BIT |
					     BPF_RINGBUF_DISCARD_BIT };
	u64 pos = *rings[0].producer;
	u32 len = twin_random(t, 8) ? twin_random(t, 40) : twin_random(t, 900);
	u32 head = len | flags[twin_random(t, ARRAY_LEN(flags))];
	u64 end = pos + round_up(len + 8ull, 8);

	if (end - *rings[0].consumer > SIZE)
		return;
	for (u64 at = pos + 8; at < end; at += 4) {
		u32 word = twin_random(t, 1u << 31);

		/* an odd one ends the walk */
		if (twin_random(t, 8))
			word &= ~1u;

		for (u32 i = 0; i < 2; i++)
			put_word(&rings[i], at, word);
	}
	for (u32 i = 0; i < 2; i++)
		put_header(&rings[i], pos, head);
	set_producer(end);
}

/* What was busy is finished. */
static void finish(void)
{
	u64 pos = *rings[0].consumer;

	while (pos < *rings[0].producer) {
		u32 head, len;

		memcpy(&head, rings[0].data + pos % SIZE, sizeof(head));
		head &= ~BPF_RINGBUF_BUSY_BIT;
		len = head & ~BPF_RINGBUF_DISCARD_BIT;
		for (u32 i = 0; i < 2; i++)
			put_header(&rings[i], pos, head);
		pos += round_up(len + 8ull, 8);
	}
}

/* What a hostile writer does; undone after the program has run. */
static void corrupt(struct twin *t, u64 pos)
{
	u32 len = twin_random(t, 2) ? 1u << 20 : 1u << 26;

	switch (twin_random(t, 4)) {
	case 0: set_producer(pos + 1 + twin_random(t, 7)); break;
	case 1: set_producer(0); break;
	case 2:
		for (u32 i = 0; i < 2; i++)
			put_header(&rings[i], pos, len);
		set_producer(pos + 8 + (twin_random(t, 2) ? len : 8));
		break;
	default:
		for (u32 i = 0; i < 2; i++)
			put_header(&rings[i], pos, 4000);
		set_producer(pos + 64);
	}
}

/* r0 and the sum on the stack are kept at 0 and 8; the callback's own sum and
 * count at 16 and 24. */
static void add_program(struct twin *t, int map, u64 flags, bool ctx)
{
	TWIN_ADD(t, ST(DW, R10, -16, 1), LD_MAP(R1, map), LD_FUNC(R2, 15));
	if (ctx)
		TWIN_ADD(t, ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -16));
	else
		TWIN_ADD(t, ALU64_K(MOV, R3, 0), JA(0));
	TWIN_ADD(t, LD64(R4, flags), CALL(BPF_FUNC_user_ringbuf_drain));
	twin_keep(t, R0, 0);
	TWIN_ADD(t, LDX(DW, R2, R10, -16));
	twin_keep(t, R2, 8);
	TWIN_ADD(t, ALU64_K(MOV, R0, 0), EXIT());
	/* the callback */
	TWIN_ADD(t, ALU64_X(MOV, R6, R2), ALU64_X(MOV, R3, R1),
		 ST(DW, R10, -8, 0), ALU64_X(MOV, R1, R10),
		 ALU64_K(ADD, R1, -8), ALU64_K(MOV, R2, 8), ALU64_K(MOV, R4, 0),
		 ALU64_K(MOV, R5, 0), CALL(BPF_FUNC_dynptr_read),
		 LDX(DW, R8, R10, -8), LD_VALUE(R1, 0, 16), LDX(DW, R2, R1, 0),
		 ALU64_K(MUL, R2, 31), ALU64_X(ADD, R2, R8),
		 ALU64_X(ADD, R2, R0), STX(DW, R1, 0, R2), LDX(DW, R2, R1, 8),
		 ALU64_K(ADD, R2, 1), STX(DW, R1, 8, R2));
	if (ctx)
		TWIN_ADD(t, LDX(DW, R2, R6, 0), ALU64_X(ADD, R2, R8),
			 STX(DW, R6, 0, R2));
	TWIN_ADD(t, ALU64_X(MOV, R0, R8), ALU64_K(AND, R0, 1), EXIT());
}

static u64 some_flags(struct twin *t)
{
	return twin_random(t, 8) ? twin_random(t, 4)
				 : 1ull << twin_random(t, 64);
}

static void step(struct twin *t, int map, u32 n)
{
	bool corrupted = twin_random(t, 8) == 0;
	u64 pos;

	for (u32 i = twin_random(t, 6); i > 0; i--)
		add_record(t);
	if (twin_random(t, 2))
		finish();
	pos = *rings[0].producer;
	if (corrupted && *rings[0].consumer == pos)
		corrupt(t, pos);
	add_program(t, map, some_flags(t), n & 1);
	if (!twin_run(t, BPF_PROG_TYPE_XDP,
		      n & 2 ? ENGINE_PLAIN : ENGINE_CHECKED))
		t->different++;
	set_producer(pos);
	twin_compare(t, "consumer", (s64)*rings[0].consumer,
		     (s64)*rings[1].consumer);
}

int main(int argc, char **argv)
{
	static struct twin t;
	const struct map_attr attr = { .type = BPF_MAP_TYPE_USER_RINGBUF,
				       .max_entries = SIZE,
				       .name = "user" };
	const char *why = kprog_unavailable();
	int map;

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	if (!twin_open(&t,
		       argc > 1 ? strtoull(argv[1], NULL, 0) : (u64)time(NULL)))
		return EXIT_FAILURE;
	map = twin_map(&t, &attr);
	if (map < 0 || !open_ring(&rings[0], t.fds[map]) ||
	    !open_ring(&rings[1], map_memory_fd(t.maps[map])))
		return EXIT_FAILURE;
	for (u32 n = 0; n < STEPS; n++)
		step(&t, map, n);
	printf("%llu compared, %llu different\n",
	       (unsigned long long)t.compared, (unsigned long long)t.different);
	for (u32 i = 0; i < 2; i++)
		close_ring(&rings[i]);
	twin_close(&t);
	return t.different ? EXIT_FAILURE : EXIT_SUCCESS;
}
