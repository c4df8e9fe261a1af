/* SPDX-License-Identifier: BSD-3-Clause */
#include "elf/elf_obj.h"
