/* SPDX-License-Identifier: BSD-3-Clause */
#include "hook/hook.h"
