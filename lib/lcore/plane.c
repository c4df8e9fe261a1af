/* SPDX-License-Identifier: BSD-3-Clause */
#include "lcore/plane.h"
