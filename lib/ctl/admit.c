/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/admit.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/request.h"

/* Is the process at the other end ours or root's? */
static int authorise(evutil_socket_t fd, struct err *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return err_fail(err, -errno, "cannot tell who you are");
	if (peer.uid == 0 || peer.uid == geteuid())
		return 0;
	err_fail(err, -EPERM, "user %u may not control a weir of user %u",
		 peer.uid, geteuid());
	return err_hint(err, "run as that user or as root");
}

/* Say why, without waiting for the client to read it. */
static void turn_away(evutil_socket_t fd, const struct err *err)
{
	struct evbuffer *out = evbuffer_new();

	if (out) {
		reply_error(out, err);
		evbuffer_write(out, fd);
		evbuffer_free(out);
	}
	close(fd);
}

static int check(const struct ctl *ctl, evutil_socket_t fd, struct err *err)
{
	int res = authorise(fd, err);

	if (res)
		return res;
	if (ctl->session_cnt >= ctl->config.max_clients) {
		err_fail(err, -EUSERS, "%u clients are connected already",
			 ctl->session_cnt);
		return err_hint(err, "try again when one has finished");
	}
	return 0;
}

int admit_client(const struct ctl *ctl, evutil_socket_t fd)
{
	struct err err;
	int res = check(ctl, fd, &err);

	if (res) {
		log_warn("control: turned a client away: %s", err.reason);
		turn_away(fd, &err);
	}
	return res;
}
