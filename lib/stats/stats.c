/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/stats.h"
