/* SPDX-License-Identifier: BSD-3-Clause */
#include "mem/rcu.h"
