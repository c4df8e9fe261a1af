/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helpers.h - what a helper is written with; inside lib/helper only
 *
 * HELPER_2(fn, u32, offset, s32, delta) { ... } defines the fn of a struct
 * helper: its arguments are cut to the types given, as Linux cuts them.  run is
 * there, too.
 */
#ifndef WEIR_HELPER_HELPERS_H
#define WEIR_HELPER_HELPERS_H

#include <errno.h>

#include "helper/helper.h"

/* All that Weir has, in the order of their numbers. */
#define HELPERS(X)                      \
	X(map_lookup_elem)              \
	X(map_update_elem)              \
	X(map_delete_elem)              \
	X(ktime_get_ns)                 \
	X(trace_printk)                 \
	X(get_prandom_u32)              \
	X(get_smp_processor_id)         \
	X(skb_store_bytes)              \
	X(l3_csum_replace)              \
	X(l4_csum_replace)              \
	X(tail_call)                    \
	X(clone_redirect)               \
	X(get_current_pid_tgid)         \
	X(get_current_uid_gid)          \
	X(get_current_comm)             \
	X(get_cgroup_classid)           \
	X(skb_vlan_push)                \
	X(skb_vlan_pop)                 \
	X(skb_get_tunnel_key)           \
	X(skb_set_tunnel_key)           \
	X(redirect)                     \
	X(get_route_realm)              \
	X(perf_event_output)            \
	X(skb_load_bytes)               \
	X(csum_diff)                    \
	X(skb_get_tunnel_opt)           \
	X(skb_set_tunnel_opt)           \
	X(skb_change_proto)             \
	X(skb_change_type)              \
	X(skb_under_cgroup)             \
	X(get_hash_recalc)              \
	X(current_task_under_cgroup)    \
	X(skb_change_tail)              \
	X(skb_pull_data)                \
	X(csum_update)                  \
	X(set_hash_invalid)             \
	X(get_numa_node_id)             \
	X(skb_change_head)              \
	X(xdp_adjust_head)              \
	X(get_socket_cookie)            \
	X(get_socket_uid)               \
	X(set_hash)                     \
	X(skb_adjust_room)              \
	X(redirect_map)                 \
	X(xdp_adjust_meta)              \
	X(xdp_adjust_tail)              \
	X(skb_get_xfrm_state)           \
	X(skb_load_bytes_relative)      \
	X(fib_lookup)                   \
	X(skb_cgroup_id)                \
	X(get_current_cgroup_id)        \
	X(skb_ancestor_cgroup_id)       \
	X(sk_lookup_tcp)                \
	X(sk_lookup_udp)                \
	X(sk_release)                   \
	X(map_push_elem)                \
	X(map_pop_elem)                 \
	X(map_peek_elem)                \
	X(spin_lock)                    \
	X(spin_unlock)                  \
	X(sk_fullsock)                  \
	X(tcp_sock)                     \
	X(skb_ecn_set_ce)               \
	X(get_listener_sock)            \
	X(skc_lookup_tcp)               \
	X(tcp_check_syncookie)          \
	X(strtol)                       \
	X(strtoul)                      \
	X(tcp_gen_syncookie)            \
	X(jiffies64)                    \
	X(get_ns_current_pid_tgid)      \
	X(get_netns_cookie)             \
	X(get_current_ancestor_cgroup_id) \
	X(sk_assign)                    \
	X(ktime_get_boot_ns)            \
	X(ringbuf_output)               \
	X(ringbuf_reserve)              \
	X(ringbuf_submit)               \
	X(ringbuf_discard)              \
	X(ringbuf_query)                \
	X(csum_level)                   \
	X(skb_cgroup_classid)           \
	X(redirect_neigh)               \
	X(redirect_peer)                \
	X(ktime_get_coarse_ns)          \
	X(check_mtu)                    \
	X(for_each_map_elem)            \
	X(snprintf)                     \
	X(timer_init)                   \
	X(timer_set_callback)           \
	X(timer_start)                  \
	X(timer_cancel)                 \
	X(trace_vprintk)                \
	X(loop)                         \
	X(strncmp)                      \
	X(xdp_get_buff_len)             \
	X(xdp_load_bytes)               \
	X(xdp_store_bytes)              \
	X(skb_set_tstamp)               \
	X(map_lookup_percpu_elem)       \
	X(dynptr_from_mem)              \
	X(ringbuf_reserve_dynptr)       \
	X(ringbuf_submit_dynptr)        \
	X(ringbuf_discard_dynptr)       \
	X(dynptr_read)                  \
	X(dynptr_write)                 \
	X(dynptr_data)                  \
	X(tcp_raw_gen_syncookie_ipv4)   \
	X(tcp_raw_gen_syncookie_ipv6)   \
	X(tcp_raw_check_syncookie_ipv4) \
	X(tcp_raw_check_syncookie_ipv6) \
	X(ktime_get_tai_ns)             \
	X(user_ringbuf_drain)

#define HELPER_DECLARE(name) extern const struct helper helper_##name;
HELPERS(HELPER_DECLARE)
#undef HELPER_DECLARE

/* Linux's errno that user space has no name for. */
#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

#define HELPER_UNUSED __attribute__((unused))
#define HELPER_DEFINE(fn, params, ...)                                  \
	static u64 fn##_body params;                                    \
	static u64 fn(struct run *run, HELPER_UNUSED u64 a,             \
		      HELPER_UNUSED u64 b, HELPER_UNUSED u64 c,         \
		      HELPER_UNUSED u64 d, HELPER_UNUSED u64 e)         \
	{                                                               \
		return fn##_body(run __VA_OPT__(, ) __VA_ARGS__);       \
	}                                                               \
	static u64 fn##_body params

#define HELPER_RUN HELPER_UNUSED struct run *run
#define HELPER_0(fn) HELPER_DEFINE(fn, (HELPER_RUN))
#define HELPER_1(fn, ta, na) HELPER_DEFINE(fn, (HELPER_RUN, ta na), (ta)a)
#define HELPER_2(fn, ta, na, tb, nb) \
	HELPER_DEFINE(fn, (HELPER_RUN, ta na, tb nb), (ta)a, (tb)b)
#define HELPER_3(fn, ta, na, tb, nb, tc, nc)                           \
	HELPER_DEFINE(fn, (HELPER_RUN, ta na, tb nb, tc nc), (ta)a, (tb)b, \
		      (tc)c)
#define HELPER_4(fn, ta, na, tb, nb, tc, nc, td, nd)                     \
	HELPER_DEFINE(fn, (HELPER_RUN, ta na, tb nb, tc nc, td nd), (ta)a, \
		      (tb)b, (tc)c, (td)d)
#define HELPER_5(fn, ta, na, tb, nb, tc, nc, td, nd, te, ne)            \
	HELPER_DEFINE(fn, (HELPER_RUN, ta na, tb nb, tc nc, td nd, te ne), \
		      (ta)a, (tb)b, (tc)c, (td)d, (te)e)

/* A negative errno as a program sees it. */
static inline u64 helper_error(int err)
{
	return (u64)(s64)err;
}

#endif
