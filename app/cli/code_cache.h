/* SPDX-License-Identifier: BSD-3-Clause */
/* code_cache.h - where compiled programs are kept */
#ifndef WEIR_APP_CLI_CODE_CACHE_H
#define WEIR_APP_CLI_CODE_CACHE_H

#include "sys/sys.h"

#define CODE_CACHE_MAX 4096

/* The folder, as the environment has it: systemd's CACHE_DIRECTORY;
 * XDG_CACHE_HOME/weir; of root /var/cache/weir, of others .cache/weir at home.
 * folder has CODE_CACHE_MAX bytes and stays as long as sys. */
void code_cache_use(struct sys *sys, char *folder);

#endif
