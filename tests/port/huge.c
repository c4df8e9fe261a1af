/* SPDX-License-Identifier: BSD-3-Clause */
/* huge.c - EAL on huge pages, reserved for the test and given back */
#include "rig.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES "/proc/sys/vm/nr_hugepages"
#define NEED 128

static long read_number(const char *path)
{
	FILE *f = fopen(path, "r");
	long n = -1;

	if (f) {
		if (fscanf(f, "%ld", &n) != 1)
			n = -1;
		fclose(f);
	}
	return n;
}

static bool reserve(long n)
{
	FILE *f = fopen(PAGES, "w");
	bool ok = f && fprintf(f, "%ld\n", n) > 0;

	return (f && fclose(f) == 0) && ok;
}

static long free_pages(void)
{
	return read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/"
			   "free_hugepages");
}

static void runtime_folder(char *path, size_t size)
{
	snprintf(path, size, "/var/run/dpdk/weir-%d", getpid());
}

/* One EAL a process: all of its facts in one. */
static void packets_live_on_huge_pages(void **state)
{
	long before = free_pages();
	struct port_info info;
	struct port *port;
	struct pkt *p;
	struct rig rig;
	char path[64];

	(void)state;
	rig_start(&rig, 2, true);
	assert_true(eal_huge(rig.eal));
	/* the buffers alone are tens of megabytes */
	assert_true(free_pages() < before - 8);
	port = rig_open_spec(&rig, "ring");
	p = rig_packet(&rig, 600, 1);
	p->data -= 216;
	p->data_meta = p->data;
	rig_frame(p->data, 816, 2);
	assert_int_equal(port_tx(port, 0, &p, 1), 1);
	assert_int_equal(rig_receive(port, 0, 816, &p, 1), 1);
	assert_true(rig_is_frame(p->data, 816, 2));
	port_free(&p, 1);
	port_get_info(port, &info);
	assert_int_equal(info.link, LINK_UP);
	rig_close(&rig);
	rig_stop(&rig);
	runtime_folder(path, sizeof(path));
	assert_int_not_equal(access(path, F_OK), 0);
}

/* EAL keeps a page or two as long as its process lives. */
static int in_a_process_of_its_own(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_live_on_huge_pages),
	};
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(cmocka_run_group_tests(tests, NULL, NULL));
	return child > 0 && waitpid(child, &status, 0) == child && !status ? 0
									   : 1;
}

int main(void)
{
	long before = read_number(PAGES);
	long there;
	int failed;

	if (free_pages() < 0)
		rig_skip("no huge pages of 2 MB");
	if (free_pages() < NEED && !reserve(before + NEED))
		rig_skip("huge pages cannot be reserved");
	if (free_pages() < NEED) {
		reserve(before);
		rig_skip("not enough memory in one piece for huge pages");
	}
	there = free_pages();
	failed = in_a_process_of_its_own();
	if (free_pages() != there) {
		printf("%ld huge pages are lost\n", there - free_pages());
		failed = 1;
	}
	reserve(before);
	return failed;
}
