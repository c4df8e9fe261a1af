/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mem.c - budget and slots of a dataplane
 *
 * M1  The sum of what arenas have charged never exceeds the budget: a charge
 *     is one compare and swap, before the memory is touched.
 * M2  What is not a reserved huge page must also fit into MemAvailable, less
 *     a reserve: Linux kills rather than fails.
 */
#include "mem/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/slot.h"
#include "mem/budget.h"
#include "mem/rcu.h"

/* Left to the machine, whatever the budget says. */
#define MACHINE_RESERVE (32ull << 20)

struct mem {
	u64 budget;
	u32 slots;
	bool huge;
	struct rcu *rcu;
	_Atomic u64 used;
	atomic_bool warned;
	pthread_mutex_t populate_lock;
};

u64 mem_available(void)
{
	char text[1024];
	const char *at;
	ssize_t n;
	int fd;

	fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return UINT64_MAX;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "MemAvailable:");
	if (!at)
		return UINT64_MAX;
	return strtoull(at + strlen("MemAvailable:"), NULL, 10) * 1024;
}

int mem_create(const struct mem_config *config, struct mem **out)
{
	struct mem *mem;
	int err;

	if (config->slots == 0 || config->slots > SLOT_MAX)
		return -EINVAL;
	mem = calloc(1, sizeof(*mem));
	if (!mem)
		return -ENOMEM;
	err = rcu_create(config->slots, &mem->rcu);
	if (err) {
		free(mem);
		return err;
	}
	mem->budget = config->budget ? config->budget : mem_available() / 2;
	mem->slots = config->slots;
	mem->huge = config->huge;
	pthread_mutex_init(&mem->populate_lock, NULL);
	*out = mem;
	return 0;
}

void mem_destroy(struct mem *mem)
{
	if (!mem)
		return;
	rcu_destroy(mem->rcu);
	pthread_mutex_destroy(&mem->populate_lock);
	free(mem);
}

u32 mem_slots(const struct mem *mem)
{
	return mem->slots;
}

struct rcu *mem_rcu(struct mem *mem)
{
	return mem->rcu;
}

u64 mem_budget(const struct mem *mem)
{
	return mem->budget;
}

u64 mem_used(const struct mem *mem)
{
	return atomic_load_explicit(&mem->used, memory_order_relaxed);
}

int mem_charge(struct mem *mem, u64 bytes, bool from_machine)
{
	u64 used = atomic_load_explicit(&mem->used, memory_order_relaxed);
	u64 available;

	do {
		if (bytes > mem->budget - used)
			return -ENOMEM;
	} while (!atomic_compare_exchange_weak_explicit(&mem->used, &used,
							used + bytes,
							memory_order_relaxed,
							memory_order_relaxed));
	if (!from_machine)
		return 0;
	available = mem_available();
	if (available < MACHINE_RESERVE ||
	    bytes > available - MACHINE_RESERVE) {
		mem_uncharge(mem, bytes);
		return -ENOMEM;
	}
	return 0;
}

void mem_uncharge(struct mem *mem, u64 bytes)
{
	atomic_fetch_sub_explicit(&mem->used, bytes, memory_order_relaxed);
}

void mem_lock(struct mem *mem)
{
	pthread_mutex_lock(&mem->populate_lock);
}

void mem_unlock(struct mem *mem)
{
	pthread_mutex_unlock(&mem->populate_lock);
}

bool mem_wants_huge(const struct mem *mem)
{
	return mem->huge;
}

void mem_lacks_huge(struct mem *mem, u64 bytes)
{
	if (!atomic_exchange_explicit(&mem->warned, true, memory_order_relaxed))
		log_warn("too few free 2 MB pages for %llu MB of maps: using "
			 "ordinary pages (more: sysctl vm.nr_hugepages)",
			 (unsigned long long)(bytes >> 20));
}
