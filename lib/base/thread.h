/* SPDX-License-Identifier: BSD-3-Clause */
/* thread.h - threads that leave signals to the one that started them */
#ifndef WEIR_BASE_THREAD_H
#define WEIR_BASE_THREAD_H

#include <pthread.h>

/* name has at most 15 characters.  A negative errno. */
int thread_start(pthread_t *thread, const char *name, void *(*fn)(void *arg),
		 void *arg);

#endif
