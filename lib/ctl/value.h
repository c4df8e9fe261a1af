/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * value.h - keys and values between JSON and bytes
 *
 * In a request a key is one of
 *	"key_hex": "0a000001"
 *	"key": ["0x0a", 0, 0, 1]	its bytes, as answers show them
 *	"key": {"saddr": "10.0.0.1"}	by the map's BTF
 *	"key": 7			a number in the host's byte order, for
 *					1, 2, 4 and 8 bytes without BTF
 * and so is a value.  A per-CPU value given once is every lcore's; "values"
 * is an array with one for each.
 */
#ifndef WEIR_CTL_VALUE_H
#define WEIR_CTL_VALUE_H

#include "ctl/request.h"

enum value_format {
	VALUE_BPFTOOL, /* bytes, and "formatted" where there is BTF */
	VALUE_TYPED,   /* by BTF alone, bytes where there is none; programs and
			  maps are their ids */
	VALUE_PACKED,  /* base64, many entries at a time */
};

int arg_format(const struct request *rq, enum value_format *format,
	       struct err *err);

/* key_size bytes; map_value_bytes() bytes, every slot filled. */
int arg_key(const struct request *rq, const struct map *map, void *key,
	    struct err *err);
int arg_value(const struct request *rq, const struct map *map, void *value,
	      struct err *err);

/* An entry as bpftool prints it (not VALUE_PACKED). */
void value_entry(struct json *j, const struct map *map, const void *key,
		 const void *value, enum value_format format);

/* Is it a program or a map? */
bool value_is_object(const struct map *map);

/* A string of base64. */
void value_base64(struct json *j, const void *bytes, size_t size);

/* Repeat a value of value_size bytes in every slot of a per-CPU value. */
void value_spread(const struct map *map, const void *one, void *all);

#endif
