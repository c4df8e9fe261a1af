/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf_timers.c - bpf_timers on Linux and through wbpf(): what every call says,
 * in any order; which callbacks run and which do not any more
 *
 * What has to happen is waited for; what must not is given time to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "asm.h"
#include "btf_make.h"
#include "wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))
#define NO_ENTRY 1000 /* what programs return then */
#define KEYS 4
#define MILLISECOND 1000000
#define FAR (1ull << 50)
#define PATIENCE 10000 /* milliseconds until what has to happen has failed */

#define TIMER_AT 8
#define SAID_AT 24

struct value {
	u64 fired;
	u64 timer[2];
	s64 said; /* what a callback was told */
};

struct timed {
	struct side *s;
	int btf;
	u32 func; /* type id of static int f(void) */
	int map;
};

static void pause_ms(u32 ms)
{
	const struct timespec ts = { 0, ms * MILLISECOND };

	nanosleep(&ts, NULL);
}

static void open_timed(struct timed *t, struct side *s, u32 type, u32 flags)
{
	static struct btf_make m;
	union bpf_attr load = { 0 },
		       attr = { .map_type = type,
				.key_size = 4,
				.value_size = sizeof(struct value),
				.max_entries = 64,
				.map_flags = flags };
	u32 word, wide, timer, proto;

	make_init(&m);
	word = make_int(&m, "int", 4, BTF_INT_SIGNED);
	wide = make_int(&m, "u64", 8, 0);
	timer = make_type(&m, "bpf_timer", BTF_KIND_STRUCT, 2, 16);
	make_member(&m, "a", wide, 0);
	make_member(&m, "b", wide, 64);
	attr.btf_value_type_id = make_type(&m, "value", BTF_KIND_STRUCT, 3,
					   sizeof(struct value));
	make_member(&m, "fired", wide, 0);
	make_member(&m, "timer", timer, TIMER_AT * 8);
	make_member(&m, "said", wide, SAID_AT * 8);
	attr.btf_key_type_id = word;
	proto = make_type(&m, NULL, BTF_KIND_FUNC_PROTO, 0, word);
	*t = (struct timed){ .s = s };
	t->func = make_type(&m, "f", BTF_KIND_FUNC, 0, proto);
	load.btf_size = make_end(&m);
	load.btf = PTR(m.out);
	t->btf = side_call(s, BPF_BTF_LOAD, &load);
	attr.btf_fd = (u32)t->btf;
	t->map = side_call(s, BPF_MAP_CREATE, &attr);
	say(s, "%d %d\n", t->btf < 0 ? t->btf : 0, t->map < 0 ? t->map : 0);
}

static void close_timed(struct timed *t)
{
	side_close(t->s, t->map);
	side_close(t->s, t->btf);
}

static int entry(const struct timed *t, int cmd, u32 key, void *value)
{
	union bpf_attr attr = { .map_fd = (u32)t->map,
				.key = PTR(&key),
				.value = PTR(value) };

	return side_call(t->s, cmd, &attr);
}

static struct value read_value(const struct timed *t, u32 key)
{
	struct value v = { .said = -1 };

	entry(t, BPF_MAP_LOOKUP_ELEM, key, &v);
	return v;
}

static void put(const struct timed *t, u32 key)
{
	struct value v = { 0 };

	say(t->s, "put %d\n", entry(t, BPF_MAP_UPDATE_ELEM, key, &v));
}

/* ---- programs ---- */

static int load(const struct timed *t, const struct bpf_insn *insns, u32 cnt,
		u32 callback)
{
	const struct bpf_func_info funcs[] = { { 0, t->func },
					       { callback, t->func } };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SCHED_CLS,
				.insns = PTR(insns),
				.insn_cnt = cnt,
				.license = PTR("GPL") };

	if (callback) {
		attr.prog_btf_fd = (u32)t->btf;
		attr.func_info_rec_size = sizeof(funcs[0]);
		attr.func_info = PTR(funcs);
		attr.func_info_cnt = 2;
	}
	return side_call(t->s, BPF_PROG_LOAD, &attr);
}

/* What it returned, or why it did not run. */
static int run(const struct timed *t, const struct bpf_insn *insns, u32 cnt,
	       u32 callback)
{
	static const u8 packet[64];
	int fd = load(t, insns, cnt, callback), res;
	union bpf_attr test = { .test = { .prog_fd = (u32)fd,
					  .data_in = PTR(packet),
					  .data_size_in = sizeof(packet) } };

	if (fd < 0)
		return fd - 10000;
	res = side_call(t->s, BPF_PROG_TEST_RUN, &test);
	side_close(t->s, fd);
	return res ? res - 20000 : (int)test.test.retval;
}

#define RUN(t, ...)                                            \
	run(t, (const struct bpf_insn[]){ __VA_ARGS__ },       \
	    sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
		    sizeof(struct bpf_insn),                   \
	    0)

/* r1 is the timer of the element, 11 instructions. */
#define TIMER_OF(t, key)                                                  \
	ST(W, R10, -4, (s32)(key)), ALU64_X(MOV, R2, R10),                \
		ALU64_K(ADD, R2, -4), LD_MAP(R1, (t)->map),               \
		CALL(BPF_FUNC_map_lookup_elem), JMP64_K(JNE, R0, 0, 2),   \
		ALU64_K(MOV, R0, NO_ENTRY), EXIT(), ALU64_X(MOV, R1, R0), \
		ALU64_K(ADD, R1, TIMER_AT)
#define TIMER_INSNS 11

/* Linux takes the memory from where there may be none just now. */
static int init_timer(const struct timed *t, u32 key, u64 flags)
{
	int res, tries = PATIENCE;

	do {
		res = RUN(t, TIMER_OF(t, key), LD_MAP(R2, t->map),
			  LD64(R3, flags), CALL(BPF_FUNC_timer_init), EXIT());
		if (res == -ENOMEM)
			pause_ms(1);
	} while (res == -ENOMEM && tries--);
	return res;
}

static int start_timer(const struct timed *t, u32 key, u64 nsecs, u64 flags)
{
	return RUN(t, TIMER_OF(t, key), LD64(R2, nsecs), LD64(R3, flags),
		   CALL(BPF_FUNC_timer_start), EXIT());
}

static int cancel_timer(const struct timed *t, u32 key)
{
	return RUN(t, TIMER_OF(t, key), CALL(BPF_FUNC_timer_cancel), EXIT());
}

/* Counts in r7, whose value is in r6. */
#define CALLBACK                                                       \
	ALU64_X(MOV, R6, R3), LDX(DW, R7, R6, 0), ALU64_K(ADD, R7, 1), \
		STX(DW, R6, 0, R7)
#define SET(...)                                                             \
	TIMER_OF(t, key), LD_FUNC(R2, 3), CALL(BPF_FUNC_timer_set_callback), \
		EXIT(), CALLBACK, __VA_ARGS__, ALU64_K(MOV, R0, 0), EXIT()
#define CALLBACK_INSN (TIMER_INSNS + 4)

enum callback { COUNTS, RESTARTS, CANCELS, DELETES, UPDATES, CALLBACKS };

static int set_callback(const struct timed *t, u32 key, enum callback what)
{
	const struct bpf_insn counts[] = { SET(ALU64_K(MOV, R1, 0)) };
	/* three times in all */
	const struct bpf_insn restarts[] = {
		SET(JMP64_K(JGE, R7, 3, 6), ALU64_X(MOV, R1, R6),
		    ALU64_K(ADD, R1, TIMER_AT), ALU64_K(MOV, R2, MILLISECOND),
		    ALU64_K(MOV, R3, 0), CALL(BPF_FUNC_timer_start),
		    STX(DW, R6, SAID_AT, R0))
	};
	const struct bpf_insn cancels[] = {
		SET(ALU64_X(MOV, R1, R6), ALU64_K(ADD, R1, TIMER_AT),
		    CALL(BPF_FUNC_timer_cancel), STX(DW, R6, SAID_AT, R0))
	};
	const struct bpf_insn deletes[] = { SET(
		CALL(BPF_FUNC_map_delete_elem)) };
	const struct bpf_insn updates[] = {
		SET(ST(DW, R10, -32, 77), ST(DW, R10, -24, 0),
		    ST(DW, R10, -16, 0), ST(DW, R10, -8, 5),
		    ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -32),
		    ALU64_K(MOV, R4, 0), CALL(BPF_FUNC_map_update_elem))
	};
	const struct {
		const struct bpf_insn *insns;
		size_t size;
	} of[CALLBACKS] = {
		[COUNTS] = { counts, sizeof(counts) },
		[RESTARTS] = { restarts, sizeof(restarts) },
		[CANCELS] = { cancels, sizeof(cancels) },
		[DELETES] = { deletes, sizeof(deletes) },
		[UPDATES] = { updates, sizeof(updates) },
	};

	return run(t, of[what].insns,
		   (u32)(of[what].size / sizeof(struct bpf_insn)),
		   CALLBACK_INSN);
}

static void prepare(const struct timed *t, u32 key, enum callback what,
		    u64 clock)
{
	put(t, key);
	say(t->s, "init %d\n", init_timer(t, key, clock));
	say(t->s, "callback %d\n", set_callback(t, key, what));
}

/* ---- any order ---- */

static const struct {
	u32 type;
	u32 flags;
} kinds[] = {
	{ BPF_MAP_TYPE_ARRAY, 0 },
	{ BPF_MAP_TYPE_HASH, 0 },
	{ BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_LRU_HASH, 0 },
};

static u32 some(u64 *seed, u32 below)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33) % below;
}

static u64 some_flags(u64 *seed)
{
	return some(seed, 6) ? 0 : 1ull << some(seed, 40);
}

static void step(const struct timed *t, u64 *seed)
{
	u32 key = some(seed, KEYS), what = some(seed, 8);
	struct value v = { .fired = some(seed, 1000) };
	u64 flags = some_flags(seed);

	say(t->s, "key %u: %u flags %llu: ", key, what,
	    (unsigned long long)flags);
	switch (what) {
	case 0:
		say(t->s, "%d\n", entry(t, BPF_MAP_DELETE_ELEM, key, NULL));
		break;
	case 1:
		say(t->s, "%d\n", entry(t, BPF_MAP_UPDATE_ELEM, key, &v));
		break;
	case 2:
	case 3: say(t->s, "%d\n", init_timer(t, key, flags ? flags : 1)); break;
	case 4: say(t->s, "%d\n", set_callback(t, key, COUNTS)); break;
	case 5: say(t->s, "%d\n", cancel_timer(t, key)); break;
	default: say(t->s, "%d\n", start_timer(t, key, FAR, flags & ~1ull));
	}
	v = read_value(t, key);
	say(t->s, "%llu %llu %llu\n", (unsigned long long)v.fired,
	    (unsigned long long)v.timer[0], (unsigned long long)v.timer[1]);
}

static void any_order(struct side *s)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		u64 seed = i + 1;
		struct timed t;

		open_timed(&t, s, kinds[i].type, kinds[i].flags);
		for (u32 n = 0; n < 300; n++)
			step(&t, &seed);
		close_timed(&t);
	}
}

static void clocks(struct side *s)
{
	struct timed t;

	open_timed(&t, s, BPF_MAP_TYPE_HASH, 0);
	for (u64 flags = 0; flags < 40; flags++) {
		put(&t, 0);
		say(s, "%d\n", init_timer(&t, 0, flags));
	}
	close_timed(&t);
}

/* ---- what runs ---- */

static void wait_for(const struct timed *t, u32 key, u64 fired)
{
	struct value v = read_value(t, key);
	u32 waited = 0;

	while (v.fired < fired && waited++ < PATIENCE) {
		pause_ms(1);
		v = read_value(t, key);
	}
	say(t->s, "fired %llu said %lld\n", (unsigned long long)v.fired,
	    (long long)v.said);
}

static void they_run(struct side *s)
{
	static const u64 clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME,
				      CLOCK_BOOTTIME };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct timed t;

		open_timed(&t, s, kinds[i].type, kinds[i].flags);
		for (u32 key = 0; key < 3; key++) {
			prepare(&t, key, key ? RESTARTS : COUNTS, clocks[key]);
			say(s, "start %d\n",
			    start_timer(&t, key, key * MILLISECOND,
					key == 1 ? 2 : 0));
			wait_for(&t, key, key ? 3 : 1);
		}
		/* the past, by its clock */
		say(s, "start %d\n", start_timer(&t, 1, MILLISECOND, 1));
		wait_for(&t, 1, 4);
		prepare(&t, 3, CANCELS, 1);
		say(s, "start %d\n", start_timer(&t, 3, 0, 0));
		wait_for(&t, 3, 1);
		close_timed(&t);
	}
}

static void they_change_their_map(struct side *s)
{
	for (size_t i = 1; i < ARRAY_LEN(kinds); i++) {
		u32 waited = 0;
		struct timed t;
		struct value v;

		open_timed(&t, s, kinds[i].type, kinds[i].flags);
		prepare(&t, 0, DELETES, 1);
		prepare(&t, 1, UPDATES, 1);
		say(s, "start %d %d\n", start_timer(&t, 0, 0, 0),
		    start_timer(&t, 1, 0, 0));
		wait_for(&t, 1, 77);
		while (!entry(&t, BPF_MAP_LOOKUP_ELEM, 0, &v) &&
		       waited++ < PATIENCE)
			pause_ms(1);
		say(s, "deleted %d\n", entry(&t, BPF_MAP_LOOKUP_ELEM, 0, &v));
		say(s, "cancel %d %d\n", cancel_timer(&t, 0),
		    cancel_timer(&t, 1));
		close_timed(&t);
	}
}

/* ---- what does not run any more ---- */

enum end { CANCELLED, DELETED, REPLACED, LATER, ENDS };

static int end_it(const struct timed *t, u32 key, enum end how)
{
	struct value v = { 0 };

	switch (how) {
	case CANCELLED: return cancel_timer(t, key);
	case DELETED: return entry(t, BPF_MAP_DELETE_ELEM, key, NULL);
	case REPLACED: return entry(t, BPF_MAP_UPDATE_ELEM, key, &v);
	default: return start_timer(t, key, FAR, 0);
	}
}

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / MILLISECOND;
}

/* Long before it is due. */
static void start_and_end(const struct timed *t, u32 key, enum end how)
{
	struct value v = { 0 };
	int res[4];
	u64 began;

	do {
		entry(t, BPF_MAP_UPDATE_ELEM, key, &v);
		res[0] = init_timer(t, key, 1);
		res[1] = set_callback(t, key, COUNTS);
		began = now_ms();
		res[2] = start_timer(t, key, 2000ull * MILLISECOND, 0);
		res[3] = end_it(t, key, how);
	} while (now_ms() - began > 1000);
	for (u32 i = 0; i < 4; i++)
		say(t->s, "%d ", res[i]);
	say(t->s, "\n");
}

static void they_do_not_run(struct side *s)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct timed t;

		open_timed(&t, s, kinds[i].type, kinds[i].flags);
		for (u32 key = 0; key < ENDS; key++)
			start_and_end(&t, key, key);
		prepare(&t, ENDS, COUNTS, 1);
		say(s, "start %d\n",
		    start_timer(&t, ENDS, 2100ull * MILLISECOND, 0));
		wait_for(&t, ENDS, 1);
		for (u32 key = 0; key < ENDS; key++) {
			struct value v = read_value(&t, key);

			say(s, "fired %llu said %lld cancel %d\n",
			    (unsigned long long)v.fired, (long long)v.said,
			    cancel_timer(&t, key));
		}
		close_timed(&t);
	}
}

/* The map's last handle goes: a program that still has it makes no timers, and
 * those that were there do not run. */
static void maps_without_users(struct side *s)
{
	static const u8 packet[64];
	struct timed t;
	int fd;

	open_timed(&t, s, BPF_MAP_TYPE_ARRAY, 0);
	for (u32 what = 0; what < 3; what++) {
		const struct bpf_insn insns[] = {
			TIMER_OF(&t, 0), LD_MAP(R2, t.map), ALU64_K(MOV, R3, 1),
			CALL(what ? BPF_FUNC_timer_cancel
				  : BPF_FUNC_timer_init),
			EXIT()
		};
		union bpf_attr test = { .test = { .data_in = PTR(packet),
						  .data_size_in =
							  sizeof(packet) } };
		int map = t.map;

		if (what == 2)
			prepare(&t, 0, COUNTS, 1);
		fd = load(&t, insns, ARRAY_LEN(insns), 0);
		side_close(s, map);
		test.test.prog_fd = (u32)fd;
		say(s, "%d ", side_call(s, BPF_PROG_TEST_RUN, &test));
		say(s, "%d\n", (int)test.test.retval);
		side_close(s, fd);
		side_close(s, t.btf);
		open_timed(&t, s, BPF_MAP_TYPE_ARRAY, 0);
	}
	close_timed(&t);
}

int main(void)
{
	static const struct wcase cases[] = {
		{ "any order", any_order },
		{ "clocks", clocks },
		{ "they run", they_run },
		{ "they change their map", they_change_their_map },
		{ "they do not run", they_do_not_run },
		{ "maps without users", maps_without_users },
	};

	return wbpf_compare(cases, ARRAY_LEN(cases));
}
