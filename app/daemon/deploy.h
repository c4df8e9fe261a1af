/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deploy.h - the objects of a configuration, loaded, and where they run
 *
 * A deployment is made beside the one that runs and then takes its place, in
 * one change of the plane.  Objects that did not change are shared by both.
 */
#ifndef WEIR_APP_DAEMON_DEPLOY_H
#define WEIR_APP_DAEMON_DEPLOY_H

#include "daemon/config.h"

struct deploy_object {
	u32 refs;
	char *path;
	char *overrides; /* one a line, to tell changes */
	u8 *bytes;	 /* the file */
	size_t size;
	struct elf_obj *obj;
	struct sys_obj *so;
};

/* A program of the configuration at its place. */
struct placement {
	const struct deploy_object *object;
	const char *name; /* the program's, in the object */
	u32 port;
	enum hook_kind hook;
	struct chain_entry entry; /* the object holds the program */
	u32 id;			  /* the attachment's, 0: none yet */
};

struct deploy_pin {
	char *path;
	struct map *map; /* the object holds it */
};

struct deploy {
	struct sys *sys;
	VEC(struct deploy_object *) objects;
	VEC(struct placement) placements;
	VEC(struct deploy_pin) pins;
};

/* Load what config names.  What old (or NULL) has of an object that changed is
 * kept: state maps, not prog arrays and global data. */
int deploy_make(struct plane *plane, const struct config *config,
		const struct deploy *old, struct err *err, struct deploy **out);
/* From old (or NULL) to new: programs, forwards and pins, all or nothing. */
int deploy_switch(struct plane *plane, const struct config *config,
		  const struct deploy *old, struct deploy *new,
		  struct err *err);
void deploy_free(struct deploy *deploy);

/* deploy_object.c */
int deploy_object_load(struct sys *sys, const struct config_object *config,
		       const struct deploy *old, struct err *err,
		       struct deploy_object **out);
void deploy_object_put(struct deploy_object *o);
/* The program of that name, or the only one for the hook if name is NULL;
 * NULL with the names there are. */
const struct elf_prog *deploy_find_prog(const struct deploy_object *o,
					enum hook_kind hook, const char *name,
					struct err *err);

#endif
