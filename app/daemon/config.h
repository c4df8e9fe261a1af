/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config.h - what a daemon is to do: flags and file as one
 *
 * Flags win over the file where both say something that can be said once;
 * ports, programs and forwards of both are taken.  Everything the config
 * points to is its own.
 */
#ifndef WEIR_APP_DAEMON_CONFIG_H
#define WEIR_APP_DAEMON_CONFIG_H

#include <net/if.h>

#include "base/log.h"
#include "base/vec.h"
#include "lcore/plane.h"

struct flag {
	int id;
	const char *name;  /* of its option */
	const char *value; /* NULL: takes none */
};

/* Where in the configuration something was said; its line is looked up when
 * there is something to say about it. */
struct config_place {
	const struct flag *flag; /* or NULL: in the file */
	const char *file;	 /* NULL: it is what something else implies */
	const char *list;	 /* "ports" */
	u32 item;
};

struct config_port {
	struct port_config port;
	struct forward forward;
	char mirror[IF_NAMESIZE]; /* of the host's; "": none */
	struct config_place place;
};

struct config_prog {
	const char *port;
	const char *object; /* absolute */
	const char *prog;   /* NULL: the only one for the hook */
	enum hook_kind hook;
	bool has_priority, has_style, has_chain_actions;
	u32 priority;
	enum chain_style style;
	u32 chain_actions;
	bool direct_action;
	u32 classid;
	struct config_place place;
};

struct config_pin {
	const char *map;
	const char *path;
};

struct config_net {
	enum net_noun noun;
	const char *words;
	struct config_place place;
};

struct config_object {
	const char *path;	     /* absolute */
	VEC(const char *) overrides; /* "MAP.max_entries=N" */
	VEC(struct config_pin) pins;
	struct config_place place;
};

struct config {
	const char *socket;
	VEC(u32) lcores;
	u64 memory; /* 0: half of what there is */
	bool huge;
	enum sys_engine engine;
	const char *perf; /* a folder for perf(1)'s files, or NULL */
	u32 burst; /* 0: the default */
	bool has_log_level;
	enum log_level log_level;
	VEC(char *) eal_args;
	VEC(struct config_port) ports;
	VEC(struct config_object) objects;
	VEC(struct config_prog) progs;
	VEC(struct config_net) net; /* addresses first */

	VEC(char *) strings; /* what the pointers above point to */
};

/* The command line as it was given; a reload reads it again. */
struct flags {
	VEC(struct flag) items;
	const char *file;   /* -c, or NULL */
	const char *socket; /* -s, or NULL */
	bool until_eof;
	bool dump_maps;
	int eal_argc;
	char **eal_argv;
};

enum {
	FLAG_PORT = 300,
	FLAG_XDP,
	FLAG_TC_INGRESS,
	FLAG_TC_EGRESS,
	FLAG_FORWARD,
	FLAG_LCORES,
	FLAG_MEMORY,
	FLAG_NO_HUGE,
	FLAG_ENGINE,
	FLAG_PERF,
};

/* Defaults, the file, the flags, and a look at the whole.  config is to be
 * freed in any case.  -EINVAL and the like with the flag or FILE:LINE as
 * place. */
int config_make(struct config *config, const struct flags *flags,
		struct err *err);
void config_free(struct config *config);

/* A copy that lives as long as the config, or NULL. */
const char *config_string(struct config *config, const char *text);
struct config_object *config_object(struct config *config, const char *path);

/* The place becomes err's.  Returns its code. */
int config_place_err(const struct config_place *place, struct err *err);

/* What running daemons cannot change is the same, or -EBUSY. */
int config_same_frame(const struct config *a, const struct config *b,
		      struct err *err);

/* config_file.c */
int config_read(struct config *config, const char *path, struct err *err);

/* config_line.c: the line of the file where a setting of an item of a list
 * stands ("ports", 2, "mac"), of the item if it has no such setting, 0: there
 * is none.  list NULL: of the setting at the top. */
u32 config_line(const char *path, const char *list, u32 item,
		const char *setting);

/* config_text.c: what texts mean; -EINVAL with the reason and a hint. */
int text_name(const char *text, char *name, struct err *err);
/* A device of the host. */
int text_device(const char *text, char name[IF_NAMESIZE], struct err *err);
int text_mac(const char *text, u8 *mac, struct err *err);
int text_replay(const char *text, enum port_replay *out, struct err *err);
int text_hook(const char *text, enum hook_kind *out, struct err *err);
int text_style(const char *text, enum chain_style *out, struct err *err);
int text_actions(const char *text, u32 *mask, struct err *err);
int text_classid(const char *text, u32 *out, struct err *err);
int text_size(const char *text, u64 *out, struct err *err);
int text_log_level(const char *text, enum log_level *out, struct err *err);
/* "0-3,5"; each exists, may be used and is there once. */
int text_lcores(struct config *config, const char *text, struct err *err);

#endif
