/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/slot.h"
#include "mem/mem.h"
#include "mem/pool.h"
#include "mem/rcu.h"

#define MB (1ull << 20)

static struct mem *new_mem(u64 budget, u32 slots, bool huge)
{
	const struct mem_config config = { .budget = budget,
					   .slots = slots,
					   .huge = huge };
	struct mem *mem;

	assert_int_equal(mem_create(&config, &mem), 0);
	return mem;
}

static void slots_are_1_to_128(void **state)
{
	struct mem_config config = { .budget = MB };
	struct mem *mem;

	(void)state;
	assert_int_equal(mem_create(&config, &mem), -EINVAL);
	config.slots = SLOT_MAX + 1;
	assert_int_equal(mem_create(&config, &mem), -EINVAL);
	config.slots = SLOT_MAX;
	assert_int_equal(mem_create(&config, &mem), 0);
	assert_int_equal(mem_slots(mem), SLOT_MAX);
	mem_destroy(mem);
}

static void arenas_are_charged_by_the_page(void **state)
{
	struct mem *mem = new_mem(MB, 1, false);
	struct arena a, b, c;

	(void)state;
	assert_int_equal(arena_create(mem, "a", 1, ARENA_FULL, &a), 0);
	assert_int_equal(mem_used(mem), 4096);
	assert_int_equal(arena_create(mem, "b", MB, ARENA_FULL, &b), -ENOMEM);
	assert_int_equal(mem_used(mem), 4096);
	assert_int_equal(arena_create(mem, "c", MB - 4096, ARENA_SHARED, &c),
			 0);
	assert_int_equal(mem_used(mem), MB);
	arena_destroy(&a);
	arena_destroy(&b);
	arena_destroy(&c);
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
}

static void sizes_beyond_the_machine_fail_untouched(void **state)
{
	struct mem *mem = new_mem(UINT64_MAX, 1, false);
	struct arena a;

	(void)state;
	assert_int_equal(arena_create(mem, "a", 1ull << 60, ARENA_FULL, &a),
			 -E2BIG);
	assert_int_equal(arena_create(mem, "a", 1ull << 45, ARENA_FULL, &a),
			 -ENOMEM);
	assert_int_equal(arena_create(mem, "a", 1ull << 45, ARENA_SHARED, &a),
			 -ENOMEM);
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
}

static void sparse_memory_is_charged_as_it_comes_into_use(void **state)
{
	struct mem *mem = new_mem(MB, 1, false);
	struct arena a;

	(void)state;
	assert_int_equal(arena_create(mem, "a", 64 * MB, ARENA_SPARSE, &a), 0);
	assert_int_equal(mem_used(mem), 0);
	assert_int_equal(arena_charge(&a, MB / 2), 0);
	assert_int_equal(arena_charge(&a, MB), -ENOMEM);
	assert_int_equal(mem_used(mem), MB / 2);
	assert_int_equal(a.base[63 * MB], 0);
	arena_destroy(&a);
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
}

static void a_second_mapping_of_the_fd_shows_the_same(void **state)
{
	struct mem *mem = new_mem(MB, 1, true);
	struct arena a;
	u8 *other;

	(void)state;
	assert_int_equal(arena_create(mem, "a", 8192, ARENA_SHARED, &a), 0);
	assert_false(a.huge);
	other = mmap(NULL, 8192, PROT_READ, MAP_SHARED, a.fd, 0);
	assert_ptr_not_equal(other, MAP_FAILED);
	a.base[4097] = 7;
	assert_int_equal(other[4097], 7);
	munmap(other, 8192);
	arena_destroy(&a);
	mem_destroy(mem);
}

static u64 free_huge_pages(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/"
			"free_hugepages",
			"r");
	unsigned long long n = 0;

	if (f) {
		if (fscanf(f, "%llu", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n;
}

/* Count the lines of what fn writes to standard error. */
static int stderr_lines(void (*fn)(struct mem *), struct mem *mem)
{
	FILE *to = tmpfile();
	int saved = dup(STDERR_FILENO), lines = 0, c;

	fflush(stderr);
	dup2(fileno(to), STDERR_FILENO);
	fn(mem);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(to);
	while ((c = fgetc(to)) != EOF)
		lines += c == '\n';
	fclose(to);
	return lines;
}

static void make_more_than_there_is(struct mem *mem)
{
	u64 size = (free_huge_pages() + 1) * 2 * MB;
	struct arena a, b;

	assert_int_equal(arena_create(mem, "a", size, ARENA_FULL, &a), 0);
	assert_false(a.huge);
	a.base[size - 1] = 1;
	assert_int_equal(arena_create(mem, "b", size, ARENA_FULL, &b), 0);
	arena_destroy(&a);
	arena_destroy(&b);
}

static void too_few_huge_pages_is_one_warning(void **state)
{
	struct mem *mem = new_mem(UINT64_MAX, 1, true);

	(void)state;
	assert_int_equal(stderr_lines(make_more_than_there_is, mem), 1);
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
}

/* The number of huge pages the machine has; -1: unknown. */
static long nr_huge_pages(void)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "r");
	long n = -1;

	if (f) {
		if (fscanf(f, "%ld", &n) != 1)
			n = -1;
		fclose(f);
	}
	return n;
}

static void set_huge_pages(long n)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");

	if (f) {
		fprintf(f, "%ld", n);
		fclose(f);
	}
}

static void huge_pages_are_used_when_free(void **state)
{
	long before = nr_huge_pages();
	struct mem *mem;
	struct arena a;

	(void)state;
	if (before >= 0)
		set_huge_pages(before + 2);
	if (free_huge_pages() < 2) {
		print_message("two free huge pages are needed\n");
		set_huge_pages(before);
		skip();
	}
	mem = new_mem(UINT64_MAX, 1, true);
	assert_int_equal(arena_create(mem, "a", 3 * MB, ARENA_FULL, &a), 0);
	assert_true(a.huge);
	assert_int_equal(mem_used(mem), 4 * MB);
	a.base[4 * MB - 1] = 1;
	arena_destroy(&a);
	mem_destroy(mem);
	set_huge_pages(before);
}

/* Of parts that have grown: a small one takes none. */
static void sparse_parts_go_on_with_huge_pages(void **state)
{
	long before = nr_huge_pages();
	struct arena_part part = { .from = MB, .end = 60 * MB, .paid = MB };
	struct mem *mem;
	struct arena a;

	(void)state;
	if (before >= 0)
		set_huge_pages(before + 2);
	if (free_huge_pages() < 2) {
		print_message("two free huge pages are needed\n");
		set_huge_pages(before);
		skip();
	}
	mem = new_mem(64 * MB, 1, true);
	assert_int_equal(arena_create(mem, "a", 64 * MB, ARENA_SPARSE, &a), 0);
	assert_int_equal(arena_use(&a, &part, 4 * MB), 0);
	assert_int_equal(mem_used(mem), 3 * MB);
	assert_int_equal(part.paid, 4 * MB);
	memset(a.base + MB, 1, 3 * MB);
	assert_int_equal(arena_use(&a, &part, 4 * MB + 1), 0);
	/* 5 MB: somebody else has taken the page meanwhile. */
	assert_true(part.paid == 6 * MB ||
		    (part.paid == 5 * MB && free_huge_pages() == 0));
	/* Whether or not there are as many, all of it can be used. */
	assert_int_equal(arena_use(&a, &part, 59 * MB), 0);
	for (u64 at = MB; at < 4 * MB; at += 4096)
		assert_int_equal(a.base[at], 1);
	for (u64 at = 4 * MB; at < 59 * MB; at += 4096)
		assert_int_equal(a.base[at]++, 0);
	assert_int_equal(arena_use(&a, &part, 60 * MB), 0);
	assert_int_equal(part.paid, 60 * MB);
	assert_int_equal(mem_used(mem), 59 * MB);
	arena_destroy(&a);
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
	set_huge_pages(before);
}

struct racer {
	struct mem *mem;
	u32 got;
	bool exceeded;
};

static void *charge_pages(void *arg)
{
	struct racer *r = arg;
	struct arena a;

	while (r->got < 100) {
		if (arena_create(r->mem, "r", 4096, ARENA_FULL, &a) != 0) {
			sched_yield();
			continue;
		}
		r->got++;
		r->exceeded |= mem_used(r->mem) > mem_budget(r->mem);
		arena_destroy(&a);
	}
	return NULL;
}

static void racing_charges_add_up(void **state)
{
	struct racer racers[4];
	pthread_t threads[4];
	struct mem *mem = new_mem(8192, 1, false);

	(void)state;
	for (int i = 0; i < 4; i++) {
		racers[i] = (struct racer){ .mem = mem };
		pthread_create(&threads[i], NULL, charge_pages, &racers[i]);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_false(racers[i].exceeded);
	}
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
}

/* ---- grace periods ---- */

struct note {
	struct rcu_head head;
	char *text;
	char c;
};

static void write_note(struct rcu_head *head)
{
	struct note *n = container_of(head, struct note, head);

	n->text[strlen(n->text)] = n->c;
}

static void deferred_calls_wait_for_every_reader(void **state)
{
	struct mem *mem = new_mem(MB, 2, false);
	struct rcu *rcu = mem_rcu(mem);
	char text[8] = "";
	struct note a = { .text = text, .c = 'a' };
	struct note b = { .text = text, .c = 'b' };

	(void)state;
	assert_int_equal(rcu_online(rcu, 2), -EINVAL);
	assert_int_equal(rcu_online(rcu, 1), 0);
	assert_int_equal(lcore_slot, 1);
	rcu_defer(rcu, &a.head, write_note);
	rcu_defer(rcu, &b.head, write_note);
	assert_int_equal(rcu_reclaim(rcu), 0);
	rcu_quiescent(rcu, 1);
	assert_int_equal(rcu_reclaim(rcu), 2);
	assert_string_equal(text, "ab");
	rcu_defer(rcu, &a.head, write_note);
	rcu_offline(rcu, 1);
	assert_int_equal(lcore_slot, SLOT_NONE);
	rcu_barrier(rcu);
	assert_string_equal(text, "aba");
	mem_destroy(mem);
}

static void the_guest_is_a_reader(void **state)
{
	struct mem *mem = new_mem(MB, 1, false);
	struct rcu *rcu = mem_rcu(mem);
	char text[8] = "";
	struct note a = { .text = text, .c = 'a' };

	(void)state;
	rcu_guest_enter(rcu);
	assert_int_equal(lcore_slot, SLOT_NONE);
	rcu_defer(rcu, &a.head, write_note);
	assert_int_equal(rcu_reclaim(rcu), 0);
	rcu_guest_quiescent(rcu);
	assert_int_equal(rcu_reclaim(rcu), 1);
	rcu_defer(rcu, &a.head, write_note);
	assert_int_equal(rcu_reclaim(rcu), 0);
	rcu_guest_leave(rcu);
	rcu_barrier(rcu);
	assert_string_equal(text, "aa");
	mem_destroy(mem);
}

struct relay {
	struct rcu_head head;
	struct rcu *rcu;
	u32 left;
};

static void pass_on(struct rcu_head *head)
{
	struct relay *r = container_of(head, struct relay, head);

	if (r->left-- > 1)
		rcu_defer(r->rcu, &r->head, pass_on);
}

static void nothing_deferred_is_left_behind(void **state)
{
	struct mem *mem = new_mem(MB, 1, false);
	struct relay r = { .rcu = mem_rcu(mem), .left = 4 };

	(void)state;
	rcu_defer(r.rcu, &r.head, pass_on);
	mem_destroy(mem);
	assert_int_equal(r.left, 0);
}

static void a_stamp_passes_only_when_started_and_seen(void **state)
{
	struct mem *mem = new_mem(MB, 2, false);
	struct rcu *rcu = mem_rcu(mem);
	u64 stamp;

	(void)state;
	assert_int_equal(rcu_online(rcu, 0), 0);
	stamp = rcu_stamp(rcu);
	rcu_quiescent(rcu, 0); /* before anybody started it: says nothing */
	assert_false(rcu_passed(rcu, stamp));
	assert_false(rcu_poll(rcu, stamp));
	assert_false(rcu_known(rcu, stamp));
	rcu_quiescent(rcu, 0);
	assert_true(rcu_poll(rcu, stamp));
	assert_true(rcu_known(rcu, stamp));
	assert_false(rcu_known(rcu, rcu_stamp(rcu)));
	rcu_offline(rcu, 0);
	assert_true(rcu_poll(rcu, rcu_stamp(rcu)));
	mem_destroy(mem);
}

/* ---- pools ---- */

struct bed {
	struct mem *mem;
	struct arena arena;
	struct pool *pool;
};

static void make_bed(struct bed *b, u32 entries, u32 slots, bool sparse)
{
	struct pool_config config = { .size = 24,
				      .elem_bytes = 28,
				      .entries = entries,
				      .sparse = sparse };

	b->mem = new_mem(8 * MB, slots, false);
	assert_int_equal(
		arena_create(b->mem, "pool",
			     28 * (pool_capacity(entries, slots, 28) + 1),
			     sparse ? ARENA_SPARSE : ARENA_FULL, &b->arena),
		0);
	config.mem = b->mem;
	config.arena = &b->arena;
	config.links = 24 * pool_capacity(entries, slots, 28);
	b->pool = aligned_alloc(CACHE_LINE,
				round_up(sizeof(*b->pool), CACHE_LINE));
	assert_int_equal(pool_init(b->pool, &config), 0);
}

static void free_bed(struct bed *b)
{
	pool_fini(b->pool);
	free(b->pool);
	arena_destroy(&b->arena);
	mem_destroy(b->mem);
}

static void check_adds_up(struct bed *b, u32 used)
{
	u8 *seen = calloc(1, b->pool->capacity + 1ull);
	u32 unused;

	assert_non_null(seen);
	assert_int_equal(pool_check(b->pool, seen, &unused), 0);
	free(seen);
	assert_int_equal(unused + used, b->pool->capacity);
	assert_int_equal(pool_used(b->pool), used);
}

static void a_pool_gives_out_its_entries_exactly(void **state)
{
	static const u32 sizes[] = { 1, 2, 63, 64, 65, 1000 };

	(void)state;
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		for (u32 slots = 1; slots <= 9; slots += 4) {
			struct bed b;
			u32 taken[1000], extra;

			make_bed(&b, sizes[s], slots, s & 1);
			for (u32 i = 0; i < sizes[s]; i++)
				assert_int_equal(pool_take(b.pool, &taken[i]),
						 0);
			assert_int_equal(pool_take(b.pool, &extra), -E2BIG);
			check_adds_up(&b, sizes[s]);
			for (u32 i = 0; i < sizes[s]; i++)
				pool_retire(b.pool, pool_own_list(b.pool),
					    taken[i]);
			check_adds_up(&b, 0);
			free_bed(&b);
		}
	}
}

/* What lies unused in one slot's list serves the others. */
static void free_elements_go_where_they_are_needed(void **state)
{
	u32 taken[500];
	struct bed b;

	(void)state;
	make_bed(&b, 500, 4, false);
	for (u32 round = 0; round < 8; round++) {
		lcore_slot = round % 4;
		for (u32 i = 0; i < 500; i++)
			assert_int_equal(pool_take(b.pool, &taken[i]), 0);
		lcore_slot = (round + 1) % 4;
		for (u32 i = 0; i < 500; i++)
			pool_retire(b.pool, pool_own_list(b.pool), taken[i]);
		check_adds_up(&b, 0);
	}
	lcore_slot = SLOT_NONE;
	free_bed(&b);
}

static void retired_elements_rest_for_a_grace_period(void **state)
{
	u32 taken[4], again;
	struct rcu *rcu;
	struct bed b;

	(void)state;
	make_bed(&b, 4, 1, false);
	rcu = mem_rcu(b.mem);
	assert_int_equal(rcu_online(rcu, 0), 0);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(pool_take(b.pool, &taken[i]), 0);
	pool_retire(b.pool, pool_own_list(b.pool), taken[2]);
	pool_retire(b.pool, pool_own_list(b.pool), taken[1]);
	pool_retire(b.pool, pool_own_list(b.pool), taken[0]);
	/* Spares are ready, and one of them stands in. */
	assert_int_equal(pool_take(b.pool, &again), 0);
	for (u32 i = 0; i < 4; i++)
		assert_int_not_equal(again, taken[i]);
	pool_retire(b.pool, pool_own_list(b.pool), again);
	/* With nothing ready left, the oldest goes first. */
	while ((again = pool_swap(b.pool, pool_own_list(b.pool))) != taken[2])
		assert_true(again != taken[1] && again != taken[0]);
	assert_int_equal(pool_take(b.pool, &again), 0);
	assert_int_equal(again, taken[1]);
	/* After a grace period all are as good. */
	pool_retire(b.pool, pool_own_list(b.pool), taken[1]);
	rcu_quiescent(rcu, 0);
	assert_int_equal(pool_swap(b.pool, pool_own_list(b.pool)), taken[1]);
	rcu_offline(rcu, 0);
	free_bed(&b);
}

#define AGES (POOL_GROUP * (POOL_GROUPS + 2))

/* A list tells fewer ages apart than there are: none is made older. */
static void elements_of_many_ages_rest_long_enough(void **state)
{
	u32 taken[AGES], group, n = 0;
	const struct pool_list *l;
	u64 stamps[AGES];
	struct rcu *rcu;
	struct bed b;

	(void)state;
	make_bed(&b, AGES, 1, false);
	rcu = mem_rcu(b.mem);
	assert_int_equal(rcu_online(rcu, 0), 0);
	for (u32 i = 0; i < AGES; i++)
		assert_int_equal(pool_take(b.pool, &taken[i]), 0);
	for (u32 i = 0; i < AGES; i++) {
		stamps[i] = rcu_stamp(rcu);
		pool_retire(b.pool, pool_own_list(b.pool), taken[i]);
		rcu_start(rcu);
	}
	l = &b.pool->lists[0];
	for (u32 i = 0; i < l->groups_len; i++) {
		group = (l->group + i) % POOL_GROUPS;
		n += l->groups[group].len;
		assert_true(l->groups[group].stamp >= stamps[n - 1]);
	}
	assert_int_equal(n, AGES);
	check_adds_up(&b, 0);
	rcu_offline(rcu, 0);
	free_bed(&b);
}

static void a_full_pool_still_swaps(void **state)
{
	u32 taken[100], extra, index;
	struct bed b;

	(void)state;
	make_bed(&b, 100, 3, false);
	assert_int_equal(rcu_online(mem_rcu(b.mem), 1), 0);
	for (u32 i = 0; i < 100; i++)
		assert_int_equal(pool_take(b.pool, &taken[i]), 0);
	for (u32 i = 0; i < 10000; i++) {
		index = pool_swap(b.pool, pool_own_list(b.pool));
		assert_int_not_equal(index, 0);
		pool_retire(b.pool, pool_own_list(b.pool), taken[i % 100]);
		taken[i % 100] = index;
		assert_int_equal(pool_take(b.pool, &extra), -E2BIG);
	}
	check_adds_up(&b, 100);
	rcu_offline(mem_rcu(b.mem), 1);
	free_bed(&b);
}

/* Whichever way they were had, and although spares are all in their grace
 * period after a while. */
static void kept_elements_count_as_taken(void **state)
{
	u32 taken[300], index;
	struct bed b;

	(void)state;
	make_bed(&b, 300, 2, false);
	assert_int_equal(rcu_online(mem_rcu(b.mem), 0), 0);
	for (u32 round = 0; round < 4; round++) {
		for (u32 i = 0; i < 300; i++) {
			if (i & 1) {
				assert_int_equal(pool_take(b.pool, &taken[i]),
						 0);
				continue;
			}
			taken[i] = pool_swap(b.pool, pool_own_list(b.pool));
			assert_int_not_equal(taken[i], 0);
			assert_int_equal(pool_keep(b.pool), 0);
		}
		index = pool_swap(b.pool, pool_own_list(b.pool));
		assert_int_equal(pool_keep(b.pool), -E2BIG);
		pool_return(b.pool, index);
		check_adds_up(&b, 300);
		for (u32 i = 0; i < 300; i++)
			pool_retire(b.pool, pool_own_list(b.pool), taken[i]);
		check_adds_up(&b, 0);
	}
	rcu_offline(mem_rcu(b.mem), 0);
	free_bed(&b);
}

/* An element in its grace period is not touched while another list has one to
 * spare that is ready. */
static void others_ready_elements_come_before_own_retired_ones(void **state)
{
	u32 taken[200], index;
	struct rcu *rcu;
	struct bed b;

	(void)state;
	make_bed(&b, 200, 2, false);
	rcu = mem_rcu(b.mem);
	for (u32 i = 0; i < 200; i++)
		assert_int_equal(pool_take(b.pool, &taken[i]), 0);
	for (u32 i = 0; i < 40; i++)
		pool_return(b.pool, taken[i]);
	assert_int_equal(rcu_online(rcu, 0), 0);
	for (u32 i = 40; i < 60; i++)
		pool_retire(b.pool, pool_own_list(b.pool), taken[i]);
	for (u32 i = 0; i < 40; i++) {
		assert_int_equal(pool_take(b.pool, &index), 0);
		for (u32 k = 40; k < 60; k++)
			assert_int_not_equal(index, taken[k]);
	}
	rcu_offline(rcu, 0);
	free_bed(&b);
}

static void sparse_elements_are_paid_when_used(void **state)
{
	struct bed b;
	u32 n = 0, index;
	int err;

	(void)state;
	make_bed(&b, 1000000, 1, true);
	assert_true(mem_used(b.mem) <= 2 * MB);
	while ((err = pool_take(b.pool, &index)) == 0)
		n++;
	assert_int_equal(err, -ENOMEM);
	assert_in_range(n, 8 * MB / 28 - 50000, 8 * MB / 28);
	assert_true(mem_used(b.mem) <= mem_budget(b.mem));
	check_adds_up(&b, n);
	free_bed(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_1_to_128),
		cmocka_unit_test(arenas_are_charged_by_the_page),
		cmocka_unit_test(sizes_beyond_the_machine_fail_untouched),
		cmocka_unit_test(sparse_memory_is_charged_as_it_comes_into_use),
		cmocka_unit_test(a_second_mapping_of_the_fd_shows_the_same),
		cmocka_unit_test(too_few_huge_pages_is_one_warning),
		cmocka_unit_test(huge_pages_are_used_when_free),
		cmocka_unit_test(sparse_parts_go_on_with_huge_pages),
		cmocka_unit_test(racing_charges_add_up),
		cmocka_unit_test(deferred_calls_wait_for_every_reader),
		cmocka_unit_test(the_guest_is_a_reader),
		cmocka_unit_test(nothing_deferred_is_left_behind),
		cmocka_unit_test(a_stamp_passes_only_when_started_and_seen),
		cmocka_unit_test(a_pool_gives_out_its_entries_exactly),
		cmocka_unit_test(free_elements_go_where_they_are_needed),
		cmocka_unit_test(retired_elements_rest_for_a_grace_period),
		cmocka_unit_test(elements_of_many_ages_rest_long_enough),
		cmocka_unit_test(a_full_pool_still_swaps),
		cmocka_unit_test(kept_elements_count_as_taken),
		cmocka_unit_test(
			others_ready_elements_come_before_own_retired_ones),
		cmocka_unit_test(sparse_elements_are_paid_when_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
