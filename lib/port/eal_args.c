/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/eal_args.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_config.h>

/* What Weir says itself.  Of a short option its value may follow at once. */
static const struct reserved {
	const char *option;
	const char *instead;
} reserved[] = {
	{ "-c", "--lcores of weir chooses the CPUs" },
	{ "-l", "--lcores of weir chooses the CPUs" },
	{ "-S", "--lcores of weir chooses the CPUs" },
	{ "--lcores", "--lcores of weir chooses the CPUs" },
	{ "--main-lcore", "EAL's main lcore is weir's control thread" },
	{ "--no-huge", "weir has its own --no-huge" },
	{ "--in-memory", "weir chooses it when it uses huge pages" },
	{ "--no-shconf", "weir chooses it when it uses ordinary pages" },
	{ "--huge-dir", "huge pages are never on hugetlbfs" },
	{ "--huge-unlink", "huge pages are never on hugetlbfs" },
	{ "--proc-type", "weir is a primary process" },
};

/* Devices to leave alone or to take are the user's business. */
static const char *const device_options[] = { "-a", "--allow", "-b", "--block",
					      "--no-pci" };

static bool is_option(const char *arg, const char *option)
{
	size_t len = strlen(option);

	if (strncmp(arg, option, len) != 0)
		return false;
	return option[1] != '-' || !arg[len] || arg[len] == '=';
}

static int check_users(const struct eal_config *config, struct err *err)
{
	for (u32 i = 0; i < config->arg_cnt; i++) {
		for (u32 k = 0; k < ARRAY_LEN(reserved); k++) {
			if (!is_option(config->args[i], reserved[k].option))
				continue;
			err_fail(err, -EINVAL, "%s is weir's to say",
				 reserved[k].option);
			err_place(err, "EAL argument %u", i + 1);
			err_hint(err, "%s", reserved[k].instead);
			return -EINVAL;
		}
	}
	return 0;
}

static bool users_choose_devices(const struct eal_config *config)
{
	for (u32 i = 0; i < config->arg_cnt; i++)
		for (u32 k = 0; k < ARRAY_LEN(device_options); k++)
			if (is_option(config->args[i], device_options[k]))
				return true;
	return false;
}

static void add(struct eal_args *args, const char *fmt, ...) PRINTF(2, 3);

static void add(struct eal_args *args, const char *fmt, ...)
{
	char **arg = vec_add(&args->list);
	va_list ap;

	if (!arg) {
		args->failed = true;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(arg, fmt, ap) < 0) {
		*arg = NULL;
		args->failed = true;
	}
	va_end(ap);
}

static int check_lcores(const struct eal_config *config, const cpu_set_t *cpus,
			struct err *err)
{
	if (config->lcore_cnt < 1 || config->lcore_cnt >= RTE_MAX_LCORE)
		return err_fail(err, -EINVAL, "%u lcores; there can be 1 to %d",
				config->lcore_cnt, RTE_MAX_LCORE - 1);
	for (u32 i = 0; i < config->lcore_cnt; i++) {
		u32 cpu = config->lcores[i];

		if (cpu < CPU_SETSIZE && CPU_ISSET(cpu, cpus))
			continue;
		err_fail(err, -EINVAL, "no CPU %u for this process", cpu);
		err_place(err, "lcore %u", i);
		err_hint(err, "taskset -cp %d shows those it may run on",
			 getpid());
		return -EINVAL;
	}
	return 0;
}

/* "0@(0,1,2),1@2": the main lcore on all CPUs, each other on its own */
static int add_lcores(struct eal_args *args, const struct eal_config *config,
		      struct err *err)
{
	char *text = NULL, sep = '(';
	cpu_set_t cpus;
	size_t size;
	FILE *f;
	int res;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		return err_fail(err, -errno, "the CPUs of this process: %s",
				strerror(errno));
	res = check_lcores(config, &cpus, err);
	if (res)
		return res;
	f = open_memstream(&text, &size);
	if (!f)
		return err_fail(err, -ENOMEM, "out of memory");
	fputs("0@", f);
	for (int cpu = 0; cpu < MIN(CPU_SETSIZE, RTE_MAX_LCORE); cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		fprintf(f, "%c%d", sep, cpu);
		sep = ',';
	}
	fputc(')', f);
	for (u32 i = 0; i < config->lcore_cnt; i++)
		fprintf(f, ",%u@%u", eal_lcore_id(i), config->lcores[i]);
	fclose(f);
	add(args, "--lcores=%s", text);
	free(text);
	return 0;
}

int eal_args_make(struct eal_args *args, const struct eal_config *config,
		  bool huge, u64 memory, struct err *err)
{
	int res = check_users(config, err);

	if (res)
		return res;
	add(args, "%s", config->program ? config->program : "weir");
	res = add_lcores(args, config, err);
	if (res)
		return res;
	if (config->prefix)
		add(args, "--file-prefix=%s", config->prefix);
	else
		add(args, "--file-prefix=" EAL_PREFIX "%d", getpid());
	if (huge) {
		add(args, "--in-memory");
	} else {
		add(args, "--no-huge");
		add(args, "--no-shconf");
		add(args, "-m%llu", (unsigned long long)(memory >> 20) + 1);
	}
	add(args, "--no-telemetry");
	/* No device is touched that no port names: an address that is always
	 * the host bridge's, so that the list is not empty. */
	if (!users_choose_devices(config))
		add(args, "--allow=0000:00:00.0");
	for (u32 i = 0; i < config->arg_cnt; i++)
		add(args, "%s", config->args[i]);
	return args->failed ? err_fail(err, -ENOMEM, "out of memory") : 0;
}

void eal_args_free(struct eal_args *args)
{
	char **arg;

	vec_each (arg, &args->list)
		free(*arg);
	vec_free(&args->list);
}
