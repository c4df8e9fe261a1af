/* SPDX-License-Identifier: BSD-3-Clause */
/* table.c - helpers by number, and the names of those that Linux has */
#include "helper/helpers.h"

#define BY_ID(name) [BPF_FUNC_##name] = &helper_##name,
static const struct helper *const by_id[__BPF_FUNC_MAX_ID] = { HELPERS(BY_ID) };
#undef BY_ID

#define NAME(name) [BPF_FUNC_##name] = #name
static const char *const names[__BPF_FUNC_MAX_ID] = { __BPF_FUNC_MAPPER(NAME) };
#undef NAME

#define ROW(name) &helper_##name,
const struct helper *const helper_table[] = { HELPERS(ROW) NULL };
#undef ROW

const struct helper *helper_find(u32 id)
{
	return id < ARRAY_LEN(by_id) ? by_id[id] : NULL;
}

const char *helper_name(u32 id)
{
	if (id == BPF_FUNC_unspec || id >= ARRAY_LEN(names))
		return NULL;
	return names[id];
}
