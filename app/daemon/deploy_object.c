/* SPDX-License-Identifier: BSD-3-Clause */
/* deploy_object.c - one object file, loaded once whatever it is used for */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/deploy.h"

#define OBJECT_MAX_BYTES (256ull << 20)

static int no_memory(struct err *err)
{
	return err_fail(err, -ENOMEM, "out of memory");
}

static int read_all(int fd, u8 *bytes, size_t size)
{
	for (size_t got = 0; got < size;) {
		ssize_t n = read(fd, bytes + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		got += (size_t)n;
	}
	return 0;
}

static int read_file(struct deploy_object *o, struct err *err)
{
	int fd = open(o->path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int res = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		res = -errno;
	else if (!S_ISREG(st.st_mode) || (u64)st.st_size > OBJECT_MAX_BYTES)
		res = -ENOEXEC;
	if (!res) {
		o->size = (size_t)st.st_size;
		o->bytes = malloc(o->size + 1);
		res = o->bytes ? read_all(fd, o->bytes, o->size) : -ENOMEM;
	}
	if (fd >= 0)
		close(fd);
	if (!res)
		return 0;
	if (res == -ENOEXEC)
		err_fail(err, res, "it is no object file");
	else
		err_fail(err, res, "cannot read it: %s", strerror(-res));
	if (res == -EACCES)
		err_hint(err,
			 "it is read without capabilities: user %u must "
			 "be allowed to, by the modes of file and folders",
			 geteuid());
	return err_place(err, "%s", o->path);
}

static char *join(const struct config_object *config)
{
	size_t len = 1;
	char *all;

	for (u32 i = 0; i < config->overrides.len; i++)
		len += strlen(config->overrides.items[i]) + 1;
	all = malloc(len);
	if (!all)
		return NULL;
	all[0] = '\0';
	for (u32 i = 0; i < config->overrides.len; i++) {
		strcat(all, config->overrides.items[i]);
		strcat(all, "\n");
	}
	return all;
}

/* Whatever a program counts or learns is state; what it jumps through or was
 * compiled with is its own. */
static bool is_state(const struct elf_map *em)
{
	return em->attr.type != BPF_MAP_TYPE_PROG_ARRAY && !em->contents &&
	       !em->freeze && !em->is_extern && !em->is_template &&
	       !strchr(em->name, '.');
}

static struct map *reuse(void *arg, const struct elf_map *em)
{
	const struct deploy_object *old = arg;

	if (!is_state(em))
		return NULL;
	for (u32 i = 0; i < old->obj->map_cnt; i++)
		if (old->so->maps[i] && is_state(&old->obj->maps[i]) &&
		    strcmp(old->obj->maps[i].name, em->name) == 0)
			return map_get(old->so->maps[i]);
	return NULL;
}

static int load(struct sys *sys, struct deploy_object *o,
		const struct deploy_object *old, struct err *err)
{
	struct sys_load_opts opts = { .reuse = old ? reuse : NULL,
				      .arg = (void *)old };
	VEC(struct sys_override) overrides = { 0 };
	char *texts = strdup(o->overrides), *rest = texts, *text;
	int res = texts ? 0 : no_memory(err);

	while (!res && (text = strsep(&rest, "\n")) && text[0]) {
		struct sys_override *slot = vec_add(&overrides);

		res = slot ? sys_override_parse(text, slot, err)
			   : no_memory(err);
	}
	opts.overrides = overrides.items;
	opts.override_cnt = overrides.len;
	if (!res)
		res = sys_load(sys, o->obj, &opts, err, &o->so);
	vec_free(&overrides);
	free(texts);
	if (res)
		err_place(err, "%s", o->path);
	return res;
}

static struct deploy_object *find_old(const struct deploy *old,
				      const char *path)
{
	for (u32 i = 0; old && i < old->objects.len; i++)
		if (strcmp(old->objects.items[i]->path, path) == 0)
			return old->objects.items[i];
	return NULL;
}

int deploy_object_load(struct sys *sys, const struct config_object *config,
		       const struct deploy *old, struct err *err,
		       struct deploy_object **out)
{
	struct deploy_object *o = calloc(1, sizeof(*o)), *before;
	int res;

	if (!o)
		return no_memory(err);
	o->refs = 1;
	o->path = strdup(config->path);
	o->overrides = join(config);
	if (!o->path || !o->overrides) {
		res = no_memory(err);
		goto put;
	}
	res = read_file(o, err);
	if (res)
		goto put;
	before = find_old(old, o->path);
	if (before && before->size == o->size &&
	    memcmp(before->bytes, o->bytes, o->size) == 0 &&
	    strcmp(before->overrides, o->overrides) == 0) {
		deploy_object_put(o);
		before->refs++;
		*out = before;
		return 0;
	}
	res = elf_open_mem(o->path, o->bytes, o->size, NULL, err, &o->obj);
	if (!res)
		res = load(sys, o, before, err);
	if (res)
		goto put;
	*out = o;
	return 0;

put:
	deploy_object_put(o);
	return res;
}

void deploy_object_put(struct deploy_object *o)
{
	if (--o->refs)
		return;
	if (o->so)
		sys_obj_put(o->so);
	if (o->obj)
		elf_close(o->obj);
	free(o->bytes);
	free(o->overrides);
	free(o->path);
	free(o);
}

static bool goes_to(const struct elf_prog *ep, enum hook_kind hook)
{
	switch (ep->type) {
	case BPF_PROG_TYPE_XDP:
		return hook == HOOK_XDP &&
		       ep->expected_attach_type != BPF_XDP_DEVMAP &&
		       ep->expected_attach_type != BPF_XDP_CPUMAP;
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT: return hook != HOOK_XDP;
	default: return false;
	}
}

static void list_progs(const struct deploy_object *o, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (u32 i = 0; i < o->obj->prog_cnt && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s",
					len ? ", " : "", o->obj->progs[i].name);
}

const struct elf_prog *deploy_find_prog(const struct deploy_object *o,
					enum hook_kind hook, const char *name,
					struct err *err)
{
	const struct elf_prog *found = NULL;
	char names[200];
	u32 n = 0;

	for (u32 i = 0; i < o->obj->prog_cnt; i++) {
		const struct elf_prog *ep = &o->obj->progs[i];

		if (!o->so->progs[i] ||
		    (name ? strcmp(ep->name, name) != 0 : !goes_to(ep, hook)))
			continue;
		found = ep;
		n++;
	}
	if (n == 1)
		return found;
	list_progs(o, names, sizeof(names));
	if (name)
		err_fail(err, -ENOENT, "%s has no program '%s'", o->path, name);
	else if (n == 0)
		err_fail(err, -EINVAL, "%s has no program for %s", o->path,
			 hook_name(hook));
	else
		err_fail(err, -ENOTUNIQ, "%s has %u programs for %s", o->path,
			 n, hook_name(hook));
	err_hint(err, "name one of: %s", names);
	return NULL;
}
