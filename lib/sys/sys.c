/* SPDX-License-Identifier: BSD-3-Clause */
#include "sys/sys.h"
