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

static void digest(const char *use, u64 out[4])
{
	u8 bytes[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, (const u8 *)getauxval(AT_RANDOM), RANDOM_BYTES);
	SHA256Update(&sha, (const u8 *)use, strlen(use));
	SHA256Final(bytes, &sha);
	memcpy(out, bytes, sizeof(bytes));
}

static u64 derive(void)
{
	u64 value[4];

	digest("", value);
	return value[0] | 1;
}

void secret_key(const char *use, u64 key[4])
{
	static _Thread_local struct {
		const char *use;
		u64 key[4];
	} last;

	if (last.use != use) {
		digest(use, last.key);
		last.use = use;
	}
	memcpy(key, last.key, sizeof(last.key));
}

u64 secret(void)
{
	static _Thread_local u64 value;

	if (unlikely(!value))
		value = derive();
	return value;
}
