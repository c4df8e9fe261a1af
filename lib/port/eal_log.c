/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/eal_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "base/log.h"

struct eal_log {
	FILE *stream;
	pthread_mutex_t lock; /* any thread may log */
	bool listening;
	char heard[256];
	char told[256]; /* the control thread's copy of what was heard */
};

static enum log_level level_of(u32 rte_level)
{
	if (rte_level <= RTE_LOG_WARNING)
		return LOG_WARN;
	return rte_level <= RTE_LOG_NOTICE ? LOG_INFO : LOG_DEBUG;
}

static void line(struct eal_log *log, enum log_level level, const char *text,
		 size_t len)
{
	bool keep;

	pthread_mutex_lock(&log->lock);
	keep = log->listening && level == LOG_WARN;
	if (keep && !log->heard[0])
		snprintf(log->heard, sizeof(log->heard), "%.*s", (int)len,
			 text);
	pthread_mutex_unlock(&log->lock);
	log_line(keep ? LOG_DEBUG : level, "dpdk: %.*s", (int)len, text);
}

static ssize_t write_lines(void *cookie, const char *text, size_t size)
{
	enum log_level level = level_of((u32)rte_log_cur_msg_loglevel());
	const char *end = text + size;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((stop ? stop : end) - text);

		if (len > 0)
			line(cookie, level, text, len);
		text += len + 1;
	}
	return (ssize_t)size;
}

int eal_log_open(struct err *err, struct eal_log **out)
{
	const cookie_io_functions_t functions = { .write = write_lines };
	struct eal_log *log = calloc(1, sizeof(*log));

	if (!log)
		return err_fail(err, -ENOMEM, "out of memory");
	log->stream = fopencookie(log, "w", functions);
	if (!log->stream || rte_openlog_stream(log->stream) != 0) {
		if (log->stream)
			fclose(log->stream);
		free(log);
		return err_fail(err, -ENOMEM, "no log for EAL");
	}
	pthread_mutex_init(&log->lock, NULL);
	*out = log;
	return 0;
}

void eal_log_close(struct eal_log *log)
{
	rte_openlog_stream(NULL);
	fclose(log->stream);
	pthread_mutex_destroy(&log->lock);
	free(log);
}

void eal_log_listen(struct eal_log *log)
{
	pthread_mutex_lock(&log->lock);
	log->listening = true;
	log->heard[0] = '\0';
	pthread_mutex_unlock(&log->lock);
}

const char *eal_log_heard(struct eal_log *log)
{
	pthread_mutex_lock(&log->lock);
	log->listening = false;
	memcpy(log->told, log->heard, sizeof(log->told));
	pthread_mutex_unlock(&log->lock);
	return log->told;
}
