/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm/vm.h"
