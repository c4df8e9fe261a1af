/* SPDX-License-Identifier: BSD-3-Clause */
/* eal_log.h - what EAL and the drivers log, into Weir's log */
#ifndef WEIR_PORT_EAL_LOG_H
#define WEIR_PORT_EAL_LOG_H

#include "base/err.h"

struct eal_log;

/* From here on EAL logs through this, before it is initialised too. */
int eal_log_open(struct err *err, struct eal_log **out);
void eal_log_close(struct eal_log *log);

/*
 * While somebody listens, complaints are kept, not logged: they are the reason
 * of the failure that follows.  eal_log_heard() ends it and returns the first
 * of them, the most exact one, or "".
 */
void eal_log_listen(struct eal_log *log);
const char *eal_log_heard(struct eal_log *log);

#endif
