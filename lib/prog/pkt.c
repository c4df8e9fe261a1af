/* SPDX-License-Identifier: BSD-3-Clause */
#include "prog/pkt.h"
