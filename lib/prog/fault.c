/* SPDX-License-Identifier: BSD-3-Clause */
#include "prog/fault.h"

#include <string.h>

const char *fault_text(const struct fault *fault, char *buf, size_t size)
{
	const struct prog *prog = fault->prog;
	const struct prog_line *line = prog_line_at(prog, fault->insn);
	const char *name = prog->full_name ? prog->full_name : prog->name;
	const char *file = line ? strrchr(line->file, '/') : NULL;

	if (line)
		snprintf(buf, size, "%s at %s:%u, instruction %u: %s", name,
			 file ? file + 1 : line->file, line->line, fault->insn,
			 fault->text);
	else
		snprintf(buf, size, "%s at instruction %u: %s", name,
			 fault->insn, fault->text);
	return buf;
}
