/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * caps.c - no capabilities once the ports are open
 *
 * A thread can only give up its own.  EAL has made its threads by now: the
 * lcores are sent here as to any work, EAL's interrupt thread by an alarm.
 * Threads made later inherit having none.
 */
#include <dirent.h>
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_alarm.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "base/log.h"
#include "daemon/daemon.h"

#define PATIENCE_SECONDS 5

static int drop_here(void *arg)
{
	cap_t none = cap_init();
	int res = 0;

	(void)arg;
	if (!none)
		return -ENOMEM;
	/* Executing something gives nothing back. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    cap_set_proc(none) < 0)
		res = -errno;
	cap_free(none);
	return res;
}

struct alarm {
	sem_t done;
	int res;
};

static void on_alarm(void *arg)
{
	struct alarm *a = arg;

	a->res = drop_here(NULL);
	sem_post(&a->done);
}

static int drop_in_interrupt_thread(void)
{
	struct alarm a = { .res = 0 };
	struct timespec end;
	int res;

	if (sem_init(&a.done, 0, 0) < 0)
		return -errno;
	res = rte_eal_alarm_set(1, on_alarm, &a);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_SECONDS;
	while (!res && sem_timedwait(&a.done, &end) < 0)
		if (errno != EINTR)
			res = -errno;
	if (res)
		rte_eal_alarm_cancel(on_alarm, &a);
	sem_destroy(&a.done);
	return res ? res : a.res;
}

static int drop_in_lcores(void)
{
	u32 lcore;
	int res = rte_eal_mp_remote_launch(drop_here, NULL, SKIP_MAIN);

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		int one = rte_eal_wait_lcore(lcore);

		if (one)
			res = one;
	}
	return res;
}

/* A thread that a driver made and nobody reaches keeps what it had. */
static u32 threads_with_capabilities(void)
{
	DIR *dir = opendir("/proc/self/task");
	cap_t none = cap_init();
	struct dirent *e;
	u32 n = 0;

	while (dir && none && (e = readdir(dir))) {
		cap_t caps;

		if (e->d_name[0] == '.')
			continue;
		caps = cap_get_pid((pid_t)atoi(e->d_name));
		if (caps && cap_compare(caps, none))
			n++;
		cap_free(caps);
	}
	if (dir)
		closedir(dir);
	cap_free(none);
	return n;
}

int caps_use(bool use)
{
	cap_t caps = cap_get_proc();
	int res = 0;

	if (!caps)
		return -errno;
	if ((use ? cap_fill(caps, CAP_EFFECTIVE, CAP_PERMITTED)
		 : cap_clear_flag(caps, CAP_EFFECTIVE)) < 0 ||
	    cap_set_proc(caps) < 0)
		res = -errno;
	cap_free(caps);
	return res;
}

int caps_drop(struct err *err)
{
	int res = drop_in_lcores();
	u32 left;

	if (!res)
		res = drop_in_interrupt_thread();
	if (!res)
		res = drop_here(NULL);
	if (res)
		return err_fail(err, res, "cannot drop capabilities: %s",
				strerror(-res));
	left = threads_with_capabilities();
	if (left)
		log_warn("%u threads of drivers keep their capabilities", left);
	return 0;
}
