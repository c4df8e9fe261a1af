/* SPDX-License-Identifier: BSD-3-Clause */
/* call.h - what commands ask of the daemon, and how they print the answer */
#ifndef WEIR_APP_CLI_CALL_H
#define WEIR_APP_CLI_CALL_H

#include <jansson.h>

#include "cli/command.h"
#include "ctl/ctl.h"

/* Connected, or an exit code after having said why not. */
int cli_connect(struct cli *cli);

/* One request.  args is stolen.  EXIT_OK and, unless NULL, *result to be
 * decref'd; or an exit code after having reported the failure. */
int cli_call(struct cli *cli, const char *method, json_t *args,
	     json_t **result);
/* The same, with the daemon's error left in err and unreported. */
int cli_call_quiet(struct cli *cli, const char *method, json_t *args,
		   json_t **result, struct err *err);
/* The same with the result as the daemon wrote it, to be freed. */
int cli_call_text(struct cli *cli, const char *method, json_t *args,
		  char **text, struct err *err);

/* As -j and -p want it, with a newline. */
void cli_print(const struct cli *cli, const json_t *value);
void cli_print_text(const struct cli *cli, const char *text);
/* What commands that only do something print with -j: null, as bpftool. */
int cli_done(const struct cli *cli);

/* A map or program in the words: id N | name NAME | pinned PATH | N | NAME.
 * NULL after having said what is wrong. */
json_t *cli_reference(struct cli *cli, const char *what);
/* The same as the only argument, or none: *ref is NULL.  EXIT_OK or
 * EXIT_USAGE. */
int cli_only_reference(struct cli *cli, json_t **ref);
/* `map pin <map> <path>` and `map unpin <path>`, of any kind. */
int cli_pin(struct cli *cli, const char *kind);
int cli_unpin(struct cli *cli, const char *kind);
/* True when there is nothing after the words taken so far. */
bool cli_at_end(struct cli *cli);

/* Members of an answer; 0 and "" when they are not there. */
u64 get_u64(const json_t *object, const char *name);
const char *get_str(const json_t *object, const char *name);

#endif
