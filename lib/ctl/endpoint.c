/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int address(const char *path, struct sockaddr_un *addr, struct err *err)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	if (!path[0])
		return err_fail(err, -EINVAL, "the socket's path is empty");
	if (strlen(path) >= sizeof(addr->sun_path)) {
		err_fail(err, -ENAMETOOLONG,
			 "a socket's path has at most %zu characters, this "
			 "one has %zu",
			 sizeof(addr->sun_path) - 1, strlen(path));
		return err_place(err, "%.100s...", path);
	}
	strcpy(addr->sun_path, path);
	return 0;
}

/* Who answers on the path: its pid, 0 if nobody, or a negative errno. */
static int who_answers(const struct sockaddr_un *addr)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd, result;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0) {
		result = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
		result = result < 0 || peer.pid <= 0 ? 1 : peer.pid;
	} else if (errno == EAGAIN) {
		result = 1; /* its backlog is full: it lives */
	} else if (errno == ECONNREFUSED || errno == ENOENT) {
		result = 0;
	} else {
		result = -errno;
	}
	close(fd);
	return result;
}

static int in_use(const struct sockaddr_un *addr, struct err *err)
{
	int pid = who_answers(addr);

	if (pid > 1)
		err_fail(err, -EADDRINUSE,
			 "another weir serves %s, pid %d", addr->sun_path, pid);
	else
		err_fail(err, -EADDRINUSE, "another weir serves %s",
			 addr->sun_path);
	return err_hint(err, "stop it, or name another socket with -s");
}

static int cannot(struct err *err, const char *what, const char *path)
{
	int code = -errno;

	err_fail(err, code, "cannot %s: %s", what, strerror(-code));
	err_place(err, "%s", path);
	return err_hint(err, "name a path you may write, without "
			     "capabilities, with -s");
}

/* Lock the lock file that has the path now: between our open and our flock
 * its last owner may have removed it. */
static int take_lock(struct endpoint *ep, const struct sockaddr_un *addr,
		     struct err *err)
{
	for (;;) {
		struct stat mine, there;
		int fd = open(ep->lock_path,
			      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return cannot(err, "open", ep->lock_path);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			close(fd);
			return in_use(addr, err);
		}
		if (fstat(fd, &mine) == 0 &&
		    stat(ep->lock_path, &there) == 0 &&
		    mine.st_dev == there.st_dev &&
		    mine.st_ino == there.st_ino) {
			ep->lock_fd = fd;
			return 0;
		}
		close(fd);
	}
}

static int clear_path(const struct sockaddr_un *addr, struct err *err)
{
	struct stat st;
	int pid;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 :
					 cannot(err, "look at it",
						addr->sun_path);
	if (!S_ISSOCK(st.st_mode)) {
		err_fail(err, -EEXIST, "it exists and is no socket");
		err_place(err, "%s", addr->sun_path);
		return err_hint(err, "remove it, or name another with -s");
	}
	pid = who_answers(addr);
	if (pid > 0)
		return in_use(addr, err);
	if (pid < 0) {
		errno = -pid;
		return cannot(err, "connect", addr->sun_path);
	}
	if (unlink(addr->sun_path) < 0 && errno != ENOENT)
		return cannot(err, "remove the stale socket", addr->sun_path);
	return 0;
}

/* The mode of a bound socket is that of the descriptor, less the umask: 0600
 * before it has a name. */
int endpoint_bind(struct endpoint *ep, struct err *err)
{
	struct sockaddr_un addr;
	struct stat st;
	int res = address(ep->path, &addr, err);

	if (res)
		return res;
	ep->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
	if (ep->fd < 0)
		return cannot(err, "make a socket", ep->path);
	if (fchmod(ep->fd, 0600) < 0 ||
	    bind(ep->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		cannot(err, "bind", ep->path);
		goto close_fd;
	}
	if (listen(ep->fd, BACKLOG) < 0 || lstat(ep->path, &st) < 0) {
		cannot(err, "listen", ep->path);
		goto unlink_path;
	}
	ep->dev = st.st_dev;
	ep->ino = st.st_ino;
	return 0;

unlink_path:
	unlink(ep->path);
close_fd:
	close(ep->fd);
	return err->code;
}

int endpoint_claim(struct endpoint *ep, const char *path, struct err *err)
{
	struct sockaddr_un addr;
	int res;

	res = address(path, &addr, err);
	if (res)
		return res;
	ep->path = strdup(path);
	if (!ep->path)
		return err_fail(err, -ENOMEM, "out of memory");
	if (asprintf(&ep->lock_path, "%s.lock", path) < 0) {
		res = err_fail(err, -ENOMEM, "out of memory");
		goto free_path;
	}
	res = take_lock(ep, &addr, err);
	if (res)
		goto free_lock_path;
	res = clear_path(&addr, err);
	if (res)
		goto release_lock;
	return 0;

release_lock:
	unlink(ep->lock_path);
	close(ep->lock_fd);
free_lock_path:
	free(ep->lock_path);
free_path:
	free(ep->path);
	return res;
}

void endpoint_unbind(struct endpoint *ep)
{
	struct stat st;

	if (lstat(ep->path, &st) == 0 && st.st_dev == ep->dev &&
	    st.st_ino == ep->ino)
		unlink(ep->path);
	close(ep->fd);
}

void endpoint_release(struct endpoint *ep)
{
	unlink(ep->lock_path);
	close(ep->lock_fd);
	free(ep->lock_path);
	free(ep->path);
}
