/* SPDX-License-Identifier: BSD-3-Clause */
#include "maps/map.h"
