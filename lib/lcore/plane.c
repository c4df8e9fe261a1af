/* SPDX-License-Identifier: BSD-3-Clause */
/* plane.c - the running dataplane: made, started, stopped, looked at */
#include "lcore/plane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "lcore/lcore.h"
#include "lcore/pace.h"
#include "lcore/redirect.h"
#include "mem/mem.h"
#include "net/net.h"

static int no_memory(struct err *err)
{
	return err_fail(err, -ENOMEM, "out of memory");
}

static int check_config(const struct plane_config *config, struct err *err)
{
	const struct port_config *ports = config->ports;

	if (config->port_cnt == 0) {
		err_fail(err, -EINVAL, "there is no port");
		return err_hint(err, "give one: --port NAME=SPEC");
	}
	if (config->port_cnt > STATS_PORT_MAX)
		return err_fail(err, -EINVAL, "%u ports are more than %d",
				config->port_cnt, STATS_PORT_MAX);
	if (config->burst > PORT_BURST)
		return err_fail(err, -EINVAL, "a burst has at most %d packets",
				PORT_BURST);
	for (u32 i = 0; i < config->port_cnt; i++)
		for (u32 j = 0; j < i; j++)
			if (strcmp(ports[i].name, ports[j].name) == 0)
				return err_fail(err, -EEXIST,
						"two ports are called '%s'",
						ports[i].name);
	return 0;
}

static void close_ports(struct plane *plane)
{
	for (u32 i = plane->port_cnt; i-- > 0;)
		if (plane->ports[i].port)
			port_close(plane->ports[i].port);
}

static int open_port(struct plane *plane, struct eal *eal, u32 i,
		     const struct port_config *config, struct err *err)
{
	struct plane_port *p = &plane->ports[i];
	struct port_info info;
	int res = port_open(eal, config, i, err, &p->port);

	if (res)
		return res;
	port_get_info(p->port, &info);
	strcpy(p->name, config->name);
	memcpy(p->mac, info.mac, sizeof(p->mac));
	p->queues = info.queues;
	plane->names[i] = p->name;
	return net_set_device(plane->net,
			      &(struct net_device){
				      .ifindex = i + 1,
				      .mtu = info.mtu,
				      .mac = { info.mac[0], info.mac[1],
					       info.mac[2], info.mac[3],
					       info.mac[4], info.mac[5] },
				      .forwards = true,
			      },
			      err);
}

static int open_ports(struct plane *plane, struct eal *eal,
		      const struct port_config *configs, struct err *err)
{
	for (u32 i = 0; i < plane->port_cnt; i++) {
		int res = open_port(plane, eal, i, &configs[i], err);

		if (res) {
			close_ports(plane);
			return res;
		}
	}
	return 0;
}

static void stop_ports(struct plane *plane, u32 n)
{
	while (n-- > 0)
		port_stop(plane->ports[n].port);
}

/* Those that run already keep running. */
static int start_ports(struct plane *plane, struct err *err)
{
	for (u32 i = 0; i < plane->port_cnt; i++) {
		int res = port_start(plane->ports[i].port, err);

		if (res) {
			stop_ports(plane, i);
			return res;
		}
	}
	return 0;
}

static int allocate(struct plane *plane)
{
	u32 n = plane->port_cnt;
	int res;

	plane->ports = calloc(n, sizeof(*plane->ports));
	plane->names = calloc(n, sizeof(*plane->names));
	plane->chains = calloc(n, sizeof(*plane->chains));
	plane->revisions = calloc(n, sizeof(*plane->revisions));
	plane->forwards = calloc(n, sizeof(*plane->forwards));
	if (!plane->ports || !plane->names || !plane->chains ||
	    !plane->revisions || !plane->forwards)
		return -ENOMEM;
	res = trace_create(plane->lcore_cnt, &plane->trace);
	if (!res)
		res = net_create(sys_mem(plane->sys), &plane->net);
	if (res)
		return res;
	trace_world(plane->trace)->net = plane->net;
	return lcores_create(plane);
}

static void release(struct plane *plane)
{
	if (plane->lcores)
		lcores_destroy(plane);
	if (plane->trace)
		trace_destroy(plane->trace);
	plane_forget_plan(plane);
	if (plane->net)
		net_destroy(plane->net);
	free(plane->names);
	free(plane->ports);
	pthread_mutex_destroy(&plane->lock);
	free(plane);
}

static int fill(struct plane *plane, struct eal *eal,
		const struct plane_config *config, struct err *err)
{
	int res = open_ports(plane, eal, config->ports, err);

	if (res)
		return res;
	if (config->forwards)
		memcpy(plane->forwards, config->forwards,
		       plane->port_cnt * sizeof(*plane->forwards));
	sys_set_ports(plane->sys, plane->port_cnt);
	res = plane_apply(plane, NULL, 0, err);
	if (!res && lcores_assign(plane))
		res = no_memory(err);
	if (!res)
		res = start_ports(plane, err);
	if (res)
		close_ports(plane);
	return res;
}

int plane_create(struct eal *eal, struct sys *sys,
		 const struct plane_config *config, struct err *err,
		 struct plane **out)
{
	size_t size = round_up(sizeof(struct plane), CACHE_LINE);
	struct plane *plane;
	int res = check_config(config, err);

	if (res)
		return res;
	plane = aligned_alloc(CACHE_LINE, size);
	if (!plane)
		return no_memory(err);
	*plane = (struct plane){ .sys = sys,
				 .rcu = mem_rcu(sys_mem(sys)),
				 .port_cnt = config->port_cnt,
				 .lcore_cnt = mem_slots(sys_mem(sys)) };
	plane->burst = config->burst ? config->burst : PORT_BURST;
	plane->pace = rte_get_tsc_hz() * PACE_US / 1000000;
	pthread_mutex_init(&plane->lock, NULL);
	res = allocate(plane);
	if (res)
		no_memory(err);
	else
		res = fill(plane, eal, config, err);
	if (res) {
		release(plane);
		return res;
	}
	*out = plane;
	return 0;
}

void plane_destroy(struct plane *plane)
{
	plane_stop(plane);
	close_ports(plane);
	release(plane);
}

int plane_start(struct plane *plane, struct err *err)
{
	int res;

	pthread_mutex_lock(&plane->lock);
	res = start_ports(plane, err);
	for (u32 i = 0; !res && i < plane->port_cnt; i++)
		res = port_begin(plane->ports[i].port, err);
	if (!res)
		res = lcores_start(plane, err);
	plane->running = !res;
	pthread_mutex_unlock(&plane->lock);
	return res;
}

void plane_stop(struct plane *plane)
{
	pthread_mutex_lock(&plane->lock);
	if (plane->running) {
		lcores_stop(plane);
		stop_ports(plane, plane->port_cnt);
		plane->running = false;
	}
	pthread_mutex_unlock(&plane->lock);
}

/* A burst that does not know of captures yet looks for none. */
static void set_capture(struct plane *plane, struct plane_port *p,
			struct capture *capture)
{
	atomic_store_explicit(&p->capture, capture, memory_order_release);
	atomic_fetch_add(&plane->captures, 1);
}

int plane_capture(struct plane *plane, u32 port, struct prog *filter,
		  struct err *err, struct capture **out)
{
	struct plane_port *p = &plane->ports[port];
	int res = 0;

	if (filter && filter->type != BPF_PROG_TYPE_SOCKET_FILTER) {
		err_fail(err, -EINVAL, "%s is a program of type %s, no filter",
			 filter->full_name, prog_type_name(filter->type));
		return err_hint(err, "SEC(\"socket\") makes one");
	}
	pthread_mutex_lock(&plane->lock);
	if (atomic_load(&p->capture))
		res = err_fail(err, -EBUSY, "port %s is captured already",
			       p->name);
	else if (capture_create(plane->rcu, plane->lcore_cnt,
				trace_world(plane->trace), filter, out) != 0)
		res = no_memory(err);
	else
		set_capture(plane, p, *out);
	pthread_mutex_unlock(&plane->lock);
	return res;
}

void plane_capture_stop(struct plane *plane, u32 port)
{
	struct capture *capture;

	pthread_mutex_lock(&plane->lock);
	capture = atomic_exchange(&plane->ports[port].capture, NULL);
	if (capture)
		atomic_fetch_sub(&plane->captures, 1);
	pthread_mutex_unlock(&plane->lock);
	if (capture)
		capture_put(capture);
}

struct sys *plane_sys(struct plane *plane)
{
	return plane->sys;
}

bool plane_ended(const struct plane *plane)
{
	bool any = false;

	for (u32 i = 0; i < plane->port_cnt; i++) {
		struct port_info info;

		port_get_info(plane->ports[i].port, &info);
		if (info.ends && !info.ended)
			return false;
		any |= info.ended;
	}
	if (!any)
		return false;
	/* What came before the end has left with the burst it came in, or is on
	 * its way from lcore to lcore. */
	rcu_synchronize(plane->rcu);
	return inboxes_idle(plane);
}

void plane_watch(struct plane *plane)
{
	pthread_mutex_lock(&plane->lock);
	for (u32 i = 0; i < plane->port_cnt; i++)
		port_watch(plane->ports[i].port);
	pthread_mutex_unlock(&plane->lock);
}

struct net *plane_net(struct plane *plane)
{
	return plane->net;
}

static u32 device_of(void *arg, const char *name)
{
	struct err ignored = { 0 };
	int port = plane_port_find(arg, name, &ignored);

	return port < 0 ? 0 : (u32)port + 1;
}

static const char *name_of(void *arg, u32 ifindex)
{
	const struct plane *plane = arg;

	return ifindex && ifindex <= plane->port_cnt
		       ? plane->names[ifindex - 1]
		       : NULL;
}

void plane_net_names(const struct plane *plane, struct net_names *names)
{
	*names = (struct net_names){ device_of, name_of,
				     (void *)(uintptr_t)plane };
}

u32 plane_port_count(const struct plane *plane)
{
	return plane->port_cnt;
}

int plane_port_find(const struct plane *plane, const char *name,
		    struct err *err)
{
	char there[256] = "";

	for (u32 i = 0; i < plane->port_cnt; i++) {
		size_t len = strlen(there);

		if (strcmp(plane->names[i], name) == 0)
			return (int)i;
		snprintf(there + len, sizeof(there) - len, "%s%s",
			 i ? ", " : "", plane->names[i]);
	}
	err_fail(err, -ENOENT, "no port is called %.64s", name);
	return err_hint(err, "there are: %s", there);
}

void plane_port_info(const struct plane *plane, u32 port,
		     struct port_info *info)
{
	port_get_info(plane->ports[port].port, info);
}

u32 plane_lcore_count(const struct plane *plane)
{
	return plane->lcore_cnt;
}

static void add_counters(struct port_stats *sum, const struct port_counters *c)
{
	sum->rx_packets += stat_read(&c->rx_packets);
	sum->rx_bytes += stat_read(&c->rx_bytes);
	sum->tx_packets += stat_read(&c->tx_packets);
	sum->tx_bytes += stat_read(&c->tx_bytes);
	sum->copies += stat_read(&c->copies);
	sum->queued += stat_read(&c->queued);
	for (u32 i = 0; i < DROP_REASON_COUNT; i++)
		sum->drops[i] += stat_read(&c->drops[i]);
	for (u32 hook = 0; hook < STATS_HOOKS; hook++)
		for (u32 i = 0; i < STATS_CODES; i++)
			sum->verdicts[hook][i] +=
				stat_read(&c->verdicts[hook][i]);
}

void plane_port_stats(const struct plane *plane, u32 port,
		      struct port_stats *out)
{
	struct port_lost lost;

	memset(out, 0, sizeof(*out));
	for (u32 i = 0; i < plane->lcore_cnt; i++)
		add_counters(out, &plane->lcores[i].stats.port[port]);
	port_get_lost(plane->ports[port].port, &lost);
	out->rx_packets += lost.too_long + lost.no_buffer;
	out->drops[DROP_TOO_LONG] += lost.too_long;
	out->drops[DROP_NO_BUFFER] += lost.no_buffer;
}

int plane_trace_subscribe(struct plane *plane, trace_fn *fn, void *arg)
{
	return trace_subscribe(plane->trace, fn, arg);
}

void plane_trace_unsubscribe(struct plane *plane, int id)
{
	trace_unsubscribe(plane->trace, id);
}

void plane_trace_deliver(struct plane *plane)
{
	trace_deliver(plane->trace);
}

u64 plane_trace_lost(const struct plane *plane)
{
	return trace_lost(plane->trace);
}
