/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf_bpftool.c - values as JSON: what bpftool prints of a map in the kernel,
 * btf_json() prints of the same bytes
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/btf.h"
#include "bpf/uapi.h"
#include "btf_values.h"

#define SKIP 77
#define ENTRIES 64

static u32 compared, different;

static int bpf(int cmd, union bpf_attr *attr)
{
	long res = syscall(__NR_bpf, cmd, attr, sizeof(*attr));

	return res < 0 ? -errno : (int)res;
}

static int load_btf(const void *data, u32 size)
{
	union bpf_attr attr = { .btf = (u64)(uintptr_t)data, .btf_size = size };

	return bpf(BPF_BTF_LOAD, &attr);
}

static int create(int btf, u32 key, u32 value, u32 size, u32 *id)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = 4,
				.value_size = size,
				.max_entries = ENTRIES,
				.btf_fd = (u32)btf,
				.btf_key_type_id = key,
				.btf_value_type_id = value };
	int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		return fd;
	attr = (union bpf_attr){ .info.bpf_fd = (u32)fd,
				 .info.info_len = sizeof(info),
				 .info.info = (u64)(uintptr_t)&info };
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0) {
		close(fd);
		return -EINVAL;
	}
	*id = info.id;
	return fd;
}

static int write_entry(int fd, u32 key, const void *value)
{
	union bpf_attr attr = { .map_fd = (u32)fd,
				.key = (u64)(uintptr_t)&key,
				.value = (u64)(uintptr_t)value };

	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

static char *run_bpftool(u32 id)
{
	static char out[1 << 20];
	char command[64];
	size_t len;
	FILE *f;

	snprintf(command, sizeof(command), "bpftool -j map dump id %u", id);
	f = popen(command, "r");
	if (!f)
		return NULL;
	len = fread(out, 1, sizeof(out) - 1, f);
	out[len] = '\0';
	return pclose(f) == 0 ? out : NULL;
}

struct text {
	char bytes[8192];
	size_t len;
};

static int to_text(void *arg, const char *bytes, size_t size)
{
	struct text *t = arg;

	if (t->len + size >= sizeof(t->bytes))
		return -EFBIG;
	memcpy(t->bytes + t->len, bytes, size);
	t->len += size;
	t->bytes[t->len] = '\0';
	return 0;
}

static const char *print(const struct btf_blob *btf, u32 id, u32 key,
			 const void *value)
{
	static struct text t;
	struct json j;

	t = (struct text){ 0 };
	json_init(&j, to_text, &t, false);
	json_begin_object(&j);
	json_ku64(&j, "key", key);
	json_key(&j, "value");
	btf_json(&j, btf, id, value, BTF_BPFTOOL);
	json_end_object(&j);
	json_flush(&j);
	return t.bytes;
}

static u64 random_state = 88172645463325252ull;

static u8 random_byte(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u8)random_state;
}

/* Small numbers, text, and anything. */
static void make_value(u32 entry, u8 *value, u32 size)
{
	for (u32 i = 0; i < size; i++)
		value[i] = entry % 4 == 0   ? (u8)(i == 0)
			   : entry % 4 == 1 ? random_byte() % 3
			   : entry % 4 == 2
				   ? (i % 4 == 3 ? 0 : 'a' + random_byte() % 26)
				   : random_byte();
}

static void compare_type(const char *name, const struct btf_blob *btf,
			 int btf_fd, u32 key, u32 type)
{
	u32 size = (u32)btf_size(btf, type), id;
	int fd = create(btf_fd, key, type, size, &id);
	u8 values[ENTRIES][64];
	const char *at;

	if (fd < 0) {
		printf("%s: no map: %s\n", name, strerror(-fd));
		different++;
		return;
	}
	for (u32 i = 0; i < ENTRIES; i++) {
		make_value(i, values[i], size);
		write_entry(fd, i, values[i]);
	}
	at = run_bpftool(id);
	for (u32 i = 0; i < ENTRIES; i++) {
		const char *mine = print(btf, type, i, values[i]);

		at = at ? strstr(at, "\"formatted\":") : NULL;
		at = at ? at + strlen("\"formatted\":") : NULL;
		compared++;
		if (at && strncmp(at, mine, strlen(mine)) == 0)
			continue;
		different++;
		printf("%s: bpftool %.300s\n  Weir %s\n", name,
		       at ? at : "nothing", mine);
	}
	close(fd);
}

int main(void)
{
	static struct btf_make m;
	struct btf_blob *btf;
	struct ids ids;
	u32 size;
	int fd;

	make_value_types(&m, &ids);
	size = make_end(&m);
	fd = load_btf(m.out, size);
	if (fd < 0) {
		printf("BTF_LOAD: %s\n", strerror(-fd));
		return fd == -EPERM || fd == -ENOSYS ? SKIP : 1;
	}
	if (system("bpftool version >/dev/null 2>&1") != 0) {
		printf("there is no bpftool\n");
		return SKIP;
	}
	if (btf_parse(m.out, size, NULL, &btf) != 0)
		return 1;
	const struct {
		const char *name;
		u32 type;
	} types[] = {
		{ "int", ids.s32 },	   { "u8", ids.u8 },
		{ "u16", ids.u16 },	   { "u32", ids.u32 },
		{ "u64", ids.u64 },	   { "u128", ids.u128 },
		{ "bool", ids.boolean },   { "enum", ids.en },
		{ "enum64", ids.en64 },	   { "pointer", ids.ptr },
		{ "char[4]", ids.text },   { "u8[6]", ids.bytes6 },
		{ "struct", ids.pair },	   { "structs", ids.pairs },
		{ "anonymous", ids.anon }, { "bitfields", ids.bits },
		{ "nested", ids.whole },   { "in6_addr", ids.in6 },
		{ "__be16", ids.be16 },	   { "__be64", ids.be64 },
		{ "flow", ids.flow },
	};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		compare_type(types[i].name, btf, fd, ids.u32, types[i].type);
	printf("%u compared, %u different\n", compared, different);
	btf_put(btf);
	close(fd);
	return different != 0;
}
