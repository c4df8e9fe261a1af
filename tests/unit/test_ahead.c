/* SPDX-License-Identifier: BSD-3-Clause */
/* Looking ahead over a burst: it is not to be seen but in the time it takes. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/elf_obj.h"
#include "hook/hook.h"
#include "jit/jit.h"
#include "prog/environ.h"
#include "sys_rig.h"

#define SLOT 1
#define FLOWS 500
#define TABLE 200000 /* entries of the array */

/* As in ahead.bpf.c. */
struct value {
	u64 packets;
	u32 next;
	u32 seen;
};

struct frame {
	u32 key;
	u32 times;
	u64 count;
	u8 rest[48];
};

/* What packets are in: pages of their own. */
struct packets {
	struct pkt pkts[PROG_BURST];
	u8 buffers[PROG_BURST][ENVIRON_BUFFER];
};

struct rig {
	struct elf_obj *obj;
	struct sys_obj *so;
	struct packets *packets;
	struct pkt *pkts[PROG_BURST];
	struct run run;
	u32 seed;
};

static u32 some(struct rig *rig, u32 below)
{
	rig->seed = rig->seed * 1664525 + 1013904223;
	return (rig->seed >> 8) % below;
}

static struct map *map_of(const struct rig *rig, const char *name)
{
	for (u32 i = 0; i < rig->obj->map_cnt; i++)
		if (strcmp(rig->obj->maps[i].name, name) == 0)
			return rig->so->maps[i];
	fail_msg("no map %s", name);
	return NULL;
}

static struct prog *prog_of(const struct rig *rig, const char *name)
{
	for (u32 i = 0; i < rig->obj->prog_cnt; i++)
		if (strcmp(rig->obj->progs[i].name, name) == 0)
			return rig->so->progs[i];
	fail_msg("no program %s", name);
	return NULL;
}

/* What a key of flows, or of table, leads to. */
static u32 next_of(u32 key)
{
	return (key * 7919 + 13) % TABLE;
}

static void fill(struct rig *rig, const char *name, u32 cnt)
{
	struct map *map = map_of(rig, name);

	for (u32 key = 0; key < cnt; key++) {
		const struct value v = { .next = next_of(key) };

		assert_int_equal(sys_map_write(sys, map, &key, &v, BPF_ANY), 0);
	}
}

static void rig_open(struct rig *rig)
{
	const struct jit_opts opts = { .level = JIT_O2 };
	struct err err = { 0 };

	*rig = (struct rig){ .run = { .world = &world_host, .slot = SLOT } };
	if (elf_open(ELF_OBJECTS "/ahead.o", NULL, &err, &rig->obj) ||
	    sys_load(sys, rig->obj, NULL, &err, &rig->so))
		fail_msg("%s: %s", err.place, err.reason);
	for (u32 i = 0; i < rig->obj->prog_cnt; i++)
		if (jit_prepare(rig->so->progs[i], &opts, &err))
			fail_msg("%s", err.reason);
	fill(rig, "flows", FLOWS);
	fill(rig, "recent", FLOWS);
	fill(rig, "table", TABLE);
	rig->packets = mmap(NULL, sizeof(*rig->packets), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(rig->packets != MAP_FAILED);
	assert_int_equal(rcu_online(mem_rcu(mem), SLOT), 0);
}

static void rig_close(struct rig *rig)
{
	rcu_offline(mem_rcu(mem), SLOT);
	munmap(rig->packets, sizeof(*rig->packets));
	sys_obj_put(rig->so);
	elf_close(rig->obj);
	assert_empty();
}

/* Some flows more than once, some that are not there. */
static void lay(struct rig *rig)
{
	for (u32 i = 0; i < PROG_BURST; i++) {
		const struct frame frame = { .key = some(rig, FLOWS * 5 / 4),
					     .times = some(rig, 16) };

		rig->pkts[i] = &rig->packets->pkts[i];
		assert_int_equal(environ_lay(BPF_PROG_TYPE_XDP, rig->pkts[i],
					     rig->packets->buffers[i], &frame,
					     sizeof(frame), NULL),
				 0);
	}
}

static void look(struct rig *rig, const struct prog *prog)
{
	assert_non_null(prog->look_ahead);
	prog->look_ahead(prog, &rig->run, rig->pkts, PROG_BURST);
}

/* The arenas that maps are in. */
static u32 protect_arenas(int prot)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[512];
	u32 cnt = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, "memfd:") ||
		    sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		assert_int_equal(mprotect((void *)from, to - from, prot), 0);
		cnt++;
	}
	fclose(f);
	return cnt;
}

/* Whoever writes to a map or a packet while it looks ahead ends here. */
static void looking_ahead_writes_nothing(void **state)
{
	static const char *const names[] = { "one_lookup", "many_lookups" };
	struct rig rig;

	(void)state;
	rig_open(&rig);
	for (u32 i = 0; i < 20; i++) {
		const struct prog *prog =
			prog_of(&rig, names[i % ARRAY_LEN(names)]);

		lay(&rig);
		assert_true(protect_arenas(PROT_READ) > 0);
		mprotect(rig.packets, sizeof(*rig.packets), PROT_READ);
		look(&rig, prog);
		mprotect(rig.packets, sizeof(*rig.packets),
			 PROT_READ | PROT_WRITE);
		protect_arenas(PROT_READ | PROT_WRITE);
	}
	rig_close(&rig);
}

/* Behind the packets, too short for what the programs read, is no memory. */
static void short_packets_are_not_read_beyond_their_end(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct rig rig;
	u8 *pages;

	(void)state;
	rig_open(&rig);
	lay(&rig);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(pages != MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	for (u32 i = 0; i < PROG_BURST; i++) {
		rig.pkts[i]->data_end = pages + page;
		rig.pkts[i]->data = pages + page - 3; /* of a key's 4 */
	}
	look(&rig, prog_of(&rig, "one_lookup"));
	look(&rig, prog_of(&rig, "many_lookups"));
	munmap(pages, 2 * page);
	rig_close(&rig);
}

/* A flow's packets in one burst count on: each meets what those before it
 * wrote, whatever was guessed. */
static void each_packet_sees_what_those_before_it_wrote(void **state)
{
	static u64 packets[FLOWS * 5 / 4];
	s32 codes[PROG_BURST];
	struct prog *prog;
	struct rig rig;

	(void)state;
	memset(packets, 0, sizeof(packets));
	rig_open(&rig);
	prog = prog_of(&rig, "one_lookup");
	for (u32 n = 0; n < 100; n++) {
		lay(&rig);
		look(&rig, prog);
		assert_int_equal(prog->run_burst(prog, &rig.run, rig.pkts,
						 PROG_BURST, codes),
				 PROG_BURST);
		for (u32 i = 0; i < PROG_BURST; i++) {
			const struct frame *f = (void *)rig.pkts[i]->data;
			bool is_new = f->key >= FLOWS && !packets[f->key];

			assert_int_equal(codes[i],
					 is_new ? XDP_PASS : XDP_DROP);
			assert_int_equal(f->count, ++packets[f->key]);
		}
		rcu_quiescent(mem_rcu(mem), SLOT);
	}
	rig_close(&rig);
}

/* Of several programs' bursts, with and without, packets and maps are alike. */
static void nothing_else_comes_of_it(void **state)
{
	static struct frame without[PROG_BURST];
	s32 codes[2][PROG_BURST];
	struct map *table;
	struct prog *prog;
	struct rig rig;
	u64 sum[2] = { 0 };

	(void)state;
	rig_open(&rig);
	prog = prog_of(&rig, "many_lookups");
	table = map_of(&rig, "table");
	for (u32 n = 0; n < 2; n++) {
		rig.seed = 7;
		lay(&rig);
		if (n)
			look(&rig, prog);
		assert_int_equal(prog->run_burst(prog, &rig.run, rig.pkts,
						 PROG_BURST, codes[n]),
				 PROG_BURST);
		for (u32 key = 0; key < TABLE; key++)
			sum[n] +=
				key *
				((const struct value *)table->ops->lookup(table,
									  &key))
					->packets;
		for (u32 i = 0; i < PROG_BURST; i++)
			if (n)
				assert_memory_equal(&without[i],
						    rig.pkts[i]->data,
						    sizeof(without[i]));
			else
				memcpy(&without[i], rig.pkts[i]->data,
				       sizeof(without[i]));
	}
	assert_memory_equal(codes[0], codes[1], sizeof(codes[0]));
	assert_true(sum[0]);
	assert_int_equal(sum[1], 2 * sum[0]);
	rig_close(&rig);
}

static void who_does_not_gain_does_not_look(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_non_null(prog_of(&rig, "one_lookup")->look_ahead);
	/* its map fits a cache */
	assert_null(prog_of(&rig, "small_map")->look_ahead);
	/* a store could reach what a key is read from */
	assert_null(prog_of(&rig, "lost_frame")->look_ahead);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(looking_ahead_writes_nothing),
		TEST(short_packets_are_not_read_beyond_their_end),
		TEST(each_packet_sees_what_those_before_it_wrote),
		TEST(nothing_else_comes_of_it),
		TEST(who_does_not_gain_does_not_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
