/* SPDX-License-Identifier: BSD-3-Clause */
/* A process of its own compiles, in its time; what is kept of it in a folder is
 * used as long as it is what it was. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../engine.h"
#include "helper/helper.h"
#include "vm_rig.h"

#define SELF "/proc/self/exe" /* see main() */
#define NONE "/bin/false"

static struct rig rig;
static char folder[] = "/tmp/test-jit-XXXXXX";

static void entry_path(char *path, size_t size)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	path[0] = '\0';
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			snprintf(path, size, "%s/%s", folder, e->d_name);
	if (d)
		closedir(d);
}

static void empty_folder(void)
{
	char path[512];

	for (entry_path(path, sizeof(path)); path[0];
	     entry_path(path, sizeof(path)))
		if (unlink(path))
			break;
}

static int open_rig(void **state)
{
	(void)state;
	return rig_open(&rig) && mkdtemp(folder) ? 0 : -1;
}

static int close_rig(void **state)
{
	(void)state;
	empty_folder();
	rmdir(folder);
	rig_close(&rig);
	return 0;
}

static const struct bpf_insn answer[] = { LD_MAP(R1, 0), ALU64_K(MOV, R0, 42),
					  EXIT() };

/* What becomes of a program that returns 42: 0 if it is compiled. */
static int prepare(const struct jit_opts *opts, struct err *err)
{
	struct prog prog = { .type = BPF_PROG_TYPE_XDP,
			     .insns = (struct bpf_insn *)answer,
			     .insn_cnt = ARRAY_LEN(answer),
			     .maps = rig.maps,
			     .map_cnt = RIG_MAPS };
	int ret;

	assert_int_equal(vm_prepare(&prog, VM_PLAIN, err), 0);
	ret = jit_prepare(&prog, opts, err);
	assert_int_equal(jit_runs(&prog), ret == 0);
	rig_packet(&rig);
	assert_int_equal(prog_run(&prog, &rig.run), 42);
	engine_free(&prog);
	return ret;
}

static void another_process_compiles(void **state)
{
	const struct jit_opts opts = { .level = JIT_O2, .compiler = SELF };
	struct err err = { 0 };

	(void)state;
	if (prepare(&opts, &err))
		fail_msg("%s", err.reason);
}

/* One process serves program after program; another takes its place when it has
 * died or left. */
static void it_is_kept(void **state)
{
	struct jit_kept kept;
	const struct jit_opts opts = { .level = JIT_O2,
				       .compiler = SELF,
				       .kept = &kept };
	struct jit_opts none = opts;
	struct err err = { 0 };
	pid_t first;

	(void)state;
	jit_kept_init(&kept);
	assert_int_equal(prepare(&opts, &err), 0);
	assert_true(kept.runs);
	first = kept.pid;
	none.compiler = NONE;
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(prepare(&none, &err), 0);
	assert_int_equal(kept.pid, first);
	assert_int_equal(kill(first, SIGKILL), 0);
	assert_int_equal(prepare(&opts, &err), 0);
	assert_true(kept.runs);
	assert_int_not_equal(kept.pid, first);
	jit_kept_end(&kept);
	assert_false(kept.runs);
	assert_int_equal(kill(kept.pid, 0), -1);
	jit_kept_end(&kept);
	/* none stays behind one that could not start */
	assert_int_equal(prepare(&none, &err), -ECHILD);
	assert_false(kept.runs);
}

static void its_time_is_limited(void **state)
{
	const struct jit_opts opts = { .level = JIT_O2,
				       .compiler = SELF,
				       .time_ms = 1 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(prepare(&opts, &err), -ETIMEDOUT);
}

static void its_memory_is_limited(void **state)
{
	struct jit_opts opts = { .level = JIT_O2,
				 .compiler = SELF,
				 .heap = 1u << 16 };
	struct err err = { 0 };

	(void)state;
	/* a sanitizer is without memory in its own way */
	if (ENGINE_SANITIZED) {
		assert_true(prepare(&opts, &err) < 0);
		return;
	}
	assert_int_equal(prepare(&opts, &err), -ENOMEM);
	assert_non_null(strstr(err.reason, "without memory"));
}

static void its_code_is_limited(void **state)
{
	struct jit_opts opts = { .level = JIT_O2,
				 .compiler = SELF,
				 .code = 500 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(prepare(&opts, &err), -E2BIG);
	opts.code = 50000;
	assert_int_equal(prepare(&opts, &err), 0);
}

/* As the process of an executable that does not look at its argument does. */
static void it_starts_no_other(void **state)
{
	const struct jit_opts opts = { .level = JIT_O2, .compiler = SELF };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(setenv("WEIR_JIT_COMPILER", "1.1", 1), 0);
	assert_int_equal(prepare(&opts, &err), -ELOOP);
	unsetenv("WEIR_JIT_COMPILER");
}

static void what_it_refuses_has_a_reason(void **state)
{
	static const struct bpf_insn unknown[] = { CALL(BPF_FUNC_probe_read),
						   EXIT() };
	const struct jit_opts opts = { .level = JIT_O2, .compiler = SELF };
	struct prog prog = { .type = BPF_PROG_TYPE_XDP,
			     .insns = (struct bpf_insn *)unknown,
			     .insn_cnt = 2 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(jit_prepare(&prog, &opts, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.reason, "helper 4 is not compiled"));
}

static void its_end_is_noticed(void **state)
{
	struct jit_opts opts = { .level = JIT_O2, .compiler = NONE };
	struct err err = { 0 };

	(void)state;
	/* ends with 1 and says nothing */
	assert_int_equal(prepare(&opts, &err), -ECHILD);
	assert_non_null(strstr(err.reason, "code 1"));
	opts.compiler = "/bin/true";
	assert_int_equal(prepare(&opts, &err), -ECHILD);
	opts.compiler = "/nowhere";
	assert_int_equal(prepare(&opts, &err), -ENOENT);
}

static void what_was_compiled_is_kept(void **state)
{
	struct jit_opts opts = { .level = JIT_O2, .cache = folder };
	struct err err = { 0 };
	char path[512];

	(void)state;
	empty_folder();
	assert_int_equal(prepare(&opts, &err), 0);
	entry_path(path, sizeof(path));
	assert_true(path[0]);
	opts.compiler = NONE;
	assert_int_equal(prepare(&opts, &err), 0);
	/* another level is another entry */
	opts.level = JIT_O0;
	assert_int_not_equal(prepare(&opts, &err), 0);
}

static void another_map_is_another_entry(void **state)
{
	struct jit_opts opts = { .level = JIT_O2, .cache = folder };
	struct err err = { 0 };
	u32 *size = &rig.maps[RIG_ARRAY]->value_size;

	(void)state;
	empty_folder();
	assert_int_equal(prepare(&opts, &err), 0);
	opts.compiler = NONE;
	*size += 8;
	assert_int_not_equal(prepare(&opts, &err), 0);
	*size -= 8;
	assert_int_equal(prepare(&opts, &err), 0);
}

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	u8 byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void damaged_entries_are_not_used(void **state)
{
	struct jit_opts opts = { .level = JIT_O2, .cache = folder };
	struct err err = { 0 };
	char path[512];
	struct stat st;

	(void)state;
	empty_folder();
	assert_int_equal(prepare(&opts, &err), 0);
	entry_path(path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	opts.compiler = NONE;
	for (off_t at = 0; at < st.st_size; at += at < 64 ? 1 : 37) {
		flip(path, at);
		if (!prepare(&opts, &err))
			fail_msg("byte %lld is not looked at", (long long)at);
		flip(path, at);
	}
	assert_int_equal(prepare(&opts, &err), 0);
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	assert_int_not_equal(prepare(&opts, &err), 0);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_not_equal(prepare(&opts, &err), 0);
	/* compiled again, it is whole again */
	opts.compiler = NULL;
	assert_int_equal(prepare(&opts, &err), 0);
	opts.compiler = NONE;
	assert_int_equal(prepare(&opts, &err), 0);
}

static void what_others_may_write_is_not_used(void **state)
{
	struct jit_opts opts = { .level = JIT_O2, .cache = folder };
	struct err err = { 0 };
	char path[512];

	(void)state;
	empty_folder();
	assert_int_equal(prepare(&opts, &err), 0);
	entry_path(path, sizeof(path));
	opts.compiler = NONE;
	chmod(path, 0620);
	assert_int_not_equal(prepare(&opts, &err), 0);
	chmod(path, 0600);
	assert_int_equal(prepare(&opts, &err), 0);
	chmod(folder, 0770);
	assert_int_not_equal(prepare(&opts, &err), 0);
	chmod(folder, 0700);
	assert_int_equal(prepare(&opts, &err), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 12345), 0);
		assert_int_not_equal(prepare(&opts, &err), 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_process_compiles),
		cmocka_unit_test(it_is_kept),
		cmocka_unit_test(its_time_is_limited),
		cmocka_unit_test(its_memory_is_limited),
		cmocka_unit_test(its_code_is_limited),
		cmocka_unit_test(it_starts_no_other),
		cmocka_unit_test(what_it_refuses_has_a_reason),
		cmocka_unit_test(its_end_is_noticed),
		cmocka_unit_test(what_was_compiled_is_kept),
		cmocka_unit_test(another_map_is_another_entry),
		cmocka_unit_test(damaged_entries_are_not_used),
		cmocka_unit_test(what_others_may_write_is_not_used),
	};

	if (argc == 2 && strcmp(argv[1], JIT_COMPILER_ARG) == 0)
		return jit_compiler();
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
