/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syncookie.c - SYN cookies: an answer to a SYN that needs no memory
 *
 * Laid out as Linux's: a number that only we know of the connection, the other
 * side's sequence number and, in the upper byte, the minute; beneath that in
 * secret which of four segment sizes was asked for.  A cookie is good for two
 * minutes.
 */
#include "helper/syncookie.h"

#include <arpa/inet.h>
#include <linux/ipv6.h>
#include <string.h>
#include <time.h>

#include "helper/secret.h"

#define MINUTE_NS 60000000000ull
#define MINUTES_MAX 2
#define DATA_BITS 24
#define DATA_MASK ((1u << DATA_BITS) - 1)
#define IPV4_MSS 536 /* of who does not say */
#define IPV6_MSS 1220
#define SIZES 4

static const u16 sizes4[SIZES] = { 536, 1300, 1440, 1460 };
static const u16 sizes6[SIZES] = { 1220, 1420, 1440, 8940 };

/* ---- SipHash-2-4 ---- */

static u64 rotate(u64 v, u32 by)
{
	return v << by | v >> (64 - by);
}

static void sip_rounds(u64 v[4], u32 n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

u64 siphash(const u64 key[2], const u64 *words, u32 cnt)
{
	u64 v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
		     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
	u64 last = (u64)(8 * cnt) << 56;

	for (u32 i = 0; i <= cnt; i++) {
		u64 word = i < cnt ? words[i] : last;

		v[3] ^= word;
		sip_rounds(v, 2);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- the cookie ---- */

/* Who talks to whom. */
struct ends {
	u8 from[16];
	u8 to[16];
	u16 ports[2];
	u32 minute;
};

_Static_assert(sizeof(struct ends) == 5 * sizeof(u64), "hashed as words");

struct connection {
	struct ends ends;
	const u16 *sizes;
};

static u32 hash(const struct connection *c, u32 minute, u32 which)
{
	struct ends ends = c->ends;
	u64 key[4], words[5];

	secret_key("syncookie", key);
	ends.minute = minute;
	memcpy(words, &ends, sizeof(words));
	return (u32)siphash(&key[2 * which], words, ARRAY_LEN(words));
}

static u32 minute_now(struct world *w)
{
	return (u32)(w->ops->ktime_ns(w, CLOCK_MONOTONIC) / MINUTE_NS);
}

static u32 make(struct world *w, const struct connection *c, u32 seq, u32 size)
{
	u32 minute = minute_now(w);

	return hash(c, 0, 0) + seq + (minute << DATA_BITS) +
	       ((hash(c, minute, 1) + size) & DATA_MASK);
}

/* Which size was asked for; SIZES or more: none of ours, or too old. */
static u32 open_cookie(struct world *w, const struct connection *c, u32 cookie,
		       u32 seq)
{
	u32 minute = minute_now(w), age;

	cookie -= hash(c, 0, 0) + seq;
	age = (minute - (cookie >> DATA_BITS)) & (UINT32_MAX >> DATA_BITS);
	if (age >= MINUTES_MAX)
		return SIZES;
	return (cookie - hash(c, minute - age, 1)) & DATA_MASK;
}

static void connect_ends(struct connection *c, const void *from,
			 const void *to, size_t address_size,
			 const struct tcphdr *tcp)
{
	memset(c, 0, sizeof(*c));
	memcpy(c->ends.from, from, address_size);
	memcpy(c->ends.to, to, address_size);
	c->ends.ports[0] = tcp->source;
	c->ends.ports[1] = tcp->dest;
}

static void connect4(struct connection *c, const struct iphdr *ip,
		     const struct tcphdr *tcp)
{
	connect_ends(c, &ip->saddr, &ip->daddr, sizeof(ip->saddr), tcp);
	c->sizes = sizes4;
}

static void connect6(struct connection *c, const struct ipv6hdr *ip,
		     const struct tcphdr *tcp)
{
	connect_ends(c, &ip->saddr, &ip->daddr, sizeof(ip->saddr), tcp);
	c->sizes = sizes6;
}

/* ---- the size that a SYN asks for ---- */

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2
#define MSS_BYTES 4

/* 0: it does not say. */
static u16 asked_size(const u8 *tcp)
{
	const u8 *at = tcp + sizeof(struct tcphdr);
	const u8 *end = tcp + (tcp[12] >> 4) * 4;
	u16 size = 0;

	while (at < end && *at != OPTION_END) {
		if (*at == OPTION_NOP) {
			at++;
			continue;
		}
		if (end - at < 2 || at[1] < 2 || at[1] > end - at)
			break;
		if (at[0] == OPTION_MSS && at[1] == MSS_BYTES &&
		    (at[2] || at[3]))
			size = (u16)(at[2] << 8 | at[3]);
		at += at[1];
	}
	return size;
}

static u64 answer(struct world *w, const struct connection *c,
		  const struct tcphdr *tcp, u16 size)
{
	u32 i = SIZES - 1;

	while (i && size < c->sizes[i])
		i--;
	return make(w, c, ntohl(tcp->seq), i) | (u64)c->sizes[i] << 32;
}

u64 syncookie_make(struct world *w, const void *ip, bool ipv6, const void *tcp)
{
	struct connection c;
	struct ipv6hdr ip6;
	struct iphdr ip4;
	struct tcphdr t;
	u16 size = asked_size(tcp);

	memcpy(&t, tcp, sizeof(t));
	if (ipv6) {
		memcpy(&ip6, ip, sizeof(ip6));
		connect6(&c, &ip6, &t);
		return answer(w, &c, &t, size ? size : IPV6_MSS);
	}
	memcpy(&ip4, ip, sizeof(ip4));
	connect4(&c, &ip4, &t);
	return answer(w, &c, &t, size ? size : IPV4_MSS);
}

bool syncookie_good(struct world *w, const void *ip, bool ipv6, const void *tcp)
{
	struct connection c;
	struct ipv6hdr ip6;
	struct iphdr ip4;
	struct tcphdr t;

	memcpy(&t, tcp, sizeof(t));
	if (ipv6) {
		memcpy(&ip6, ip, sizeof(ip6));
		connect6(&c, &ip6, &t);
	} else {
		memcpy(&ip4, ip, sizeof(ip4));
		connect4(&c, &ip4, &t);
	}
	return open_cookie(w, &c, ntohl(t.ack_seq) - 1, ntohl(t.seq) - 1) <
	       SIZES;
}
