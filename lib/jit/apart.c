/* SPDX-License-Identifier: BSD-3-Clause */
/* apart.c - who wants a job compiled by the process of compiler.c */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "jit/compiler.h"

/* What is asked for. */
struct order {
	struct jit_kept *kept;
	const char *executable;
	const struct jit_limits *limits;
	int files[JIT_FILES];
	struct err *err;
};

int jit_file_read(int fd, u8 **bytes, size_t *size)
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

/* ---- the process ---- */

static int spawn(struct order *o, int sock)
{
	char *const argv[] = { (char *)o->executable, JIT_COMPILER_ARG, NULL };
	char limits[64], *const environment[] = { limits, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int ret;

	snprintf(limits, sizeof(limits), JIT_LIMITS "=%u.%u", o->limits->heap,
		 o->limits->code);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, sock, STDIN_FILENO);
	/* LLVM says there what it dies of */
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null",
					 O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	ret = posix_spawn(&o->kept->pid, o->executable, &files, &attr, argv,
			  environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -ret;
}

static int start(struct order *o)
{
	int ends[2], ret;

	/* an executable that takes JIT_COMPILER_ARG for something else would
	 * start itself for ever */
	if (getenv(JIT_LIMITS)) {
		ret = -ELOOP;
	} else if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			      ends)) {
		ret = -errno;
	} else {
		ret = spawn(o, ends[1]);
		close(ends[1]);
		if (ret)
			close(ends[0]);
	}
	if (ret)
		return err_fail(o->err, ret, "cannot start the compiler: %s",
				strerror(-ret));
	o->kept->sock = ends[0];
	o->kept->runs = true;
	return 0;
}

/* How it ended, as of waitpid(); one that has not yet is killed if kills.  -1:
 * it was lost. */
static int end(struct jit_kept *kept, bool kills)
{
	int status;

	kept->runs = false;
	if (kills)
		kill(kept->pid, SIGKILL);
	close(kept->sock);
	while (waitpid(kept->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

void jit_kept_init(struct jit_kept *kept)
{
	*kept = (struct jit_kept){ .runs = false };
	pthread_mutex_init(&kept->lock, NULL);
}

void jit_kept_end(struct jit_kept *kept)
{
	pthread_mutex_lock(&kept->lock);
	if (kept->runs)
		end(kept, false);
	pthread_mutex_unlock(&kept->lock);
}

/* ---- a job ---- */

static int ask(struct order *o)
{
	struct jit_request request = { .time_ms = o->limits->time_ms };
	struct iovec io = { &request, sizeof(request) };
	union {
		char bytes[CMSG_SPACE(JIT_FILES * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr m = { .msg_iov = &io,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(o->files));
	memcpy(CMSG_DATA(c), o->files, sizeof(o->files));
	return sendmsg(o->kept->sock, &m, MSG_NOSIGNAL) < 0 ? -EPIPE : 0;
}

/* -EPIPE: it ended without, -ETIMEDOUT. */
static int answer_of(struct order *o, u32 *answer)
{
	struct pollfd p = { .fd = o->kept->sock, .events = POLLIN };
	int ready;

	do
		ready = poll(&p, 1, (int)o->limits->time_ms);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return -ETIMEDOUT;
	return recv(o->kept->sock, answer, sizeof(*answer), 0) ==
			       sizeof(*answer)
		       ? 0
		       : -EPIPE;
}

/* A signal ended it. */
static int killed(struct order *o, int signal)
{
	switch (signal) {
	case SIGXFSZ:
		return err_fail(o->err, -E2BIG,
				"the code has more than %u bytes",
				o->limits->code);
	case SIGABRT:
		return err_fail(o->err, -ENOMEM,
				"the compiler gave up, as it does without "
				"memory: it may use %u MB",
				o->limits->heap >> 20);
	default:
		return err_fail(o->err, -ECHILD,
				"the compiler failed: signal %d", signal);
	}
}

/* It ended before it answered. */
static int ended(struct order *o)
{
	int status = end(o->kept, false);

	if (status == -1)
		return err_fail(o->err, -ECHILD, "the compiler was lost");
	if (!WIFEXITED(status))
		return killed(o, WTERMSIG(status));
	return err_fail(o->err, -ECHILD, "the compiler failed: code %d",
			WEXITSTATUS(status));
}

/* One that was kept may have left, or leave now: the next is told. */
static int compile(struct order *o, u32 *answer)
{
	bool was_kept = o->kept->runs;
	int ret = was_kept ? 0 : start(o);

	if (ret)
		return ret;
	ret = ask(o);
	if (!ret)
		ret = answer_of(o, answer);
	if (ret == -ETIMEDOUT) {
		end(o->kept, true);
		return err_fail(o->err, ret, "compiling took more than %u ms",
				o->limits->time_ms);
	}
	if (!ret)
		return 0;
	if (!was_kept)
		return ended(o);
	end(o->kept, false);
	return compile(o, answer);
}

/* What it left. */
static int collect(struct order *o, u32 answer, u8 **object, size_t *size)
{
	int ret;

	if (answer == JIT_BROKEN)
		return err_fail(o->err, -ECHILD,
				"the compiler could not read or write");
	ret = jit_file_read(o->files[JIT_OUT], object, size);
	if (ret)
		return err_fail(o->err, ret, "the compiler's output: %s",
				strerror(-ret));
	if (answer == JIT_DONE)
		return 0;
	ret = err_fail(o->err, -EOPNOTSUPP, "%s", (char *)*object);
	free(*object);
	*object = NULL;
	return ret;
}

static int order(struct order *o, const u8 *job, size_t job_size, u8 **object,
		 size_t *size)
{
	int ret = o->files[JIT_JOB] < 0 || o->files[JIT_OUT] < 0 ? -errno : 0;
	u32 answer = JIT_BROKEN;

	if (!ret)
		ret = file_put(o->files[JIT_JOB], job, job_size);
	if (ret)
		return err_fail(o->err, ret, "cannot start the compiler: %s",
				strerror(-ret));
	pthread_mutex_lock(&o->kept->lock);
	ret = compile(o, &answer);
	pthread_mutex_unlock(&o->kept->lock);
	return ret ? ret : collect(o, answer, object, size);
}

int jit_compile_apart(const char *executable, struct jit_kept *kept,
		      const struct jit_limits *limits, const u8 *job,
		      size_t job_size, struct err *err, u8 **object,
		      size_t *size)
{
	struct jit_kept own;
	struct order o = {
		.kept = kept ? kept : &own,
		.executable = executable,
		.limits = limits,
		.files = { [JIT_JOB] = memfd_create("weir-job", MFD_CLOEXEC),
			   [JIT_OUT] =
				   memfd_create("weir-object", MFD_CLOEXEC) },
		.err = err,
	};
	int ret;

	jit_kept_init(&own);
	ret = order(&o, job, job_size, object, size);
	jit_kept_end(&own);
	for (u32 i = 0; i < JIT_FILES; i++)
		if (o.files[i] >= 0)
			close(o.files[i]);
	return ret;
}
