/* SPDX-License-Identifier: BSD-3-Clause */
/* request_net.c - addresses, routes, rules and neighbours, in words */
#include "ctl/request.h"
#include "net/text.h"

static int change(struct request *rq, enum net_noun noun, const char *name,
		  enum net_how how, struct err *err)
{
	struct plane *plane = request_plane(rq);
	struct net_names names;
	bool replace = false;
	const char *words;
	int res = arg_string(rq, name, &words, err);

	if (!res && arg_has(rq, "replace"))
		res = arg_bool(rq, "replace", &replace, err);
	if (res)
		return res;
	plane_net_names(plane, &names);
	return net_change(plane_net(plane), &names, noun,
			  replace ? NET_REPLACE : how, words, err);
}

static void say(void *arg, const char *words)
{
	json_str(arg, words);
}

static int list(struct request *rq, enum net_noun noun)
{
	struct plane *plane = request_plane(rq);
	struct net_names names;

	plane_net_names(plane, &names);
	json_begin_array(&rq->json);
	net_list(plane_net(plane), &names, noun, say, &rq->json);
	json_end_array(&rq->json);
	return 0;
}

/* The three methods of a noun. */
#define METHODS(name, noun)                                         \
	static int name##_add(struct request *rq, struct err *err)  \
	{                                                           \
		return change(rq, noun, #name, NET_ADD, err);       \
	}                                                           \
	static int name##_del(struct request *rq, struct err *err)  \
	{                                                           \
		return change(rq, noun, #name, NET_DEL, err);       \
	}                                                           \
	static int name##_list(struct request *rq, struct err *err) \
	{                                                           \
		(void)err;                                          \
		return list(rq, noun);                              \
	}
#define ROWS(name)                                      \
	{ #name ".add", #name " replace", name##_add }, \
		{ #name ".del", #name, name##_del },    \
	{                                               \
#name ".list", "", name##_list          \
	}

METHODS(address, NET_ADDRESS)
METHODS(route, NET_ROUTE)
METHODS(rule, NET_RULE)
METHODS(neigh, NET_NEIGHBOUR)
METHODS(socket, NET_SOCKET)

const struct method net_methods[] = {
	ROWS(address), ROWS(route), ROWS(rule), ROWS(neigh), ROWS(socket), { 0 },
};
