/* SPDX-License-Identifier: BSD-3-Clause */
#include "prog/prog.h"
