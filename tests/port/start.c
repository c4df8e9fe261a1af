/* SPDX-License-Identifier: BSD-3-Clause */
/* start.c - how EAL is started, and what it refuses before it is; then one
 * start that asks for huge pages where there are too few */
#include "rig.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_lcore.h>
#include <rte_launch.h>

#include "port/eal_args.h"

static u32 this_cpu(void)
{
	return (u32)sched_getcpu();
}

static int start(const struct eal_config *config, struct err *err)
{
	struct eal *eal;

	return eal_start(config, err, &eal);
}

static void lcores_must_be_there(void **state)
{
	const u32 nowhere[] = { this_cpu(), 4000 };
	struct eal_config config = { .lcores = nowhere, .lcore_cnt = 2 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(start(&config, &err), -EINVAL);
	assert_string_equal(err.reason, "no CPU 4000 for this process");
	assert_string_equal(err.place, "lcore 1");
	assert_non_null(strstr(err.hint, "taskset"));
	config.lcore_cnt = 0;
	assert_int_equal(start(&config, &err), -EINVAL);
	assert_non_null(strstr(err.reason, "0 lcores"));
}

static void what_weir_says_users_do_not(void **state)
{
	static const struct {
		const char *arg;
		const char *hint;
	} rows[] = {
		{ "-c3", "--lcores" },
		{ "-l", "--lcores" },
		{ "--lcores=0,1", "--lcores" },
		{ "--lcores", "--lcores" },
		{ "--main-lcore=0", "control thread" },
		{ "--no-huge", "--no-huge" },
		{ "--in-memory", "huge pages" },
		{ "--no-shconf", "ordinary pages" },
		{ "--huge-dir=/x", "hugetlbfs" },
		{ "--proc-type=secondary", "primary" },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		const u32 cpu = this_cpu();
		char *const args[] = { (char *)"-n2", (char *)rows[i].arg };
		const struct eal_config config = { .lcores = &cpu,
						   .lcore_cnt = 1,
						   .args = args,
						   .arg_cnt = 2 };
		struct err err = { 0 };

		assert_int_equal(start(&config, &err), -EINVAL);
		assert_string_equal(err.place, "EAL argument 2");
		assert_non_null(strstr(err.hint, rows[i].hint));
	}
}

static bool has(const struct eal_args *args, const char *want)
{
	char **arg;

	vec_each (arg, &args->list)
		if (strcmp(*arg, want) == 0)
			return true;
	return false;
}

static void memory_is_on_huge_pages_or_not_never_both(void **state)
{
	const u32 cpu = this_cpu();
	const struct eal_config config = { .lcores = &cpu,
					   .lcore_cnt = 1,
					   .prefix = "one" };
	struct err err = { 0 };

	(void)state;
	for (int huge = 0; huge < 2; huge++) {
		struct eal_args args = { 0 };

		assert_int_equal(eal_args_make(&args, &config, huge, 100 << 20,
					       &err),
				 0);
		assert_int_equal(has(&args, "--in-memory"), huge);
		assert_int_equal(has(&args, "--no-huge"), !huge);
		assert_int_equal(has(&args, "--no-shconf"), !huge);
		assert_int_equal(has(&args, "-m101"), !huge);
		assert_true(has(&args, "--file-prefix=one"));
		assert_true(has(&args, "--allow=0000:00:00.0"));
		eal_args_free(&args);
	}
}

static void the_users_choice_of_devices_stands(void **state)
{
	static const char *const choices[] = { "-a0000:03:00.0", "--allow=x",
					       "-b", "--block=x", "--no-pci" };
	const u32 cpu = this_cpu();
	struct err err = { 0 };

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(choices); i++) {
		char *const users[] = { (char *)choices[i] };
		const struct eal_config config = { .lcores = &cpu,
						   .lcore_cnt = 1,
						   .args = users,
						   .arg_cnt = 1 };
		struct eal_args args = { 0 };

		assert_int_equal(eal_args_make(&args, &config, false, 1, &err),
				 0);
		assert_false(has(&args, "--allow=0000:00:00.0"));
		assert_true(has(&args, choices[i]));
		eal_args_free(&args);
	}
}

static int refused_by_eal(void)
{
	char *const users[] = { (char *)"--bogus" };
	const u32 cpu = this_cpu();
	const struct eal_config config = { .program = "start",
					   .lcores = &cpu,
					   .lcore_cnt = 1,
					   .args = users,
					   .arg_cnt = 1 };
	struct err err = { 0 };

	return start(&config, &err) == -EINVAL &&
			       strstr(err.reason, "DPDK does not start") &&
			       strstr(err.hint, "--")
		       ? 0
		       : 1;
}

/* In a process of its own: EAL does not start again after a failure. */
static void a_bad_option_is_eals_to_refuse(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		_exit(refused_by_eal());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void more_than_the_machine_has_is_refused(void **state)
{
	static struct port_config ports[64];
	const u32 cpu = this_cpu();
	const struct eal_config config = { .lcores = &cpu,
					   .lcore_cnt = 1,
					   .ports = ports,
					   .port_cnt = ARRAY_LEN(ports) };
	struct err err = { 0 };

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(ports); i++)
		ports[i].queues = 65535;
	assert_int_equal(start(&config, &err), -ENOMEM);
	assert_non_null(strstr(err.reason, "MB"));
	assert_non_null(strstr(err.hint, "fewer"));
}

static int where_am_i(void *arg)
{
	*(int *)arg = sched_getcpu();
	return 0;
}

struct started {
	struct eal *eal;
	cpu_set_t cpus; /* before EAL started */
	u32 cpu;
	bool enough; /* huge pages, after all */
};

static void lcores_are_slot_plus_one_and_this_thread_stays_free(void **state)
{
	const struct started *s = *state;
	cpu_set_t cpus;
	int cpu = -1;

	assert_int_equal(rte_lcore_id(), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	assert_true(CPU_EQUAL(&cpus, &s->cpus));
	assert_int_equal(rte_eal_remote_launch(where_am_i, &cpu,
					       eal_lcore_id(0)),
			 0);
	rte_eal_wait_lcore(eal_lcore_id(0));
	assert_int_equal(cpu, s->cpu);
}

static void too_few_huge_pages_mean_ordinary_ones(void **state)
{
	const struct started *s = *state;

	if (s->enough)
		skip();
	assert_false(eal_huge(s->eal));
}

static bool huge_pages_are_many(void)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "r");
	long n = 0;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n > 256;
}

static int start_wanting_huge_pages(void **state)
{
	static struct port_config ports[8];
	static struct started s;
	const struct eal_config config = { .program = "start",
					   .lcores = &s.cpu,
					   .lcore_cnt = 1,
					   .huge = true,
					   .ports = ports,
					   .port_cnt = ARRAY_LEN(ports) };
	struct err err = { 0 };

	s.cpu = this_cpu();
	s.enough = huge_pages_are_many();
	assert_int_equal(sched_getaffinity(0, sizeof(s.cpus), &s.cpus), 0);
	/* about a gigabyte: not reserved as a rule, and there */
	for (u32 i = 0; i < ARRAY_LEN(ports); i++)
		ports[i].queues = 64;
	assert_int_equal(eal_start(&config, &err, &s.eal), 0);
	*state = &s;
	return 0;
}

static void nothing_is_left_in_eals_folder(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/var/run/dpdk/weir-%d", getpid());
	assert_int_not_equal(access(path, F_OK), 0);
}

static int stop(void **state)
{
	eal_stop(((const struct started *)*state)->eal);
	return 0;
}

int main(void)
{
	const struct CMUnitTest before[] = {
		cmocka_unit_test(lcores_must_be_there),
		cmocka_unit_test(what_weir_says_users_do_not),
		cmocka_unit_test(memory_is_on_huge_pages_or_not_never_both),
		cmocka_unit_test(the_users_choice_of_devices_stands),
		cmocka_unit_test(more_than_the_machine_has_is_refused),
		cmocka_unit_test(a_bad_option_is_eals_to_refuse),
	};
	const struct CMUnitTest after[] = {
		cmocka_unit_test(
			lcores_are_slot_plus_one_and_this_thread_stays_free),
		cmocka_unit_test(too_few_huge_pages_mean_ordinary_ones),
		cmocka_unit_test(nothing_is_left_in_eals_folder),
	};

	return cmocka_run_group_tests(before, NULL, NULL) +
	       cmocka_run_group_tests(after, start_wanting_huge_pages, stop);
}
