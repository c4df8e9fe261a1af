/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN cookies: what was given is taken, for two minutes and by nobody else. */
#include <arpa/inet.h>
#include <linux/ipv6.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "helper/syncookie.h"
#include "prog/run.h"

#define MINUTE 60000000000ull

static u64 now = 100 * MINUTE;

static u64 ktime_ns(struct world *w, int clock)
{
	(void)w;
	assert_int_equal(clock, CLOCK_MONOTONIC);
	return now;
}

static const struct world_ops ops = { .ktime_ns = ktime_ns };
static struct world world = { .ops = &ops };

/* Headers of a SYN, then of the ACK that brings the cookie. */
static void headers(u8 ip[40], struct tcphdr *tcp, u32 from)
{
	for (u32 i = 0; i < 40; i++)
		ip[i] = (u8)(i * 7 + from);
	memset(tcp, 0, sizeof(*tcp));
	tcp->source = htons((u16)(1000 + from));
	tcp->dest = htons(80);
	tcp->seq = htonl(0xfffffff0 + from);
	tcp->doff = 5;
}

static void bring(struct tcphdr *tcp, u64 cookie)
{
	tcp->seq = htonl(ntohl(tcp->seq) + 1);
	tcp->ack_seq = htonl((u32)cookie + 1);
}

static void what_was_given_is_taken(void **state)
{
	(void)state;
	for (u32 i = 0; i < 200; i++) {
		struct tcphdr tcp;
		u8 ip[40];

		headers(ip, &tcp, i);
		bring(&tcp, syncookie_make(&world, ip, i & 1, &tcp));
		assert_true(syncookie_good(&world, ip, i & 1, &tcp));
		assert_false(syncookie_good(&world, ip, !(i & 1), &tcp));
	}
}

static void it_is_good_for_two_minutes(void **state)
{
	struct tcphdr tcp;
	u8 ip[40];

	(void)state;
	headers(ip, &tcp, 3);
	bring(&tcp, syncookie_make(&world, ip, false, &tcp));
	now += MINUTE;
	assert_true(syncookie_good(&world, ip, false, &tcp));
	now += MINUTE;
	assert_false(syncookie_good(&world, ip, false, &tcp));
	now += 254 * MINUTE; /* the byte of the minute comes again */
	assert_false(syncookie_good(&world, ip, false, &tcp));
}

/* Of everything that the cookie is of, another bit is another cookie. */
static void it_is_of_one_connection(void **state)
{
	struct tcphdr tcp;
	u8 ip[40];
	u64 cookie;

	(void)state;
	headers(ip, &tcp, 9);
	cookie = syncookie_make(&world, ip, false, &tcp);
	bring(&tcp, cookie);
	for (u32 bit = 0; bit < 64; bit++) {
		ip[12 + bit / 8] ^= (u8)(1 << bit % 8); /* addresses */
		assert_false(syncookie_good(&world, ip, false, &tcp));
		ip[12 + bit / 8] ^= (u8)(1 << bit % 8);
	}
	for (u32 bit = 0; bit < 96; bit++) { /* ports, seq, ack */
		u8 *at = (u8 *)&tcp + bit / 8;

		*at ^= (u8)(1 << bit % 8);
		/* a size is any of four: two bits of the cookie are no proof */
		if (bit < 32)
			assert_false(syncookie_good(&world, ip, false, &tcp));
		*at ^= (u8)(1 << bit % 8);
	}
	assert_true(syncookie_good(&world, ip, false, &tcp));
}

static void guesses_fail(void **state)
{
	struct tcphdr tcp;
	u8 ip[40];
	u32 good = 0;

	(void)state;
	headers(ip, &tcp, 5);
	for (u32 i = 0; i < 100000; i++) {
		tcp.ack_seq = i * 2654435761u;
		good += syncookie_good(&world, ip, false, &tcp);
	}
	assert_true(good < 3); /* 8 of 2^32 are */
}

/* The reference's vectors: key 0 to 15, messages of 8 bytes times n. */
static void siphash_is_siphash(void **state)
{
	static const struct {
		u32 words;
		u64 hash;
	} rows[] = {
		{ 0, 0x726fdb47dd0e0e31 },
		{ 1, 0x93f5f5799a932462 },
		{ 2, 0x3f2acc7f57c29bdb },
	};
	u8 bytes[16];
	u64 key[2], words[2];

	(void)state;
	for (u32 i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)i;
	memcpy(key, bytes, sizeof(key));
	memcpy(words, bytes, sizeof(words));
	for (u32 i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(siphash(key, words, rows[i].words),
				 rows[i].hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_given_is_taken),
		cmocka_unit_test(it_is_good_for_two_minutes),
		cmocka_unit_test(it_is_of_one_connection),
		cmocka_unit_test(guesses_fail),
		cmocka_unit_test(siphash_is_siphash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
