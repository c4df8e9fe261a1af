/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/ctl.h"

int main(void)
{
	return 0;
}
