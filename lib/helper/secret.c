/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret.c - a number of this process alone
 *
 * From the bytes the kernel gives each process.  The C library's own guards
 * come from them, too, so it is a digest that nothing leads back from.
 */
#include "helper/secret.h"

#include <sha2.h>
#include <string.h>
#include <sys/auxv.h>

#define RANDOM_BYTES 16 /* at AT_RANDOM */

static u64 derive(void)
{
	u8 digest[SHA256_DIGEST_LENGTH];
	u64 value;
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, (const u8 *)getauxval(AT_RANDOM), RANDOM_BYTES);
	SHA256Final(digest, &sha);
	memcpy(&value, digest, sizeof(value));
	return value | 1;
}

u64 secret(void)
{
	static _Thread_local u64 value;

	if (unlikely(!value))
		value = derive();
	return value;
}
