/* SPDX-License-Identifier: BSD-3-Clause */
/* config_yaml.c - the layout of the YAML file, for libcyaml */
#include "daemon/config_yaml.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"

#define FILE_MAX_BYTES (1u << 20)

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(name, flags, type, member) \
	CYAML_FIELD_STRING_PTR(name, flags, type, member, 0, PATH_MAX)
#define LIST(name, type, member, count, schema)                         \
	CYAML_FIELD_SEQUENCE_COUNT(name, OPTIONAL, type, member, count, \
				   schema, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t any_text = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, PATH_MAX),
};

static const cyaml_schema_field_t port_fields[] = {
	TEXT("name", CYAML_FLAG_POINTER, struct file_port, name),
	TEXT("spec", CYAML_FLAG_POINTER, struct file_port, spec),
	TEXT("mac", OPTIONAL, struct file_port, mac),
	TEXT("replay", OPTIONAL, struct file_port, replay),
	TEXT("forward", OPTIONAL, struct file_port, forward),
	TEXT("mirror", OPTIONAL, struct file_port, mirror),
	CYAML_FIELD_UINT("queues", CYAML_FLAG_OPTIONAL, struct file_port,
			 queues),
	CYAML_FIELD_UINT("mtu", CYAML_FLAG_OPTIONAL, struct file_port, mtu),
	CYAML_FIELD_BOOL("promiscuous", CYAML_FLAG_OPTIONAL, struct file_port,
			 promiscuous),
	CYAML_FIELD_BOOL("checksum", CYAML_FLAG_OPTIONAL, struct file_port,
			 checksum),
	CYAML_FIELD_BOOL("memory", CYAML_FLAG_OPTIONAL, struct file_port,
			 memory),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t port_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_port, port_fields),
};

static const cyaml_schema_field_t pin_fields[] = {
	TEXT("map", CYAML_FLAG_POINTER, struct file_pin, map),
	TEXT("path", CYAML_FLAG_POINTER, struct file_pin, path),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t pin_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_pin, pin_fields),
};

static const cyaml_schema_field_t object_fields[] = {
	TEXT("path", CYAML_FLAG_POINTER, struct file_object, path),
	LIST("overrides", struct file_object, overrides, override_cnt,
	     &any_text),
	LIST("pins", struct file_object, pins, pin_cnt, &pin_value),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t object_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_object,
			    object_fields),
};

static const cyaml_schema_field_t prog_fields[] = {
	TEXT("port", CYAML_FLAG_POINTER, struct file_prog, port),
	TEXT("hook", CYAML_FLAG_POINTER, struct file_prog, hook),
	TEXT("object", CYAML_FLAG_POINTER, struct file_prog, object),
	TEXT("program", OPTIONAL, struct file_prog, program),
	TEXT("style", OPTIONAL, struct file_prog, style),
	TEXT("classid", OPTIONAL, struct file_prog, classid),
	CYAML_FIELD_UINT_PTR("priority", OPTIONAL, struct file_prog, priority),
	CYAML_FIELD_BOOL_PTR("direct_action", OPTIONAL, struct file_prog,
			     direct_action),
	LIST("chain_actions", struct file_prog, chain_actions, chain_action_cnt,
	     &any_text),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t prog_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_prog, prog_fields),
};

static const cyaml_schema_field_t file_fields[] = {
	TEXT("socket", OPTIONAL, struct file, socket),
	TEXT("lcores", OPTIONAL, struct file, lcores),
	TEXT("memory", OPTIONAL, struct file, memory),
	TEXT("log_level", OPTIONAL, struct file, log_level),
	TEXT("engine", OPTIONAL, struct file, engine),
	TEXT("perf", OPTIONAL, struct file, perf),
	CYAML_FIELD_BOOL_PTR("huge_pages", OPTIONAL, struct file, huge_pages),
	CYAML_FIELD_UINT("burst", CYAML_FLAG_OPTIONAL, struct file, burst),
	LIST("eal", struct file, eal, eal_cnt, &any_text),
	LIST("ports", struct file, ports, port_cnt, &port_value),
	LIST("objects", struct file, objects, object_cnt, &object_value),
	LIST("programs", struct file, programs, program_cnt, &prog_value),
	LIST("addresses", struct file, addresses, address_cnt, &any_text),
	LIST("routes", struct file, routes, route_cnt, &any_text),
	LIST("rules", struct file, rules, rule_cnt, &any_text),
	LIST("neighbours", struct file, neighbours, neighbour_cnt, &any_text),
	LIST("sockets", struct file, sockets, socket_cnt, &any_text),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t file_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file, file_fields),
};

static const cyaml_schema_field_t *const all_fields[] = {
	file_fields, port_fields, object_fields, pin_fields, prog_fields,
};

/* ---- what libcyaml says is wrong ---- */

struct complaint {
	char reason[256];
	u32 line;
};

/* The first message is the reason, the first place in its backtrace where. */
static void on_log(cyaml_log_t level, void *arg, const char *fmt, va_list ap)
{
	struct complaint *c = arg;
	const char *at, *text;
	char line[512];

	(void)level;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	at = strstr(line, "(line: ");
	text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
	if (!c->reason[0] && !at && strcmp(text, "Backtrace:") != 0)
		snprintf(c->reason, sizeof(c->reason), "%.255s", text);
	else if (!c->line && at)
		c->line = (u32)strtoul(at + 7, NULL, 10);
}

static const char *nearest_setting(const char *word)
{
	const char *names[64];
	u32 n = 0;

	for (u32 i = 0; i < ARRAY_LEN(all_fields); i++)
		for (const cyaml_schema_field_t *f = all_fields[i]; f->key; f++)
			if (n < ARRAY_LEN(names))
				names[n++] = f->key;
	return cli_nearest(word, names, n);
}

/* Where a setting's name stands, from that line on; libcyaml gives the line of
 * what was before it. */
static u32 line_of_key(const char *text, u32 from, const char *key)
{
	size_t len = strlen(key);
	u32 line = 1;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *at = text + strspn(text, " -");

		if (line >= from && strncmp(at, key, len) == 0 &&
		    at[len + strspn(at + len, " ")] == ':')
			return line;
		line++;
	}
	return from;
}

static int complain(const struct complaint *c, const char *path,
		    const char *text, struct err *err)
{
	static const char unknown[] = "Unexpected key: ";
	static const char missing[] = "Missing required mapping field: ";
	const char *near = NULL;
	u32 line = c->line;

	if (strncmp(c->reason, unknown, strlen(unknown)) == 0) {
		const char *key = c->reason + strlen(unknown);

		err_fail(err, -EINVAL, "there is no setting '%s' here", key);
		line = line_of_key(text, line, key);
		near = nearest_setting(key);
	} else if (strncmp(c->reason, missing, strlen(missing)) == 0) {
		err_fail(err, -EINVAL, "the setting '%s' is missing here",
			 c->reason + strlen(missing));
	} else {
		err_fail(err, -EINVAL, "%s",
			 c->reason[0] ? c->reason : "this is no YAML");
	}
	if (line)
		err_place(err, "%s:%u", path, line);
	else
		err_place(err, "%s", path);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	return err->code;
}

static const cyaml_config_t yaml_config = {
	.log_fn = on_log,
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_ERROR,
	.flags = CYAML_CFG_NO_ALIAS,
};

/* The whole file as a string. */
static int read_text(const char *path, char **text, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;
	int res;

	if (fd < 0 || fstat(fd, &st) < 0)
		goto fail;
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES) {
		close(fd);
		err_fail(err, -EINVAL, "it is no file of up to %u bytes",
			 FILE_MAX_BYTES);
		return err_place(err, "%s", path);
	}
	*text = calloc(1, (size_t)st.st_size + 1);
	n = *text ? read(fd, *text, (size_t)st.st_size) : -1;
	if (n < 0) {
		free(*text);
		goto fail;
	}
	close(fd);
	return 0;

fail:
	res = -errno;
	if (fd >= 0)
		close(fd);
	err_fail(err, res, "cannot read it: %s", strerror(-res));
	return err_place(err, "%s", path);
}

int config_yaml_read(const char *path, struct file **out, struct err *err)
{
	struct complaint c = { .line = 0 };
	cyaml_config_t how = yaml_config;
	char *text = NULL;
	cyaml_err_t failed;
	int res = read_text(path, &text, err);

	if (res)
		return res;
	*out = NULL;
	how.log_ctx = &c;
	failed = cyaml_load_data((const u8 *)text, strlen(text), &how,
				 &file_value, (cyaml_data_t **)out, NULL);
	if (failed != CYAML_OK) {
		if (!c.reason[0])
			snprintf(c.reason, sizeof(c.reason), "%s",
				 cyaml_strerror(failed));
		res = complain(&c, path, text, err);
	}
	free(text);
	return res;
}

void config_yaml_free(struct file *file)
{
	cyaml_free(&yaml_config, &file_value, file, 0);
}
