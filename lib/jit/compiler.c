/* SPDX-License-Identifier: BSD-3-Clause */
/* compiler.c - compiling in a process of its own: both sides */
#include "jit/compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "jit/emit.h"
#include "jit/jit.h"

/* Exit codes of the process; with the first the object is in its output, with
 * the second the reason. */
enum { DONE = 0, REFUSED = 1, BROKEN = 2 };

/* In the process's environment: what it may take, jit_limits.heap.code. */
#define LIMITS "WEIR_JIT_COMPILER"

/* The whole of a file that has no name; NUL-terminated. */
static int read_all(int fd, u8 **bytes, size_t *size)
{
	struct stat st;
	int ret;

	if (fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	*size = (size_t)st.st_size;
	*bytes = calloc(1, *size + 1);
	if (!*bytes)
		return -ENOMEM;
	ret = file_get(fd, *bytes, *size);
	if (ret)
		free(*bytes);
	return ret;
}

/* ---- the process: a job on standard input, an object on standard output ----
 */

static int compile(const u8 *bytes, size_t size)
{
	struct err err = { 0 };
	struct jit_job job;
	u8 *object = NULL;
	size_t object_size;
	char text[1024];
	int code = DONE;

	if (jit_job_read(bytes, size, &job))
		return BROKEN;
	if (jit_emit(&job, &err, &object, &object_size)) {
		err_text(&err, text, sizeof(text));
		object_size = strlen(text);
		code = REFUSED;
	}
	if (file_put(STDOUT_FILENO, object ? (char *)object : text,
		      object_size))
		code = BROKEN;
	free(object);
	return code;
}

/* Bytes of data that the process has now. */
static u64 data_now(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%*u %*u %*u %*u %*u %llu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (u64)sysconf(_SC_PAGESIZE);
}

static int limit(int what, u64 most)
{
	const struct rlimit r = { .rlim_cur = most, .rlim_max = most };

	return setrlimit((__rlimit_resource_t)what, &r);
}

/* False: nobody said what they are, or they cannot be set. */
static bool take_limits(void)
{
	const char *text = getenv(LIMITS);
	u32 heap, code;
	u64 data = data_now();

	return text && sscanf(text, "%u.%u", &heap, &code) == 2 && data &&
	       !limit(RLIMIT_CORE, 0) && !limit(RLIMIT_FSIZE, code) &&
	       !limit(RLIMIT_DATA, data + heap);
}

int jit_compiler(void)
{
	u8 *bytes;
	size_t size;
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!take_limits() || read_all(STDIN_FILENO, &bytes, &size))
		return BROKEN;
	code = compile(bytes, size);
	free(bytes);
	return code;
}

/* ---- who wants it compiled ---- */

struct child {
	int job, out; /* files without names */
	pid_t pid;
	const struct jit_limits *limits;
	struct err *err;
};

static int spawn(struct child *c, const char *executable)
{
	char *const argv[] = { (char *)executable, JIT_COMPILER_ARG, NULL };
	char limits[64], *const environment[] = { limits, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int ret;

	snprintf(limits, sizeof(limits), LIMITS "=%u.%u", c->limits->heap,
		 c->limits->code);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, c->job, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, c->out, STDOUT_FILENO);
	/* LLVM says there what it dies of */
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	ret = posix_spawn(&c->pid, executable, &files, &attr, argv,
			  environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return ret ? err_fail(c->err, -ret, "cannot start the compiler: %s",
			      strerror(ret))
		   : 0;
}

/* How it ended, as of waitpid(); it is killed if that takes too long. */
static int wait_for(struct child *c, int *status)
{
	u32 time_ms = c->limits->time_ms;
	int fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int ended = -1;

	if (fd >= 0) {
		do
			ended = poll(&p, 1, (int)time_ms);
		while (ended < 0 && errno == EINTR);
		close(fd);
	}
	if (ended <= 0)
		kill(c->pid, SIGKILL);
	while (waitpid(c->pid, status, 0) < 0)
		if (errno != EINTR)
			return err_fail(c->err, -ECHILD,
					"the compiler was lost");
	if (ended > 0)
		return 0;
	return err_fail(c->err, -ETIMEDOUT, "compiling took more than %u ms",
			time_ms);
}

/* A signal ended it. */
static int killed(struct child *c, int signal)
{
	switch (signal) {
	case SIGXFSZ:
		return err_fail(c->err, -E2BIG,
				"the code has more than %u bytes",
				c->limits->code);
	case SIGABRT:
		return err_fail(c->err, -ENOMEM,
				"the compiler gave up, as it does without "
				"memory: it may use %u MB",
				c->limits->heap >> 20);
	default:
		return err_fail(c->err, -ECHILD,
				"the compiler failed: signal %d", signal);
	}
}

/* What it left. */
static int collect(struct child *c, int status, u8 **object, size_t *size)
{
	int ret = read_all(c->out, object, size);

	if (ret)
		return err_fail(c->err, ret, "the compiler's output: %s",
				strerror(-ret));
	if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED)
		ret = err_fail(c->err, -EOPNOTSUPP, "%s", (char *)*object);
	else if (!WIFEXITED(status))
		ret = killed(c, WTERMSIG(status));
	else if (WEXITSTATUS(status) != DONE)
		ret = err_fail(c->err, -ECHILD, "the compiler failed: code %d",
			       WEXITSTATUS(status));
	if (ret) {
		free(*object);
		*object = NULL;
	}
	return ret;
}

int jit_compile_apart(const char *executable, const struct jit_limits *limits,
		      const u8 *job, size_t job_size, struct err *err,
		      u8 **object, size_t *size)
{
	struct child c = {
		.job = memfd_create("weir-job", MFD_CLOEXEC),
		.out = memfd_create("weir-object", MFD_CLOEXEC),
		.limits = limits,
		.err = err,
	};
	int ret = c.job < 0 || c.out < 0 ? -errno : 0, status = 0;

	/* an executable that takes JIT_COMPILER_ARG for something else would
	 * start itself for ever */
	if (getenv(LIMITS))
		ret = -ELOOP;
	if (!ret)
		ret = file_put(c.job, job, job_size);
	if (ret)
		err_fail(err, ret, "cannot start the compiler: %s",
			 strerror(-ret));
	else
		ret = spawn(&c, executable);
	if (!ret)
		ret = wait_for(&c, &status);
	if (!ret)
		ret = collect(&c, status, object, size);
	if (c.job >= 0)
		close(c.job);
	if (c.out >= 0)
		close(c.out);
	return ret;
}
