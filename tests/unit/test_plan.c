/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lcore/plan.h"

static const char *const names[] = { "p0", "p1", "p2", "p3", "p4" };

#define PORTS ((u32)ARRAY_LEN(names))

static void forwards_lead_where_they_say(void **state)
{
	static const struct {
		const char *text;
		u32 port;
		u32 ports;
		u32 out;
	} rows[] = {
		{ "pair", 0, 5, 1 },
		{ "pair", 1, 5, 0 },
		{ "pair", 2, 5, 3 },
		{ "pair", 3, 5, 2 },
		{ "pair", 4, 5, 4 }, /* an odd one */
		{ "pair", 0, 1, 0 },
		{ "back", 3, 5, 3 },
		{ "drop", 3, 5, PLAN_NOWHERE },
		{ "port:p4", 0, 5, 4 },
		{ "port:p0", 0, 5, 0 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		char text[FORWARD_TEXT_MAX];
		struct err err = { 0 };
		struct forward f;
		u32 out = 77;

		assert_int_equal(forward_parse(rows[i].text, &f, &err), 0);
		forward_text(&f, text, sizeof(text));
		assert_string_equal(text, rows[i].text);
		assert_int_equal(plan_forward(&f, rows[i].port, names,
					      rows[i].ports, &out, &err),
				 0);
		assert_int_equal(out, rows[i].out);
	}
}

static void what_is_no_forward_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"up",
		"Pair",
		"pair ",
		"port",
		"port:",
		"port:a-name-of-more-than-31-characters",
	};
	struct forward f = { .kind = FORWARD_PORT, .port = "p9" };
	struct err err = { 0 };
	u32 out;

	(void)state;
	assert_int_equal(plan_forward(&f, 1, names, PORTS, &out, &err),
			 -ENOENT);
	assert_non_null(strstr(err.reason, "p1"));
	assert_non_null(strstr(err.reason, "p9"));
	for (u32 i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(forward_parse(texts[i], &f, &err), -EINVAL);
		assert_non_null(strstr(err.hint, "port:NAME"));
	}
}

static struct verdict to(u32 ifindex, u64 flags)
{
	return (struct verdict){ .kind = VERDICT_REDIRECT,
				 .ifindex = ifindex,
				 .flags = flags };
}

static void verdicts_become_routes(void **state)
{
	struct plan *plan = plan_new(PORTS);
	struct redirect_entry *entry = (void *)&plan; /* only told apart */
	const struct {
		enum hook_kind hook;
		struct verdict v;
		enum route_kind kind;
		u32 what; /* port or reason */
	} rows[] = {
		{ HOOK_XDP, { VERDICT_PASS }, ROUTE_NEXT, 2 },
		{ HOOK_TC_EGRESS, { VERDICT_PASS }, ROUTE_NEXT, 2 },
		{ HOOK_XDP, { VERDICT_TX }, ROUTE_SEND, 2 },
		{ HOOK_XDP,
		  { VERDICT_DROP, DROP_XDP_ABORTED },
		  ROUTE_DROP,
		  DROP_XDP_ABORTED },
		{ HOOK_TC_INGRESS,
		  { VERDICT_DROP, DROP_TC_STOLEN },
		  ROUTE_DROP,
		  DROP_TC_STOLEN },
		{ HOOK_XDP, to(1, 0), ROUTE_SEND, 0 },
		{ HOOK_XDP, to(PORTS, 0), ROUTE_SEND, PORTS - 1 },
		{ HOOK_XDP, to(0, 0), ROUTE_DROP, DROP_REDIRECT },
		{ HOOK_XDP, to(PORTS + 1, 0), ROUTE_DROP, DROP_REDIRECT },
		{ HOOK_XDP, to(UINT32_MAX, 0), ROUTE_DROP, DROP_REDIRECT },
		{ HOOK_XDP,
		  { VERDICT_REDIRECT, .entry = entry },
		  ROUTE_ENTRY,
		  2 },
		{ HOOK_XDP,
		  { VERDICT_REDIRECT, .map = (const struct map *)entry },
		  ROUTE_ENTRY,
		  2 },
		{ HOOK_TC_INGRESS, to(4, 0), ROUTE_EGRESS, 3 },
		{ HOOK_TC_EGRESS, to(4, 0), ROUTE_EGRESS, 3 },
		{ HOOK_TC_INGRESS, to(4, BPF_F_INGRESS), ROUTE_INGRESS, 3 },
		{ HOOK_TC_EGRESS, to(4, BPF_F_INGRESS), ROUTE_INGRESS, 3 },
		{ HOOK_TC_EGRESS, to(0, BPF_F_INGRESS), ROUTE_DROP,
		  DROP_REDIRECT },
	};

	(void)state;
	assert_non_null(plan);
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct route r = plan_route(plan, 2, rows[i].hook, &rows[i].v);

		assert_int_equal(r.kind, rows[i].kind);
		assert_int_equal(r.kind == ROUTE_DROP ? r.drop : r.port,
				 rows[i].what);
	}
	free(plan);
}

static void what_passes_goes_where_the_port_forwards(void **state)
{
	struct plan *plan = plan_new(2);
	struct route r;

	(void)state;
	assert_non_null(plan);
	plan->port[0].out = 1;
	plan->port[1].out = PLAN_NOWHERE;
	r = plan_forwarded(plan, 0);
	assert_int_equal(r.kind, ROUTE_EGRESS);
	assert_int_equal(r.port, 1);
	r = plan_forwarded(plan, 1);
	assert_int_equal(r.kind, ROUTE_DROP);
	assert_int_equal(r.drop, DROP_FORWARD_DROP);
	free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwards_lead_where_they_say),
		cmocka_unit_test(what_is_no_forward_is_refused),
		cmocka_unit_test(verdicts_become_routes),
		cmocka_unit_test(what_passes_goes_where_the_port_forwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
