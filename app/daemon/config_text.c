/* SPDX-License-Identifier: BSD-3-Clause */
/* config_text.c - what the words of flags and file mean */
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "daemon/config.h"

/* One of the names, or -EINVAL with what was probably meant. */
static int one_of(const char *what, const char *text, const char *const *names,
		  u32 n, struct err *err)
{
	const char *nearest = cli_nearest(text, names, n);
	char all[128] = "";

	for (u32 i = 0; i < n; i++) {
		size_t len = strlen(all);

		if (strcmp(text, names[i]) == 0)
			return (int)i;
		snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "",
			 names[i]);
	}
	err_fail(err, -EINVAL, "there is no %s '%.64s'", what, text);
	return nearest ? err_hint(err, "did you mean '%s'?", nearest)
		       : err_hint(err, "there are: %s", all);
}

int text_name(const char *text, char *name, struct err *err)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("_-.", text[i]))
			return err_fail(err, -EINVAL,
					"a port's name has letters, digits, "
					"_, - and ., '%.64s' has something "
					"else",
					text);
	if (len == 0 || len >= PORT_NAME_MAX)
		return err_fail(err, -EINVAL,
				"a port's name has 1 to %d characters, "
				"'%.64s' has %zu",
				PORT_NAME_MAX - 1, text, len);
	strcpy(name, text);
	return 0;
}

int text_device(const char *text, char name[IF_NAMESIZE], struct err *err)
{
	size_t len = strlen(text);

	if (len == 0 || len >= IF_NAMESIZE || strchr(text, '/'))
		return err_fail(err, -EINVAL,
				"'%.64s' cannot be a device's name: it has 1 "
				"to %d characters, none of them /",
				text, IF_NAMESIZE - 1);
	strcpy(name, text);
	return 0;
}

int text_mac(const char *text, u8 *mac, struct err *err)
{
	int used = 0;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0],
		   &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &used) != 6 ||
	    text[used]) {
		err_fail(err, -EINVAL, "'%.64s' is no MAC address", text);
		return err_hint(err, "write it as 02:00:00:00:00:01");
	}
	if (mac[0] & 1)
		return err_fail(err, -EINVAL,
				"%s is a group's address, not a port's", text);
	return 0;
}

int text_replay(const char *text, enum port_replay *out, struct err *err)
{
	static const char *const names[] = {
		[REPLAY_ONCE] = "once",
		[REPLAY_LOOP] = "loop",
		[REPLAY_PACED] = "paced",
	};
	int i = one_of("way to replay", text, names, ARRAY_LEN(names), err);

	*out = (enum port_replay)MAX(i, 0);
	return MIN(i, 0);
}

int text_hook(const char *text, enum hook_kind *out, struct err *err)
{
	const char *names[HOOK_KINDS];
	int i;

	for (i = 0; i < HOOK_KINDS; i++)
		names[i] = hook_name((enum hook_kind)i);
	i = one_of("hook", text, names, HOOK_KINDS, err);
	*out = (enum hook_kind)MAX(i, 0);
	return MIN(i, 0);
}

int text_style(const char *text, enum chain_style *out, struct err *err)
{
	static const char *const names[] = {
		[CHAIN_XDP] = "xdp",
		[CHAIN_TCX] = "tcx",
		[CHAIN_CLS_BPF] = "cls_bpf",
	};
	int i = one_of("style", text, names, ARRAY_LEN(names), err);

	*out = (enum chain_style)MAX(i, 0);
	return MIN(i, 0);
}

int text_actions(const char *text, u32 *mask, struct err *err)
{
	const char *names[XDP_REDIRECT + 1];
	int i;

	for (i = 0; i <= XDP_REDIRECT; i++)
		names[i] = verdict_code_name(HOOK_XDP, i);
	i = one_of("XDP verdict", text, names, ARRAY_LEN(names), err);
	if (i < 0)
		return i;
	*mask |= 1u << i;
	return 0;
}

/* A number as tc writes it: MAJOR:MINOR, both hexadecimal; or any of C's. */
int text_classid(const char *text, u32 *out, struct err *err)
{
	u32 major, minor;
	int used = 0;
	u64 n;

	if (sscanf(text, "%4x:%4x%n", &major, &minor, &used) == 2 &&
	    !text[used]) {
		*out = major << 16 | minor;
		return 0;
	}
	if (cli_number(text, UINT32_MAX, &n) != 0) {
		err_fail(err, -EINVAL, "'%.64s' is no class", text);
		return err_hint(err, "write it as tc does: 1:10");
	}
	*out = (u32)n;
	return 0;
}

int text_size(const char *text, u64 *out, struct err *err)
{
	static const char units[] = "KMGT";
	u64 n;
	char *end, *unit;

	errno = 0;
	n = strtoull(text, &end, 10);
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (isdigit((unsigned char)text[0]) && !errno && n &&
	    (!*end || (unit && (!end[1] || strcmp(end + 1, "B") == 0)))) {
		u32 shift = unit ? 10 * (u32)(unit - units + 1) : 0;

		*out = n << shift;
		if (*out >> shift == n)
			return 0;
	}
	err_fail(err, -EINVAL, "'%.64s' is no size", text);
	return err_hint(err, "write bytes, or 512M, or 4G");
}

int text_log_level(const char *text, enum log_level *out, struct err *err)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	if (log_level_parse(text, out) == 0)
		return 0;
	return one_of("log level", text, names, ARRAY_LEN(names), err);
}

static void print_cpus(const cpu_set_t *set, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE && len < size; cpu++) {
		int first = cpu;

		if (!CPU_ISSET(cpu, set))
			continue;
		while (cpu + 1 < CPU_SETSIZE && CPU_ISSET(cpu + 1, set))
			cpu++;
		len += (size_t)snprintf(buf + len, size - len,
					first == cpu ? "%s%d" : "%s%d-%d",
					len ? "," : "", first, cpu);
	}
}

static int add_lcore(struct config *config, u64 cpu, struct err *err)
{
	cpu_set_t allowed;
	char list[128];
	u32 *slot;

	CPU_ZERO(&allowed);
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return err_fail(err, -errno,
				"cannot tell which CPUs there "
				"are: %s",
				strerror(errno));
	if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &allowed)) {
		print_cpus(&allowed, list, sizeof(list));
		err_fail(err, -EINVAL, "there is no CPU %llu to run on",
			 (unsigned long long)cpu);
		return err_hint(err, "there are: %s", list);
	}
	vec_each(slot, &config->lcores)
		if (*slot == cpu)
			return err_fail(err, -EINVAL, "CPU %u is named twice",
					*slot);
	if (config->lcores.len == SLOT_MAX)
		return err_fail(err, -EINVAL, "more than %d lcores", SLOT_MAX);
	slot = vec_add(&config->lcores);
	if (!slot)
		return err_fail(err, -ENOMEM, "out of memory");
	*slot = (u32)cpu;
	return 0;
}

/* One "N" or "N-M" of the list. */
static int add_range(struct config *config, const char *text, const char *all,
		     struct err *err)
{
	char *dash = strchr(text, '-');
	u64 first, last;

	if (dash)
		*dash = '\0';
	if (cli_number(text, UINT32_MAX, &first) ||
	    cli_number(dash ? dash + 1 : text, UINT32_MAX, &last) ||
	    last < first) {
		err_fail(err, -EINVAL, "'%.64s' is no list of CPUs", all);
		return err_hint(err, "write it as 1, 1-3 or 1,3");
	}
	for (u64 cpu = first; cpu <= last; cpu++) {
		int res = add_lcore(config, cpu, err);

		if (res)
			return res;
	}
	return 0;
}

int text_lcores(struct config *config, const char *text, struct err *err)
{
	char *copy = strdup(text), *rest = copy, *part;
	int res = 0;

	if (!copy)
		return err_fail(err, -ENOMEM, "out of memory");
	config->lcores.len = 0;
	while (!res && (part = strsep(&rest, ",")))
		res = add_range(config, part, text, err);
	free(copy);
	return res;
}
