/* SPDX-License-Identifier: BSD-3-Clause */
/* format.h - the printf of programs; inside lib/helper only */
#ifndef WEIR_HELPER_FORMAT_H
#define WEIR_HELPER_FORMAT_H

#include "base/types.h"

#define FORMAT_LINE 1024 /* bytes of a line, a NUL included */
#define FORMAT_ARGS 12

/*
 * Linux's bpf_bprintf_prepare() and bstr_printf(): check fmt, of at most size
 * bytes, against args and write the line.  Returns how long the whole line is,
 * of which out holds what fits into room, with a NUL; or -EINVAL, -ENOSPC,
 * -ENOMEM.
 */
s64 format_line(char *out, u32 room, const char *fmt, u32 size, const u64 *args,
		u32 cnt);

#endif
