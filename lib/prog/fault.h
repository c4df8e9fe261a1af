/* SPDX-License-Identifier: BSD-3-Clause */
/* fault.h - why a program was stopped, as text */
#ifndef WEIR_PROG_FAULT_H
#define WEIR_PROG_FAULT_H

#include "prog/prog.h"

/* "PROGRAM at FILE:LINE, instruction N: REASON", without the file where the
 * program has no line information.  Cut to size.  Returns buf. */
const char *fault_text(const struct fault *fault, char *buf, size_t size);

#endif
