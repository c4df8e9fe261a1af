/* SPDX-License-Identifier: BSD-3-Clause */
/* rule.c - which tables are asked, in which order */
#include <errno.h>
#include <stdlib.h>

#include "net/net_priv.h"

/* As a host has them. */
static const struct {
	u16 family;
	u32 cnt;
	struct net_rule at[3];
} initial[FAMILIES] = {
	{ AF_INET,
	  3,
	  { { AF_INET, 0, RT_TABLE_LOCAL },
	    { AF_INET, 32766, RT_TABLE_MAIN },
	    { AF_INET, 32767, RT_TABLE_DEFAULT } } },
	{ AF_INET6,
	  2,
	  { { AF_INET6, 0, RT_TABLE_LOCAL },
	    { AF_INET6, 32766, RT_TABLE_MAIN } } },
};

static struct rules *make(const struct net_rule *rules, u32 cnt)
{
	struct rules *r = malloc(sizeof(*r) + cnt * sizeof(r->at[0]));

	if (!r)
		return NULL;
	r->cnt = cnt;
	memcpy(r->at, rules, cnt * sizeof(r->at[0]));
	return r;
}

int net_init_rules(struct net *net)
{
	for (u32 i = 0; i < FAMILIES; i++) {
		net->rules[i] = make(initial[i].at, initial[i].cnt);
		if (!net->rules[i])
			return -ENOMEM;
	}
	return 0;
}

static void free_rules(struct rcu_head *head)
{
	free(container_of(head, struct rules, head));
}

static void publish(struct net *net, u32 family, struct rules *new)
{
	struct rules *old = net->rules[family];

	if (!family)
		atomic_store(&net->apart, true);
	store_release(&net->rules[family], new);
	rcu_defer(net->rcu, &old->head, free_rules);
}

static bool same_prefix(const struct net_prefix *a, const struct net_prefix *b)
{
	return a->len == b->len &&
	       net_same_bits(a->address.byte, b->address.byte, a->len);
}

static bool same(const struct net_rule *a, const struct net_rule *b)
{
	return a->priority == b->priority && a->table == b->table &&
	       a->mark == b->mark && a->mask == b->mask && a->iif == b->iif &&
	       a->oif == b->oif && a->tos == b->tos &&
	       same_prefix(&a->from, &b->from) && same_prefix(&a->to, &b->to);
}

static u32 find(const struct rules *rules, const struct net_rule *rule)
{
	u32 i = 0;

	while (i < rules->cnt && !same(&rules->at[i], rule))
		i++;
	return i;
}

/* Behind those of its priority. */
static int insert(struct net *net, const struct net_rule *rule, struct err *err)
{
	u32 family = family_index(rule->family), at;
	const struct rules *old = net->rules[family];
	struct rules *new;

	if (find(old, rule) < old->cnt)
		return err_fail(err, -EEXIST, "there is such a rule already");
	if (old->cnt == NET_RULES_MAX)
		return err_fail(err, -E2BIG, "there are %u rules already",
				old->cnt);
	new = malloc(sizeof(*new) + (old->cnt + 1) * sizeof(new->at[0]));
	if (!new)
		return net_no_memory(err);
	for (at = 0; at < old->cnt && old->at[at].priority <= rule->priority;)
		at++;
	new->cnt = old->cnt + 1;
	memcpy(new->at, old->at, at * sizeof(new->at[0]));
	new->at[at] = *rule;
	memcpy(&new->at[at + 1], &old->at[at],
	       (old->cnt - at) * sizeof(new->at[0]));
	publish(net, family, new);
	return 0;
}

int net_add_rule(struct net *net, const struct net_rule *rule, struct err *err)
{
	int res = net_check_family(rule->family, err);

	if (res)
		return res;
	if (!rule->table)
		return err_fail(err, -EINVAL, "a rule names a table");
	pthread_mutex_lock(&net->lock);
	res = insert(net, rule, err);
	pthread_mutex_unlock(&net->lock);
	return res;
}

int net_del_rule(struct net *net, const struct net_rule *rule, struct err *err)
{
	u32 family = family_index(rule->family), at;
	struct rules *new = NULL;
	int res = 0;

	pthread_mutex_lock(&net->lock);
	at = find(net->rules[family], rule);
	if (at == net->rules[family]->cnt)
		res = err_fail(err, -ENOENT, "there is no such rule");
	else
		new = make(net->rules[family]->at, net->rules[family]->cnt);
	if (new) {
		new->cnt--;
		memmove(&new->at[at], &new->at[at + 1],
			(new->cnt - at) * sizeof(new->at[0]));
		publish(net, family, new);
	} else if (!res) {
		res = net_no_memory(err);
	}
	pthread_mutex_unlock(&net->lock);
	return res;
}

void net_each_rule(struct net *net, net_rule_fn *fn, void *arg)
{
	pthread_mutex_lock(&net->lock);
	for (u32 f = 0; f < FAMILIES; f++)
		for (u32 i = 0; i < net->rules[f]->cnt; i++)
			fn(arg, &net->rules[f]->at[i]);
	pthread_mutex_unlock(&net->lock);
}
