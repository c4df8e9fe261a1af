/* SPDX-License-Identifier: BSD-3-Clause */
/* btf_rules.h - a blob for each rule of BTF_LOAD, and what Linux says to it */
#ifndef WEIR_TESTS_BTF_RULES_H
#define WEIR_TESTS_BTF_RULES_H

#include "btf_make.h"

struct btf_rule {
	const char *name;
	int code;	  /* 0: accepted */
	const char *says; /* the end of the first line */
	const u32 *types;
	size_t types_len;      /* bytes */
	struct btf_header hdr; /* what is added to the right one */
	const char *strings;   /* instead of the usual ones */
	size_t strings_len;
	bool no_strings;
	bool strings_first;
	u32 tail_len; /* bytes behind the header, of this value: */
	u8 tail;
	u32 size; /* cut to; 0: all of it */
};

extern const struct btf_rule btf_rules[];
extern const u32 btf_rule_cnt;

/* The blob is in m->out.  Returns its size. */
u32 btf_rule_make(const struct btf_rule *rule, struct btf_make *m);

#endif
