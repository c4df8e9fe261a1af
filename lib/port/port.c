/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/port.h"
