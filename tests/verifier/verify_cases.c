/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verify_cases.c - the verifier asked about programs that are given as data
 *
 * Reads cases, a JSON object a line, from standard input and answers each with
 * a line: "accept", "reject<TAB>message" or "unsupported<TAB>feature".
 *
 * Cases name their BTF by a hash: HASH.btf in the folder given with --btf, or
 * in btf/ here, or in btf.tar.xz of a folder shared/verifier beside one that
 * this program is in.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/verify.h"

#define BTF_SIZE_MAX (16u << 20)

struct blob {
	char hash[64];
	struct btf_blob *btf; /* NULL: none that holds */
};

struct cases {
	const char *btf_dir;
	struct blob *blobs;
	size_t blob_cnt;
	u32 verbose; /* 1: numbers of each case, 2: its log */
	bool no_prune;
};

/* What one case is made of. */
struct one {
	struct cases *cases;
	json_t *json;
	struct verify_attr attr;
	struct bpf_insn *insns;
	struct verify_map *maps;
	u8 **contents;
	struct prog_func *funcs;
	struct verify_kfunc *kfuncs;
};

static u64 number(json_t *o, const char *key)
{
	return (u64)json_integer_value(json_object_get(o, key));
}

static const char *string(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void *must(void *p)
{
	if (!p) {
		fprintf(stderr, "verify-cases: out of memory\n");
		exit(1);
	}
	return p;
}

/* Bytes from hex digits, up to what is none; freed by the caller. */
static u8 *unhex(const char *hex, size_t *len)
{
	u8 *out = must(calloc(1, strlen(hex) / 2 + 8));

	for (*len = 0; isxdigit((u8)hex[0]) && isxdigit((u8)hex[1]); hex += 2) {
		const char digits[3] = { hex[0], hex[1] };

		out[(*len)++] = (u8)strtoul(digits, NULL, 16);
	}
	return out;
}

/* ---- BTF ---- */

static FILE *open_archived(const char *hash, bool *piped)
{
	char exe[PATH_MAX], command[PATH_MAX + 128], *dir = exe;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0)
		return NULL;
	exe[n] = 0;
	do {
		dir = dirname(dir);
		snprintf(command, sizeof(command),
			 "%s/shared/verifier/"
			 "btf.tar.xz",
			 dir);
		if (access(command, R_OK) != 0)
			continue;
		snprintf(command, sizeof(command),
			 "exec tar -xJOf '%s/shared/verifier/btf.tar.xz' "
			 "btf/%s.btf",
			 dir, hash);
		*piped = true;
		return popen(command, "r");
	} while (strcmp(dir, "/") != 0 && strcmp(dir, ".") != 0);
	return NULL;
}

static FILE *open_btf(const struct cases *c, const char *hash, bool *piped)
{
	char path[PATH_MAX];
	FILE *f;

	*piped = false;
	snprintf(path, sizeof(path), "%s/%s.btf", c->btf_dir, hash);
	f = fopen(path, "r");
	return f ? f : open_archived(hash, piped);
}

static struct btf_blob *read_btf(const struct cases *c, const char *hash)
{
	struct btf_blob *btf = NULL;
	struct err err = { 0 };
	bool piped;
	FILE *f;
	u8 *bytes;
	size_t n;

	if (strspn(hash, "0123456789abcdef") != strlen(hash))
		return NULL;
	f = open_btf(c, hash, &piped);
	if (!f)
		return NULL;
	bytes = must(malloc(BTF_SIZE_MAX));
	n = fread(bytes, 1, BTF_SIZE_MAX, f);
	if (piped)
		pclose(f);
	else
		fclose(f);
	if (btf_parse(bytes, (u32)n, &err, &btf))
		btf = NULL;
	free(bytes);
	return btf;
}

static struct btf_blob *find_btf(struct cases *c, const char *hash)
{
	struct blob *b;

	if (!hash[0] || strlen(hash) >= sizeof(b->hash))
		return NULL;
	for (size_t i = 0; i < c->blob_cnt; i++)
		if (strcmp(c->blobs[i].hash, hash) == 0)
			return c->blobs[i].btf;
	c->blobs = must(reallocarray(c->blobs, c->blob_cnt + 1, sizeof(*b)));
	b = &c->blobs[c->blob_cnt++];
	strcpy(b->hash, hash);
	b->btf = read_btf(c, hash);
	return b->btf;
}

/* ---- a case ---- */

static void read_map(struct one *o, json_t *j, struct verify_map *m, u8 **bytes)
{
	json_t *inner = json_object_get(j, "inner");
	json_t *first = json_array_get(json_object_get(j, "contents"), 0);
	size_t len;

	*m = (struct verify_map){
		.name = string(j, "name"),
		.type = (u32)number(j, "type"),
		.key_size = (u32)number(j, "key"),
		.value_size = (u32)number(j, "val"),
		.max_entries = (u32)number(j, "max"),
		.flags = (u32)number(j, "flags"),
		.btf = find_btf(o->cases, string(j, "btf")),
		.btf_key = (u32)number(j, "btf_key"),
		.btf_value = (u32)number(j, "btf_val"),
	};
	if (json_is_true(json_object_get(j, "frozen")) && first && bytes) {
		*bytes = unhex(string(first, "v"), &len);
		if (len == m->value_size)
			m->contents = *bytes;
	}
	if (inner) {
		m->inner = must(calloc(1, sizeof(*m->inner)));
		read_map(o, inner, m->inner, NULL);
	}
}

static void read_maps(struct one *o)
{
	json_t *maps = json_object_get(o->json, "maps");
	size_t n = json_array_size(maps);

	o->maps = must(calloc(n + 1, sizeof(*o->maps)));
	o->contents = must(calloc(n + 1, sizeof(*o->contents)));
	for (size_t i = 0; i < n; i++)
		read_map(o, json_array_get(maps, i), &o->maps[i],
			 &o->contents[i]);
	o->attr.maps = o->maps;
	o->attr.map_cnt = (u32)n;
}

static void read_funcs(struct one *o)
{
	u32 rec = (u32)number(o->json, "func_info_rec"), id;
	size_t len;
	u8 *bytes;

	o->attr.btf = find_btf(o->cases, string(o->json, "prog_btf"));
	if (!o->attr.btf || rec < 8)
		return;
	bytes = unhex(string(o->json, "func_info"), &len);
	o->funcs = must(calloc(len / rec + 1, sizeof(*o->funcs)));
	for (u32 i = 0; i < len / rec; i++) {
		memcpy(&o->funcs[i].insn, bytes + i * rec, 4);
		memcpy(&id, bytes + i * rec + 4, 4);
		if (!btf_type(o->attr.btf, id))
			continue;
		o->funcs[i].type_id = id;
		o->funcs[i].name = btf_name(o->attr.btf, id);
	}
	free(bytes);
	o->attr.funcs = o->funcs;
	o->attr.func_cnt = (u32)(len / rec);
}

static void read_kfuncs(struct one *o)
{
	json_t *kfuncs = json_object_get(o->json, "kfuncs");
	size_t n = json_array_size(kfuncs);

	o->kfuncs = must(calloc(n + 1, sizeof(*o->kfuncs)));
	for (size_t i = 0; i < n; i++) {
		json_t *pair = json_array_get(kfuncs, i);

		o->kfuncs[i].insn =
			(u32)json_integer_value(json_array_get(pair, 0));
		o->kfuncs[i].name = json_string_value(json_array_get(pair, 1));
	}
	o->attr.kfuncs = o->kfuncs;
	o->attr.kfunc_cnt = (u32)n;
}

static void print_log(void *arg, const char *text)
{
	(void)arg;
	fputs(text, stderr);
}

static void read_case(struct one *o)
{
	size_t len;
	u8 *bytes = unhex(string(o->json, "insns"), &len);

	o->insns = (struct bpf_insn *)(void *)bytes;
	o->attr = (struct verify_attr){
		.type = (u32)number(o->json, "prog_type"),
		.expected_attach_type = (u32)number(o->json, "attach_type"),
		.flags = (u32)number(o->json, "flags"),
		.license = string(o->json, "license"),
		.insns = o->insns,
		.insn_cnt = (u32)(len / sizeof(*o->insns)),
		.no_prune = o->cases->no_prune,
		.log = { .level = o->cases->verbose > 1 ? 2 : 0,
			 .write = print_log },
	};
	read_maps(o);
	read_funcs(o);
	read_kfuncs(o);
}

static void free_case(struct one *o)
{
	for (u32 i = 0; i < o->attr.map_cnt; i++) {
		free(o->maps[i].inner);
		free(o->contents[i]);
	}
	free(o->contents);
	free(o->maps);
	free(o->funcs);
	free(o->kfuncs);
	free(o->insns);
}

/* The answer is one line. */
static void print_line(const char *what, const char *why, const char *more)
{
	printf("%s\t%s%s", what, why, more[0] ? "; " : "");
	for (; *more; more++)
		putchar(*more == '\n' ? ' ' : *more);
	putchar('\n');
}

static void answer(struct cases *c, json_t *json)
{
	struct one o = { .cases = c, .json = json };
	struct verify_result result;
	struct err err = { 0 };
	int ret;

	read_case(&o);
	ret = verify(&o.attr, &result, &err);
	if (!ret)
		printf("accept\n");
	else if (result.code == VERIFY_UNSUPPORTED)
		print_line("unsupported",
			   result.unsupported ? result.unsupported : "", "");
	else
		print_line("reject", err.reason, result.more);
	if (c->verbose)
		fprintf(stderr, "%s: %s at %u, processed %u, states %u\n",
			string(json, "name"), err.reason, result.insn,
			result.processed, result.total_states);
	fflush(stdout);
	verify_result_free(&result);
	free_case(&o);
}

static int read_options(struct cases *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "btf", required_argument, NULL, 'b' },
		{ "no-prune", no_argument, NULL, 'n' },
		{ "verbose", no_argument, NULL, 'v' },
		{ 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "v", options, NULL)) != -1) {
		switch (o) {
		case 'b': c->btf_dir = optarg; break;
		case 'n': c->no_prune = true; break;
		case 'v': c->verbose++; break;
		default:
			fprintf(stderr, "usage: verify-cases [--btf DIR] "
					"[--no-prune] [-v] < CASES\n");
			return -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct cases c = { .btf_dir = "btf" };
	char *line = NULL;
	size_t cap = 0;

	if (read_options(&c, argc, argv))
		return 1;
	while (getline(&line, &cap, stdin) > 0) {
		json_error_t error;
		json_t *json = json_loads(line, 0, &error);

		if (json)
			answer(&c, json);
		else
			print_line("reject", error.text, "");
		fflush(stdout);
		json_decref(json);
	}
	free(line);
	for (size_t i = 0; i < c.blob_cnt; i++)
		if (c.blobs[i].btf)
			btf_put(c.blobs[i].btf);
	free(c.blobs);
	return 0;
}
