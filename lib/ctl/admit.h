/* SPDX-License-Identifier: BSD-3-Clause */
/* admit.h - who may be a client */
#ifndef WEIR_CTL_ADMIT_H
#define WEIR_CTL_ADMIT_H

#include "ctl/ctl_priv.h"

/* 0, or a negative errno: the client was told why and fd is closed. */
int admit_client(const struct ctl *ctl, evutil_socket_t fd);

#endif
