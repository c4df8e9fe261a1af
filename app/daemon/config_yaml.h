/* SPDX-License-Identifier: BSD-3-Clause */
/* config_yaml.h - the YAML file as it stands: texts, numbers and switches */
#ifndef WEIR_APP_DAEMON_CONFIG_YAML_H
#define WEIR_APP_DAEMON_CONFIG_YAML_H

#include "base/err.h"

struct file_port {
	char *name, *spec, *mac, *replay, *forward, *mirror;
	u16 queues, mtu;
	bool promiscuous, checksum, memory;
};

struct file_pin {
	char *map, *path;
};

struct file_object {
	char *path;
	char **overrides;
	struct file_pin *pins;
	u32 override_cnt, pin_cnt;
};

struct file_prog {
	char *port, *hook, *object, *program, *style, *classid;
	u32 *priority;
	bool *direct_action;
	char **chain_actions;
	u32 chain_action_cnt;
};

struct file {
	char *socket, *lcores, *memory, *log_level, *engine, *perf;
	bool *huge_pages;
	u32 burst;
	char **eal;
	struct file_port *ports;
	struct file_object *objects;
	struct file_prog *programs;
	/* in words, as net/text.h has them */
	char **addresses, **routes, **rules, **neighbours, **sockets;
	u32 eal_cnt, port_cnt, object_cnt, program_cnt;
	u32 address_cnt, route_cnt, rule_cnt, neighbour_cnt, socket_cnt;
};

/* *out is NULL for a file that says nothing.  err's place is FILE:LINE. */
int config_yaml_read(const char *path, struct file **out, struct err *err);
void config_yaml_free(struct file *file);

#endif
