/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lcore/capture.h"
#include "mem/mem.h"

#define SLOTS 2
#define FRAMES 30000
#define FRAME_ROOM 4096
#define RING_BYTES (1u << 20)

static struct mem *mem;

static int setup(void **state)
{
	const struct mem_config config = { .slots = SLOTS };

	(void)state;
	return mem_create(&config, &mem);
}

static int teardown(void **state)
{
	(void)state;
	mem_destroy(mem);
	return 0;
}

static struct capture *new_capture(void)
{
	struct capture *c;

	assert_int_equal(capture_create(mem_rcu(mem), SLOTS, &world_host, NULL,
					&c),
			 0);
	return c;
}

/* Of every length, by its number, which it holds. */
static u32 length_of(u32 number)
{
	return 4 + number * 2654435761u % (FRAME_ROOM - 4);
}

static void send_frame(struct capture *c, u32 slot, u32 number)
{
	u8 bytes[FRAME_ROOM];
	struct pkt p = { .data = bytes, .data_end = bytes + length_of(number) };
	struct pkt *one = &p;

	memset(bytes, (int)(number & 0xff), sizeof(bytes));
	memcpy(bytes, &number, sizeof(number));
	capture_burst(c, slot, NULL, &one, 1, number & 1);
}

struct seen {
	u32 next[SLOTS]; /* the smallest number that may come */
	u64 packets;
	u64 bytes;
	u64 max; /* packets to take */
	u32 bad;
};

static bool see(void *arg, const struct captured *packet)
{
	struct seen *s = arg;
	u32 number;

	memcpy(&number, packet->bytes, sizeof(number));
	s->bad += packet->slot >= SLOTS || number < s->next[packet->slot] ||
		  packet->len != length_of(number) ||
		  packet->wire_len != packet->len ||
		  packet->sent != (number & 1) ||
		  (packet->len > 4 && packet->bytes[packet->len - 1] !=
					      (u8)(number & 0xff));
	s->next[packet->slot] = number + 1;
	s->bytes += packet->len;
	return ++s->packets != s->max;
}

static void packets_come_whole_and_in_order(void **state)
{
	struct capture *c = new_capture();
	struct seen s = { 0 };

	(void)state;
	for (u32 i = 0; i < 100; i++)
		send_frame(c, i % SLOTS, i / SLOTS);
	capture_read(c, see, &s);
	assert_int_equal(s.packets, 100);
	assert_int_equal(s.bad, 0);
	assert_int_equal(capture_lost(c), 0);
	capture_put(c);
}

static void what_finds_no_room_is_counted_once(void **state)
{
	struct capture *c = new_capture();
	struct seen s = { 0 };
	u64 lost;

	(void)state;
	for (u32 round = 0; round < 5; round++) {
		u64 before = s.packets;

		for (u32 i = 0; i < 2000; i++)
			send_frame(c, 0, round * 2000 + i);
		lost = capture_lost(c);
		assert_int_equal(capture_lost(c), 0);
		capture_read(c, see, &s);
		assert_true(lost > 0);
		assert_int_equal(s.packets - before + lost, 2000);
	}
	/* little of the room is not used */
	assert_true(s.bytes / 5 > RING_BYTES / 10 * 9);
	assert_int_equal(s.bad, 0);
	capture_put(c);
}

static void a_reader_may_have_enough(void **state)
{
	struct capture *c = new_capture();
	struct seen s = { .max = 3 };

	(void)state;
	for (u32 i = 0; i < 10; i++)
		send_frame(c, 0, i);
	capture_read(c, see, &s);
	assert_int_equal(s.packets, 3);
	s.max = 0;
	capture_read(c, see, &s);
	assert_int_equal(s.packets, 10);
	assert_int_equal(s.bad, 0);
	capture_put(c);
}

/* The reader is just ahead, wherever in the ring that is. */
static void a_full_ring_overwrites_nothing(void **state)
{
	struct capture *c = new_capture();
	struct seen s = { 0 };
	u64 lost = 0, sent = 0;

	(void)state;
	for (u32 round = 0; round < 5000; round++) {
		u64 now = 0;

		while (!now) {
			send_frame(c, 0, (u32)sent++);
			now = capture_lost(c);
		}
		lost += now;
		s.max = s.packets + 1;
		capture_read(c, see, &s);
	}
	s.max = 0;
	capture_read(c, see, &s);
	assert_int_equal(s.packets + lost, sent);
	assert_int_equal(s.bad, 0);
	capture_put(c);
}

static void *send_all(void *arg)
{
	for (u32 i = 0; i < FRAMES; i++)
		send_frame(arg, 1, i);
	return NULL;
}

static void a_reader_beside_the_lcore(void **state)
{
	struct capture *c = new_capture();
	struct seen s = { 0 };
	pthread_t lcore;
	u64 lost = 0;

	(void)state;
	assert_int_equal(pthread_create(&lcore, NULL, send_all, c), 0);
	while (s.packets + lost < FRAMES) {
		capture_read(c, see, &s);
		lost += capture_lost(c);
	}
	pthread_join(lcore, NULL);
	assert_int_equal(s.packets + lost, FRAMES);
	assert_int_equal(s.bad, 0);
	assert_true(s.packets > RING_BYTES / FRAME_ROOM);
	capture_put(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_whole_and_in_order),
		cmocka_unit_test(what_finds_no_room_is_counted_once),
		cmocka_unit_test(a_reader_may_have_enough),
		cmocka_unit_test(a_full_ring_overwrites_nothing),
		cmocka_unit_test(a_reader_beside_the_lcore),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
