/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * endpoint.h - the socket in the file system, and whose it is
 *
 * E1  PATH.lock is held, by flock, from endpoint_claim() on, before the socket
 *     is made, until after it is removed: of two daemons that start at once,
 *     one gets the path.
 * E2  A socket that nobody answers on is replaced; one that answers never is.
 * E3  What is removed at the end is the socket that was made, never another
 *     that took its name since.
 */
#ifndef WEIR_CTL_ENDPOINT_H
#define WEIR_CTL_ENDPOINT_H

#include <sys/stat.h>

#include "base/err.h"

struct endpoint {
	char *path;
	char *lock_path;
	int fd; /* bound: listening, non-blocking */
	int lock_fd;
	dev_t dev;
	ino_t ino;
};

int endpoint_claim(struct endpoint *ep, const char *path, struct err *err);
int endpoint_bind(struct endpoint *ep, struct err *err);
void endpoint_unbind(struct endpoint *ep);
void endpoint_release(struct endpoint *ep);

#endif
