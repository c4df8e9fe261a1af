/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/eal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mempool.h>

#include "base/log.h"
#include "mem/budget.h"
#include "port/eal_args.h"
#include "port/eal_priv.h"
#include "port/frames.h"

#define HUGE_DIR "/sys/kernel/mm/hugepages"
/* EAL's own, and the queues of the drivers. */
#define EAL_BYTES (64ull << 20)

u32 eal_lcore_id(u32 slot)
{
	return slot + 1;
}

bool eal_huge(const struct eal *eal)
{
	return eal->huge;
}

u32 eal_frames_in_use(const struct eal *eal)
{
	u32 n = 0;

	for (u32 kind = 0; kind < FRAME_KINDS; kind++)
		for (u32 i = 0; i < RTE_MAX_NUMA_NODES; i++)
			if (eal->pools[kind][i])
				n += rte_mempool_in_use_count(
					eal->pools[kind][i]);
	return n;
}

static u64 free_pages(const char *size)
{
	char path[512];
	u64 n = 0;
	FILE *f;

	snprintf(path, sizeof(path), HUGE_DIR "/%s/free_hugepages", size);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%lu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/* Bytes of free huge pages, of all sizes and nodes. */
static u64 huge_free(void)
{
	DIR *dir = opendir(HUGE_DIR);
	struct dirent *d;
	u64 sum = 0, kb;

	if (!dir)
		return 0;
	while ((d = readdir(dir)))
		if (sscanf(d->d_name, "hugepages-%lukB", &kb) == 1)
			sum += kb * 1024 * free_pages(d->d_name);
	closedir(dir);
	return sum;
}

static bool huge_enough(u64 bytes)
{
	u64 there = huge_free();

	if (there >= bytes)
		return true;
	log_warn("%llu MB of huge pages are free and the ports need %llu: they "
		 "use ordinary pages (more: sysctl vm.nr_hugepages)",
		 (unsigned long long)(there >> 20),
		 (unsigned long long)(bytes >> 20) + 1);
	return false;
}

static int memory_enough(u64 bytes, struct err *err)
{
	u64 there = mem_available();

	if (there >= bytes)
		return 0;
	err_fail(err, -ENOMEM,
		 "the ports need %llu MB, the machine has %llu MB left",
		 (unsigned long long)(bytes >> 20),
		 (unsigned long long)(there >> 20));
	err_hint(err, "fewer ports, queues or lcores need less");
	return -ENOMEM;
}

/* Empty it goes: it is so from the start unless the user wants telemetry. */
static void remove_runtime_dir(void)
{
	const char *dir = rte_eal_get_runtime_dir();

	if (dir && dir[0] && rmdir(dir) != 0 && errno != ENOENT)
		log_debug("%s stays: %s", dir, strerror(errno));
}

/* What a weir that was killed left behind: empty, and its pid is nobody's.
 * A pid may be somebody's in another pid namespace, but what is empty is not
 * in use. */
static void sweep_runtime_dirs(void)
{
	char path[PATH_MAX], *slash;
	const char *own = rte_eal_get_runtime_dir();
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s", own ? own : "");
	slash = strrchr(path, '/');
	if (!slash)
		return;
	*slash = '\0';
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		int pid, end = 0;

		if (sscanf(e->d_name, EAL_PREFIX "%d%n", &pid, &end) == 1 &&
		    !e->d_name[end] && pid > 0 && kill(pid, 0) < 0 &&
		    errno == ESRCH)
			unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
}

static bool asks_for_help(const struct eal_config *config)
{
	for (u32 i = 0; i < config->arg_cnt; i++)
		if (strcmp(config->args[i], "-h") == 0 ||
		    strcmp(config->args[i], "--help") == 0)
			return true;
	return false;
}

/* EAL answers a bad option with a hundred lines of usage on standard output.
 * Returns what to give to unmute(), -1 when it is not muted. */
static int mute(const struct eal_config *config)
{
	int nothing, saved;

	if (asks_for_help(config))
		return -1;
	fflush(stdout);
	nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
	saved = nothing < 0 ? -1 : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (saved >= 0)
		dup2(nothing, STDOUT_FILENO);
	if (nothing >= 0)
		close(nothing);
	return saved;
}

static void unmute(int saved)
{
	if (saved < 0)
		return;
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
}

static int eal_refused(struct eal *eal, struct err *err)
{
	int code = rte_errno ? -rte_errno : -EINVAL;
	const char *heard = eal_log_heard(eal->log);

	err_fail(err, code, "DPDK does not start: %s",
		 heard[0] ? heard : rte_strerror(-code));
	err_hint(err, "what follows -- on the command line are EAL's options");
	return code;
}

static int init(struct eal *eal, const struct eal_config *config, u64 bytes,
		struct err *err)
{
	struct eal_args args = { 0 };
	char **argv;
	int saved, ok;
	int res = eal_args_make(&args, config, eal->huge, bytes, err);

	if (res)
		goto free_args;
	/* EAL reorders its vector, the strings stay ours */
	argv = calloc(args.list.len + 1, sizeof(*argv));
	if (!argv) {
		res = err_fail(err, -ENOMEM, "out of memory");
		goto free_args;
	}
	memcpy(argv, args.list.items, args.list.len * sizeof(*argv));
	eal_log_listen(eal->log);
	saved = mute(config);
	ok = rte_eal_init((int)args.list.len, argv);
	unmute(saved);
	if (ok < 0)
		res = eal_refused(eal, err);
	else
		eal_log_heard(eal->log);
	sweep_runtime_dirs();
	remove_runtime_dir();
	free(argv);
free_args:
	eal_args_free(&args);
	return res;
}

int eal_start(const struct eal_config *config, struct err *err,
	      struct eal **out)
{
	struct eal *eal = calloc(1, sizeof(*eal));
	u64 bytes;
	int res;

	if (!eal)
		return err_fail(err, -ENOMEM, "out of memory");
	eal->lcore_cnt = config->lcore_cnt;
	frames_needed(config, eal->frames);
	bytes = frames_bytes(eal->frames) + EAL_BYTES;
	eal->huge = config->huge && huge_enough(bytes);
	res = eal->huge ? 0 : memory_enough(bytes, err);
	if (res)
		goto free_eal;
	res = eal_log_open(err, &eal->log);
	if (res)
		goto free_eal;
	res = init(eal, config, bytes, err);
	if (res)
		goto close_log;
	*out = eal;
	return 0;

close_log:
	eal_log_close(eal->log);
free_eal:
	free(eal);
	return res;
}

void eal_stop(struct eal *eal)
{
	for (u32 kind = 0; kind < FRAME_KINDS; kind++)
		for (u32 i = 0; i < RTE_MAX_NUMA_NODES; i++)
			rte_mempool_free(eal->pools[kind][i]);
	rte_eal_cleanup();
	remove_runtime_dir();
	eal_log_close(eal->log);
	free(eal);
}
