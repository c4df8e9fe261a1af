/* SPDX-License-Identifier: BSD-3-Clause */
/* compiler.c - the process that compiles */
#include "jit/compiler.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "jit/emit.h"
#include "jit/jit.h"

#define DATA_GROWTH 4 /* it ends when a job left it with 1/4 of its heap */

/* A job, from one file into the other; an enum jit_answer. */
static u32 compile(const u8 *bytes, size_t size, int out)
{
	struct err err = { 0 };
	struct jit_job job;
	u8 *object = NULL;
	size_t object_size;
	char text[1024];
	u32 answer = JIT_DONE;

	if (jit_job_read(bytes, size, &job))
		return JIT_BROKEN;
	if (jit_emit(&job, &err, &object, &object_size)) {
		err_text(&err, text, sizeof(text));
		object_size = strlen(text);
		answer = JIT_REFUSED;
	}
	if (file_put(out, object ? (char *)object : text, object_size))
		answer = JIT_BROKEN;
	free(object);
	return answer;
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
static bool take_limits(u64 *data, u32 *heap)
{
	const char *text = getenv(JIT_LIMITS);
	u32 code;

	*data = data_now();
	return text && sscanf(text, "%u.%u", heap, &code) == 2 && *data &&
	       !limit(RLIMIT_CORE, 0) && !limit(RLIMIT_FSIZE, code) &&
	       !limit(RLIMIT_DATA, *data + *heap);
}

/* The next job and its two files; false: nobody has one any more. */
static bool receive(struct jit_request *request, int files[JIT_FILES])
{
	struct iovec io = { request, sizeof(*request) };
	union {
		char bytes[CMSG_SPACE(JIT_FILES * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = { .msg_iov = &io,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	if (recvmsg(STDIN_FILENO, &m, MSG_CMSG_CLOEXEC) != sizeof(*request))
		return false;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_len != CMSG_LEN(JIT_FILES * sizeof(int)))
		return false;
	memcpy(files, CMSG_DATA(c), JIT_FILES * sizeof(int));
	return true;
}

/* Who asked may be gone before it has an answer: time is kept here, too. */
static bool serve(void)
{
	struct jit_request request;
	int files[JIT_FILES];
	u32 answer = JIT_BROKEN;
	size_t size;
	u8 *bytes;

	if (!receive(&request, files))
		return false;
	alarm(request.time_ms / 1000 + 1);
	if (!jit_file_read(files[JIT_JOB], &bytes, &size)) {
		answer = compile(bytes, size, files[JIT_OUT]);
		free(bytes);
	}
	alarm(0);
	for (u32 i = 0; i < JIT_FILES; i++)
		close(files[i]);
	return send(STDIN_FILENO, &answer, sizeof(answer), MSG_NOSIGNAL) ==
	       sizeof(answer);
}

int jit_compiler(void)
{
	u64 data;
	u32 heap;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!take_limits(&data, &heap))
		return JIT_BROKEN;
	while (serve())
		if (data_now() > data + heap / DATA_GROWTH)
			break;
	return 0;
}
