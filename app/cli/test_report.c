/* SPDX-License-Identifier: BSD-3-Clause */
/* test_report.c - what came of a test, as text or JSON */
#include "cli/obj_maps.h"
#include "cli/test.h"

static const char *verdict_name(const struct test *t, u32 code, char *buf,
				size_t size)
{
	const char *name = NULL;

	if (t->hook != TEST_SOCKET)
		name = verdict_code_name((enum hook_kind)t->hook, (s32)code);
	if (name)
		return name;
	snprintf(buf, size, "%u", code);
	return buf;
}

static unsigned long long llu(u64 n)
{
	return n;
}

static const char *plural(u64 n)
{
	return n == 1 ? "" : "s";
}

/* ---- JSON ---- */

static void json_verdicts(struct json *j, const struct test *t)
{
	const struct test_tally *tally = &t->tally;
	char buf[16];

	json_key(j, "verdicts");
	json_begin_object(j);
	for (u32 i = 0; i < tally->verdict_cnt; i++)
		json_ku64(j,
			  verdict_name(t, tally->verdicts[i].code, buf,
				       sizeof(buf)),
			  tally->verdicts[i].count);
	if (tally->others)
		json_ku64(j, "others", tally->others);
	json_end_object(j);
}

static void json_not_run(struct json *j, const struct test_tally *tally)
{
	json_key(j, "not_run");
	json_begin_object(j);
	if (tally->too_short)
		json_ku64(j, "too_short", tally->too_short);
	if (tally->too_long)
		json_ku64(j, "too_long", tally->too_long);
	json_end_object(j);
}

static void json_stopped(struct json *j, const struct test_tally *tally)
{
	json_key(j, "stopped");
	json_begin_object(j);
	json_ku64(j, "count", tally->stopped);
	json_key(j, "first");
	json_begin_array(j);
	for (u32 i = 0; i < tally->stop_cnt; i++) {
		json_begin_object(j);
		json_ku64(j, "packet", tally->stops[i].packet);
		json_kstr(j, "reason", tally->stops[i].text);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
}

static void json_kernel(struct json *j, const struct oracle_result *r)
{
	json_key(j, "kernel");
	json_begin_object(j);
	json_ku64(j, "compared", r->compared);
	json_ku64(j, "different", r->different);
	json_key(j, "not_compared");
	json_begin_object(j);
	for (u32 i = 0; i < r->reason_cnt; i++)
		json_ku64(j, r->reasons[i].text, r->reasons[i].count);
	json_end_object(j);
	if (r->maps_unread)
		json_ku64(j, "maps_not_compared", r->maps_unread);
	if (r->shown) {
		json_key(j, "differences");
		json_begin_array(j);
		for (u32 i = 0; i < r->shown; i++)
			json_str(j, r->differences[i]);
		json_end_array(j);
	}
	json_end_object(j);
}

static void report_json(const struct test *t)
{
	struct json j;

	json_init_file(&j, stdout, t->cli->pretty);
	json_begin_object(&j);
	json_ku64(&j, "schema", 1);
	json_kstr(&j, "program", t->elf_prog->name);
	json_kstr(&j, "hook", test_hook_name(t->hook));
	json_ku64(&j, "packets", t->tally.packets);
	json_verdicts(&j, t);
	if (t->tally.too_short || t->tally.too_long)
		json_not_run(&j, &t->tally);
	if (t->tally.stopped)
		json_stopped(&j, &t->tally);
	if (t->compared)
		json_kernel(&j, t->compared);
	if (t->opts.dump_maps) {
		json_key(&j, "maps");
		json_begin_array(&j);
		obj_maps_json(&j, t->obj, t->so);
		json_end_array(&j);
	}
	json_end_object(&j);
	json_flush(&j);
	putchar('\n');
}

/* ---- text ---- */

static void print_count(const char *what, u64 count, u64 of)
{
	printf("  %-24s %10llu  %5.1f%%\n", what, llu(count),
	       of ? 100.0 * (double)count / (double)of : 0.0);
}

static void print_verdicts(const struct test *t)
{
	const struct test_tally *tally = &t->tally;
	u64 packets = tally->packets;
	char buf[16];

	for (u32 i = 0; i < tally->verdict_cnt; i++)
		print_count(verdict_name(t, tally->verdicts[i].code, buf,
					 sizeof(buf)),
			    tally->verdicts[i].count, packets);
	if (tally->others)
		print_count("other verdicts", tally->others, packets);
	if (tally->stopped)
		print_count("program stopped", tally->stopped, packets);
	if (tally->too_short)
		print_count("too short to run", tally->too_short, packets);
	if (tally->too_long)
		print_count("too long to run", tally->too_long, packets);
	if (t->compared && t->compared->not_compared)
		print_count("not compared", t->compared->not_compared, packets);
}

static void print_stops(const struct test_tally *tally)
{
	for (u32 i = 0; i < tally->stop_cnt; i++)
		printf("packet %llu: stopped: %s\n",
		       llu(tally->stops[i].packet), tally->stops[i].text);
	if (tally->stopped > tally->stop_cnt)
		printf("... and %llu more\n",
		       llu(tally->stopped - tally->stop_cnt));
}

static void print_kernel(const struct oracle_result *r)
{
	printf("Linux: %llu packet%s compared, %llu different\n",
	       llu(r->compared), plural(r->compared), llu(r->different));
	for (u32 i = 0; i < r->reason_cnt; i++)
		printf("  %llu not compared: %s\n", llu(r->reasons[i].count),
		       r->reasons[i].text);
	if (r->maps_unread)
		printf("  maps not compared, as only programs may read them: "
		       "%u\n",
		       r->maps_unread);
	for (u32 i = 0; i < r->shown; i++)
		fputs(r->differences[i], stdout);
	if (r->different > r->shown)
		printf("... and %llu more\n", llu(r->different - r->shown));
}

static void report_text(const struct test *t)
{
	const struct test_tally *tally = &t->tally;

	printf("%s (%s): %llu packet%s\n", t->elf_prog->name,
	       test_hook_name(t->hook), llu(tally->packets), plural(tally->packets));
	print_verdicts(t);
	if (tally->cut)
		printf("%llu packet%s cut in the capture: programs saw only "
		       "what there is\n",
		       llu(tally->cut), tally->cut == 1 ? " was" : "s were");
	print_stops(tally);
	if (t->compared)
		print_kernel(t->compared);
	if (t->opts.dump_maps)
		obj_maps_print(t->obj, t->so);
}

void test_report(const struct test *t)
{
	if (t->cli->json)
		report_json(t);
	else
		report_text(t);
}
