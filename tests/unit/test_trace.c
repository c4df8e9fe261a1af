/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "lcore/trace.h"

#define SLOTS 2
#define LINES 20000

static struct prog prog = { .id = 7, .name = "speaker" };

struct heard {
	u32 lines;
	u32 next[SLOTS]; /* number of the next line of each */
	u64 last_ns;
	char text[1100];
};

/* Lines are "SLOT NUMBER": in order, none twice. */
static void hear(void *arg, u64 ns, u32 prog_id, const char *line, u32 len)
{
	struct heard *h = arg;
	u32 slot, number;

	assert_int_equal(prog_id, 7);
	assert_true(len < sizeof(h->text));
	memcpy(h->text, line, len);
	h->text[len] = '\0';
	assert_int_equal(sscanf(h->text, "%u %u", &slot, &number), 2);
	assert_true(slot < SLOTS && number >= h->next[slot]);
	h->next[slot] = number + 1;
	h->last_ns = ns;
	h->lines++;
}

static struct trace *new_trace(void)
{
	struct trace *t;

	log_set_level(LOG_ERROR);
	assert_int_equal(trace_create(SLOTS, &t), 0);
	return t;
}

static void say(struct trace *t, u32 slot, u32 number)
{
	struct world *w = trace_world(t);
	char line[32];
	int len = snprintf(line, sizeof(line), "%u %u", slot, number);

	lcore_slot = slot;
	w->ops->trace(w, &prog, line, (u32)len);
	lcore_slot = SLOT_NONE;
}

static void lines_come_in_the_order_they_were_said(void **state)
{
	struct trace *t = new_trace();
	struct heard h = { 0 };
	int id = trace_subscribe(t, hear, &h);

	(void)state;
	assert_true(id > 0);
	for (u32 i = 0; i < 100; i++)
		say(t, i % SLOTS, i / SLOTS);
	assert_int_equal(h.lines, 0);
	trace_deliver(t);
	assert_int_equal(h.lines, 100);
	assert_int_equal(trace_lost(t), 0);
	trace_unsubscribe(t, id);
	say(t, 0, 100);
	trace_deliver(t);
	assert_int_equal(h.lines, 100);
	trace_destroy(t);
}

static void what_does_not_fit_is_counted(void **state)
{
	struct trace *t = new_trace();
	struct heard h = { 0 };

	(void)state;
	trace_subscribe(t, hear, &h);
	for (u32 round = 0; round < 3; round++) {
		u64 lost = trace_lost(t);
		u32 lines = h.lines;

		for (u32 i = 0; i < LINES; i++)
			say(t, 1, round * LINES + i);
		trace_deliver(t);
		lost = trace_lost(t) - lost;
		assert_true(lost > 0 && h.lines > lines);
		assert_int_equal(h.lines - lines + lost, LINES);
	}
	trace_destroy(t);
}

static void a_long_line_is_cut(void **state)
{
	struct trace *t = new_trace();
	struct world *w = trace_world(t);
	struct heard h = { 0 };
	char line[3000];

	(void)state;
	trace_subscribe(t, hear, &h);
	memset(line, '.', sizeof(line));
	memcpy(line, "0 1 ", 4);
	lcore_slot = 0;
	w->ops->trace(w, &prog, line, sizeof(line));
	lcore_slot = SLOT_NONE;
	trace_deliver(t);
	assert_int_equal(strlen(h.text), 1024);
	trace_destroy(t);
}

static struct trace *leaving;
static int leaving_id;

static void leave(void *arg, u64 ns, u32 prog_id, const char *line, u32 len)
{
	u32 *calls = arg;

	(void)ns;
	(void)prog_id;
	(void)line;
	(void)len;
	++*calls;
	trace_unsubscribe(leaving, leaving_id);
}

static void a_subscriber_may_leave_while_it_is_told(void **state)
{
	u32 calls = 0;

	(void)state;
	leaving = new_trace();
	leaving_id = trace_subscribe(leaving, leave, &calls);
	say(leaving, 0, 0);
	say(leaving, 0, 1);
	trace_deliver(leaving);
	assert_int_equal(calls, 1);
	trace_destroy(leaving);
}

static void subscribers_are_bounded(void **state)
{
	struct trace *t = new_trace();
	struct heard h = { 0 };
	int id = 0, last = 0;

	(void)state;
	while ((id = trace_subscribe(t, hear, &h)) > 0)
		last = id;
	assert_int_equal(id, -EUSERS);
	trace_unsubscribe(t, last);
	assert_int_equal(trace_subscribe(t, hear, &h), last);
	trace_destroy(t);
}

static void *speak(void *arg)
{
	struct trace *t = arg;

	for (u32 i = 0; i < LINES; i++)
		say(t, 0, i);
	return NULL;
}

static void an_lcore_speaks_while_it_is_listened_to(void **state)
{
	struct trace *t = new_trace();
	struct heard h = { 0 };
	pthread_t thread;

	(void)state;
	trace_subscribe(t, hear, &h);
	assert_int_equal(pthread_create(&thread, NULL, speak, t), 0);
	for (u32 i = 0; i < LINES; i++) {
		say(t, 1, i);
		if (i % 64 == 0)
			trace_deliver(t);
	}
	pthread_join(thread, NULL);
	trace_deliver(t);
	assert_int_equal(h.lines + trace_lost(t), 2 * LINES);
	trace_destroy(t);
}

static void stops_of_a_program_do_not_flood_the_log(void **state)
{
	struct trace *t = new_trace();
	struct world *w = trace_world(t);
	struct fault fault = { .code = -EACCES,
			       .prog = &prog,
			       .text = "it must not" };
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size), *err = stderr;
	u32 said = 0;

	(void)state;
	lcore_slot = 0;
	for (u32 i = 0; i < 1000; i++)
		w->ops->stopped(w, &fault);
	lcore_slot = SLOT_NONE;
	log_set_level(LOG_WARN);
	stderr = to;
	trace_deliver(t);
	stderr = err;
	fclose(to);
	for (char *at = text; (at = strstr(at, "speaker at instruction")); at++)
		said++;
	assert_non_null(strstr(text, "it must not"));
	assert_in_range(said, 1, 20);
	free(text);
	trace_destroy(t);
}

/* The log gets some and the number of the others, a subscriber all. */
static void lines_of_a_program_do_not_flood_the_log(void **state)
{
	struct trace *t = new_trace();
	struct heard h = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size), *err = stderr;
	u32 logged = 0, silent = 0, n;

	(void)state;
	trace_subscribe(t, hear, &h);
	log_set_level(LOG_INFO);
	stderr = to;
	for (u32 i = 0; i < 1000; i++)
		say(t, 0, i);
	trace_deliver(t);
	trace_destroy(t);
	stderr = err;
	fclose(to);
	for (char *at = text; (at = strstr(at, "speaker: ")); at++) {
		if (sscanf(at, "speaker: %u more lines", &n) == 1 &&
		    strncmp(strchr(at + 9, ' '), " more", 5) == 0)
			silent += n;
		else
			logged++;
	}
	assert_int_equal(h.lines, 1000);
	assert_in_range(logged, 1, 200);
	assert_int_equal(logged + silent, 1000);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_in_the_order_they_were_said),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(a_subscriber_may_leave_while_it_is_told),
		cmocka_unit_test(subscribers_are_bounded),
		cmocka_unit_test(an_lcore_speaks_while_it_is_listened_to),
		cmocka_unit_test(stops_of_a_program_do_not_flood_the_log),
		cmocka_unit_test(lines_of_a_program_do_not_flood_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
