/* SPDX-License-Identifier: BSD-3-Clause */
/* obj_maps.h - what is in the maps of a loaded object, without a daemon */
#ifndef WEIR_APP_CLI_OBJ_MAPS_H
#define WEIR_APP_CLI_OBJ_MAPS_H

#include "base/json.h"
#include "sys/sys.h"

/* An object a map, by the names the object has for them: items of an array. */
void obj_maps_json(struct json *j, const struct elf_obj *obj,
		   const struct sys_obj *so);
void obj_maps_print(const struct elf_obj *obj, const struct sys_obj *so);

#endif
