/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/oracle.h"
