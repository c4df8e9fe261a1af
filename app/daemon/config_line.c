/* SPDX-License-Identifier: BSD-3-Clause */
/* config_line.c - where in a YAML file something stands */
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "daemon/config.h"

static yaml_node_t *value_of(yaml_document_t *doc, yaml_node_t *map,
			     const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top; p++) {
		yaml_node_t *k = yaml_document_get_node(doc, p->key);

		if (k->type == YAML_SCALAR_NODE &&
		    strcmp((const char *)k->data.scalar.value, key) == 0)
			return yaml_document_get_node(doc, p->value);
	}
	return NULL;
}

static yaml_node_t *item_of(yaml_document_t *doc, yaml_node_t *list, u32 item)
{
	if (!list || list->type != YAML_SEQUENCE_NODE ||
	    list->data.sequence.items.start + item >=
		    list->data.sequence.items.top)
		return NULL;
	return yaml_document_get_node(doc,
				      list->data.sequence.items.start[item]);
}

static u32 find(yaml_document_t *doc, const char *list, u32 item,
		const char *setting)
{
	yaml_node_t *at = yaml_document_get_root_node(doc), *value;

	if (list)
		at = item_of(doc, value_of(doc, at, list), item);
	value = setting ? value_of(doc, at, setting) : NULL;
	if (value)
		at = value;
	return at ? (u32)at->start_mark.line + 1 : 0;
}

u32 config_line(const char *path, const char *list, u32 item,
		const char *setting)
{
	FILE *f = fopen(path, "re");
	yaml_parser_t parser;
	yaml_document_t doc;
	u32 line = 0;

	if (!f)
		return 0;
	if (yaml_parser_initialize(&parser)) {
		yaml_parser_set_input_file(&parser, f);
		if (yaml_parser_load(&parser, &doc)) {
			line = find(&doc, list, item, setting);
			yaml_document_delete(&doc);
		}
		yaml_parser_delete(&parser);
	}
	fclose(f);
	return line;
}
