/* SPDX-License-Identifier: BSD-3-Clause */
/* code_cache.c - where compiled programs are kept */
#include "cli/code_cache.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	/* systemd gives several, with colons between them: ours is the first */
	return value && value[0] == '/' ? value : NULL;
}

void code_cache_use(struct sys *sys, char *folder)
{
	const char *at = variable("CACHE_DIRECTORY");
	int n = 0;

	if (at)
		n = snprintf(folder, CODE_CACHE_MAX, "%.*s",
			     (int)strcspn(at, ":"), at);
	else if ((at = variable("XDG_CACHE_HOME")))
		n = snprintf(folder, CODE_CACHE_MAX, "%s/weir", at);
	else if (geteuid() == 0)
		n = snprintf(folder, CODE_CACHE_MAX, "/var/cache/weir");
	else if ((at = variable("HOME")))
		n = snprintf(folder, CODE_CACHE_MAX, "%s/.cache/weir", at);
	if (n > 0 && n < CODE_CACHE_MAX)
		sys_set_code_cache(sys, folder);
}
