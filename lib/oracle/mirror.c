/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/mirror.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "oracle/contents.h"
#include "oracle/equal.h"
#include "oracle/kernel.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

int mirror_refused(const char *what, const char *name, int code,
		   struct err *err)
{
	return err_fail(err, code, "Linux refuses %s%s%s: %s", what,
			name ? " " : "", name ? name : "", strerror(-code));
}

/* ---- the object, as the kernel's types make it ---- */

int mirror_kernel_types(struct err *err, struct btf_blob **out)
{
	u8 *bytes = NULL;
	size_t size = 0;
	int res = file_read(KERNEL_BTF, &bytes, &size);

	*out = NULL;
	if (res == -ENOENT)
		return 0;
	if (res)
		err_fail(err, res, "%s", strerror(-res));
	else
		res = btf_parse(bytes, (u32)size, err, out);
	free(bytes);
	if (res)
		err_place(err, KERNEL_BTF);
	return res;
}

static int read_again(struct mirror *m, struct err *err)
{
	struct elf_opts opts = { 0 };
	struct btf_blob *types = NULL;
	int res = 0;

	if (m->obj->btf)
		res = mirror_kernel_types(err, &types);
	opts.target_btf = types;
	if (!res)
		res = elf_open(m->obj->path, &opts, err, &m->kobj);
	if (types)
		btf_put(types);
	if (!res && (m->kobj->map_cnt != m->obj->map_cnt ||
		     m->kobj->prog_cnt != m->obj->prog_cnt)) {
		err_fail(err, -EBUSY, "the file has changed meanwhile");
		err_place(err, "%s", m->obj->path);
		res = -EBUSY;
	}
	return res;
}

/* ---- BTF and the state ---- */

static int load_btf(struct mirror *m, struct err *err)
{
	u8 *bytes;
	u32 size;
	int res;

	if (!m->kobj->btf)
		return 0;
	res = equal_btf(m->kobj->btf, &bytes, &size, &m->equal_func);
	if (res)
		return err_fail(err, res, "out of memory");
	m->btf = kernel_btf_load(bytes, size);
	free(bytes);
	return m->btf < 0
		       ? mirror_refused("the object's BTF", NULL, m->btf, err)
		       : 0;
}

static int make_state(struct mirror *m, struct err *err)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(u32),
		.value_size = sizeof(struct replay_state),
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
		.map_name = "weir_state",
	};
	void *state;

	m->state_map = kernel_map_create(&attr);
	if (m->state_map < 0)
		return mirror_refused("a map", NULL, m->state_map, err);
	state = mmap(NULL, sizeof(*m->state), PROT_READ | PROT_WRITE,
		     MAP_SHARED, m->state_map, 0);
	if (state == MAP_FAILED)
		return mirror_refused("to show", "a map", -errno, err);
	m->state = state;
	return 0;
}

/* ---- maps ---- */

int mirror_create_map(int btf, const struct map_attr *a, int inner)
{
	union bpf_attr attr = {
		.map_type = a->type,
		.key_size = a->key_size,
		.value_size = a->value_size,
		.max_entries = a->max_entries,
		.map_flags = a->flags,
		.numa_node = a->flags & BPF_F_NUMA_NODE ? a->numa_node : 0,
		.map_extra = a->extra,
		.inner_map_fd = inner < 0 ? 0 : (u32)inner,
	};
	int fd;

	kernel_name(attr.map_name, a->name);
	if (btf >= 0 && a->btf_value) {
		attr.btf_fd = (u32)btf;
		attr.btf_key_type_id = a->btf_key;
		attr.btf_value_type_id = a->btf_value;
	}
	fd = kernel_map_create(&attr);
	if (fd >= 0 || !attr.btf_fd)
		return fd;
	/* many families take no types */
	attr.btf_fd = attr.btf_key_type_id = attr.btf_value_type_id = 0;
	return kernel_map_create(&attr);
}

/* As Weir's map is, overrides included; a template only the object knows. */
static struct map_attr attr_of(const struct mirror *m, u32 i)
{
	const struct map *map = m->so->maps[i];
	struct map_attr attr = m->kobj->maps[i].attr;

	if (map) {
		attr.key_size = map->key_size;
		attr.value_size = map->value_size;
		attr.max_entries = map->max_entries;
		attr.flags = map->flags;
		attr.extra = map->extra;
	}
	/* Linux, too, adds it itself. */
	if (attr.type == BPF_MAP_TYPE_DEVMAP ||
	    attr.type == BPF_MAP_TYPE_DEVMAP_HASH)
		attr.flags &= ~(u32)BPF_F_RDONLY_PROG;
	return attr;
}

static int make_map(struct mirror *m, u32 i, struct err *err)
{
	const struct elf_map *em = &m->kobj->maps[i];
	struct map_attr attr = attr_of(m, i);
	int inner = -1, fd;

	if (em->inner >= 0) {
		inner = m->maps[em->inner];
		if (inner < 0) {
			struct map_attr of = attr_of(m, (u32)em->inner);

			inner = mirror_create_map(m->btf, &of, -1);
		}
		if (inner < 0)
			return mirror_refused("the template of map", em->name,
					      inner, err);
	}
	fd = mirror_create_map(m->btf, &attr, inner);
	if (inner >= 0 && inner != m->maps[em->inner])
		close(inner);
	if (fd < 0)
		return mirror_refused("map", em->name, fd, err);
	m->maps[i] = fd;
	m->map_ids[i] = kernel_map_id(fd);
	return 0;
}

static int make_maps(struct mirror *m, struct err *err)
{
	for (u32 i = 0; i < m->obj->map_cnt; i++) {
		int res = 0;

		if (m->so->maps[i])
			res = make_map(m, i, err);
		if (res)
			return res;
	}
	return 0;
}

static bool holds_progs(const struct map *map)
{
	return map->ops->holds == HOLDS_PROGS ||
	       map->ops->holds == HOLDS_LINKED;
}

/* Programs are verified with what is frozen as constants. */
static int fill_maps(struct mirror *m, bool programs, struct err *err)
{
	for (u32 i = 0; i < m->obj->map_cnt; i++) {
		int res;

		if (m->maps[i] < 0 || holds_progs(m->so->maps[i]) != programs)
			continue;
		res = contents_copy(m, i, err);
		if (res)
			return res;
		if (!m->kobj->maps[i].freeze)
			continue;
		res = kernel_map_freeze(m->maps[i]);
		if (res)
			return mirror_refused("to freeze map",
					      m->kobj->maps[i].name, res, err);
	}
	return 0;
}

static int listen_to_maps(struct mirror *m, struct err *err)
{
	for (u32 i = 0; i < m->obj->map_cnt; i++) {
		int res;

		if (m->maps[i] < 0 ||
		    m->so->maps[i]->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			continue;
		res = samples_open(m->maps[i], m->so->maps[i], m->cpu,
				   &m->samples[i]);
		if (res)
			return mirror_refused("a reader of map",
					      m->kobj->maps[i].name, res, err);
	}
	return 0;
}

/* ---- all of it ---- */

static int *no_fds(u32 n)
{
	int *fds = malloc((n + 1ULL) * sizeof(*fds));

	for (u32 i = 0; fds && i < n; i++)
		fds[i] = -1;
	return fds;
}

static struct mirror *new_mirror(const struct mirror_opts *opts)
{
	const struct elf_obj *obj = opts->obj;
	struct mirror *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->obj = obj;
	m->so = opts->so;
	m->cpu = opts->cpu;
	m->as_is = opts->as_is;
	m->cpus = kernel_cpus();
	m->btf = m->state_map = -1;
	m->maps = no_fds(obj->map_cnt);
	m->progs = no_fds(obj->prog_cnt);
	m->samples = calloc(obj->map_cnt + 1ULL, sizeof(struct samples *));
	m->map_ids = calloc(obj->map_cnt + 1ULL, sizeof(*m->map_ids));
	m->prog_ids = calloc(obj->prog_cnt + 1ULL, sizeof(*m->prog_ids));
	if (m->maps && m->progs && m->samples && m->map_ids && m->prog_ids)
		return m;
	mirror_close(m);
	return NULL;
}

int mirror_open(const struct mirror_opts *opts, struct err *err,
		struct mirror **out)
{
	struct mirror *m = new_mirror(opts);
	int res;

	if (!m)
		return err_fail(err, -ENOMEM, "out of memory");
	res = read_again(m, err);
	if (!res)
		res = load_btf(m, err);
	if (!res)
		res = make_state(m, err);
	if (!res)
		res = make_maps(m, err);
	if (!res)
		res = fill_maps(m, false, err);
	if (!res)
		res = mirror_load_progs(m, err);
	if (!res)
		res = fill_maps(m, true, err);
	if (!res)
		res = listen_to_maps(m, err);
	if (res) {
		mirror_close(m);
		return res;
	}
	*out = m;
	return 0;
}

int mirror_prog(const struct mirror *m, const struct prog *prog)
{
	u32 i = 0;

	while (m->so->progs[i] != prog)
		i++;
	return m->progs[i];
}

static void close_all(int *fds, u32 n)
{
	for (u32 i = 0; fds && i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
}

void mirror_close(struct mirror *m)
{
	for (u32 i = 0; m->samples && i < m->obj->map_cnt; i++)
		if (m->samples[i])
			samples_close(m->samples[i]);
	free(m->samples);
	close_all(m->progs, m->obj->prog_cnt);
	close_all(m->maps, m->obj->map_cnt);
	free(m->prog_ids);
	free(m->map_ids);
	if (m->state)
		munmap(m->state, sizeof(*m->state));
	if (m->state_map >= 0)
		close(m->state_map);
	if (m->btf >= 0)
		close(m->btf);
	if (m->kobj)
		elf_close(m->kobj);
	free(m);
}
