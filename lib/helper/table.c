/* SPDX-License-Identifier: BSD-3-Clause */
#include "helper/helper.h"
