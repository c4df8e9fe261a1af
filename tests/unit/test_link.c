/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links and the plane's hooks behind them.  What Linux says to the same calls:
 * tests/kernel/wbpf_link.c.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "asm.h"
#include "plane_rig.h"
#include "sys/wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))

static struct mem *mem;
static struct sys *sys;
static struct plane *plane;
static struct wclient *client;

static int begin(void **state)
{
	const struct mem_config config = { .budget = 64ull << 20, .slots = 2 };

	(void)state;
	if (mem_create(&config, &mem) || sys_create(mem, &sys))
		return -1;
	plane = rig_plane(mem);
	if (!plane)
		return -1;
	sys_set_attach(sys, &plane_attach_ops, plane);
	return wclient_create(sys, &client);
}

static int end(void **state)
{
	(void)state;
	if (plane) {
		sys_set_attach(sys, NULL, NULL);
		rig_plane_free(plane);
	}
	wclient_destroy(client);
	sys_destroy(sys);
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
	return 0;
}

static int call(int cmd, union bpf_attr *attr)
{
	return wbpf(client, cmd, attr, sizeof(*attr), &wmem_self);
}

static int load_code(u32 type, const struct bpf_insn *insns, u32 cnt)
{
	union bpf_attr attr = { .prog_type = type,
				.insns = PTR(insns),
				.insn_cnt = cnt,
				.license = PTR("GPL") };
	int fd = call(BPF_PROG_LOAD, &attr);

	assert_true(fd > 0);
	return fd;
}

static int load(u32 type)
{
	static const struct bpf_insn code[] = { ALU64_K(MOV, R0, 2), EXIT() };

	return load_code(type, code, ARRAY_LEN(code));
}

static int attach(int prog, u32 attach_type, u32 ifindex)
{
	union bpf_attr attr = { .link_create = { .prog_fd = (u32)prog,
						 .target_ifindex = ifindex,
						 .attach_type = attach_type } };

	return call(BPF_LINK_CREATE, &attr);
}

static int update(int link, int prog)
{
	union bpf_attr attr = { .link_update = { .link_fd = (u32)link,
						 .new_prog_fd = (u32)prog } };

	return call(BPF_LINK_UPDATE, &attr);
}

static struct bpf_link_info info_of(int link)
{
	struct bpf_link_info info = { 0 };
	union bpf_attr attr = { .info.bpf_fd = (u32)link,
				.info.info_len = sizeof(info),
				.info.info = PTR(&info) };

	assert_int_equal(call(BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	return info;
}

static const struct chain *chain(u32 port, enum hook_kind hook)
{
	return atomic_load(&plane->plan)->port[port].chain[hook];
}

static struct prog *prog_of(int fd)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .info.bpf_fd = (u32)fd,
				.info.info_len = sizeof(info),
				.info.info = PTR(&info) };
	struct prog *prog;

	assert_int_equal(call(BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	prog = sys_prog_by_id(sys, info.id);
	assert_non_null(prog);
	prog_put(prog); /* the handle has one */
	return prog;
}

static void a_linked_program_runs_until_the_link_goes(void **state)
{
	int a = load(BPF_PROG_TYPE_XDP), b = load(BPF_PROG_TYPE_XDP);
	int link = attach(a, BPF_XDP, 2);

	(void)state;
	assert_true(link > 0);
	assert_null(chain(0, HOOK_XDP));
	assert_ptr_equal(chain_at(chain(1, HOOK_XDP), 0)->prog, prog_of(a));
	assert_int_equal(update(link, b), 0);
	assert_ptr_equal(chain_at(chain(1, HOOK_XDP), 0)->prog, prog_of(b));
	assert_int_equal(wclient_close(client, link), 0);
	assert_null(chain(1, HOOK_XDP));
}

static void a_client_takes_its_links_along(void **state)
{
	int prog = load(BPF_PROG_TYPE_XDP);

	(void)state;
	assert_true(attach(prog, BPF_XDP, 1) > 0);
	wclient_destroy(client);
	assert_null(chain(0, HOOK_XDP));
	assert_int_equal(wclient_create(sys, &client), 0);
}

static void a_link_outlives_its_ports(void **state)
{
	int prog = load(BPF_PROG_TYPE_XDP), link = attach(prog, BPF_XDP, 1);

	(void)state;
	assert_int_equal(info_of(link).xdp.ifindex, 1);
	sys_set_attach(sys, NULL, NULL);
	rig_plane_free(plane);
	plane = NULL;
	assert_int_equal(info_of(link).xdp.ifindex, 0);
	assert_int_equal(update(link, prog), -ENOLINK);
	assert_int_equal(attach(prog, BPF_XDP, 1), -EINVAL);
}

static u32 attachment(u32 i)
{
	return plane->attachments.items[i].id;
}

/* Others detach it, as they do any; replacing is the link's. */
static void an_attachment_of_a_link_is_not_replaced_by_others(void **state)
{
	int prog = load(BPF_PROG_TYPE_XDP), other = load(BPF_PROG_TYPE_XDP);
	int link = attach(prog, BPF_XDP, 1);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(plane_replace(plane, attachment(0), prog_of(other),
				       &err),
			 -EBUSY);
	assert_ptr_equal(chain_at(chain(0, HOOK_XDP), 0)->prog, prog_of(prog));
	assert_int_equal(plane_detach(plane, attachment(0), &err), 0);
	assert_int_equal(info_of(link).xdp.ifindex, 0);
	assert_int_equal(update(link, other), -ENOLINK);
	assert_true(attach(other, BPF_XDP, 1) > 0);
}

static void a_link_wants_a_hook_without_programs(void **state)
{
	int prog = load(BPF_PROG_TYPE_XDP), id, link;
	const struct chain_entry entry = { .prog = prog_of(prog),
					   .style = CHAIN_XDP,
					   .priority = 20,
					   .chain_actions = 1u << XDP_PASS };

	(void)state;
	id = plane_attach(plane, 0, HOOK_XDP, &entry, NULL);
	assert_true(id > 0);
	assert_int_equal(attach(prog, BPF_XDP, 1), -EBUSY);
	assert_int_equal(plane_detach(plane, (u32)id, NULL), 0);
	link = attach(prog, BPF_XDP, 1);
	assert_true(link > 0);
}

/* What bpf(2) puts between programs with priorities stays there. */
static void places_hold_among_priorities(void **state)
{
	static const u32 priorities[] = { 10, 50, 90 };
	int progs[] = { load(BPF_PROG_TYPE_SCHED_CLS),
			load(BPF_PROG_TYPE_SCHED_CLS),
			load(BPF_PROG_TYPE_SCHED_CLS),
			load(BPF_PROG_TYPE_SCHED_CLS) };
	static const u32 order[] = { 0, 3, 1, 2 };
	const struct chain *c;
	union bpf_attr attr = { .target_ifindex = 1,
				.attach_bpf_fd = (u32)progs[3],
				.attach_type = BPF_TCX_INGRESS,
				.attach_flags = BPF_F_BEFORE,
				.relative_fd = (u32)progs[1] };

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		const struct chain_entry entry = { .prog = prog_of(progs[i]),
						   .style = CHAIN_TCX,
						   .priority = priorities[i] };

		assert_true(plane_attach(plane, 0, HOOK_TC_INGRESS, &entry,
					 NULL) > 0);
	}
	assert_int_equal(call(BPF_PROG_ATTACH, &attr), 0);
	for (u32 round = 0; round < 2; round++) {
		c = chain(0, HOOK_TC_INGRESS);
		for (u32 i = 0; i < 4; i++)
			assert_ptr_equal(chain_at(c, i)->prog,
					 prog_of(progs[order[i]]));
		/* the list is made anew */
		attr = (union bpf_attr){ .target_ifindex = 1,
					 .attach_bpf_fd = (u32)progs[0],
					 .attach_type = BPF_TCX_EGRESS };
		assert_int_equal(call(BPF_PROG_ATTACH, &attr),
				 round ? -EEXIST : 0);
	}
}

/* ---- a test run on a port ---- */

static int run(int prog, const void *ctx, u32 size, u32 *retval)
{
	static u8 packet[64] = { 2, 0, 0, 0, 0, 1 };
	union bpf_attr attr = { .test = { .prog_fd = (u32)prog,
					  .data_in = PTR(packet),
					  .data_size_in = sizeof(packet),
					  .ctx_in = PTR(ctx),
					  .ctx_size_in = size } };
	int res = call(BPF_PROG_TEST_RUN, &attr);

	*retval = attr.test.retval;
	return res;
}

static void a_test_run_names_a_port(void **state)
{
	const struct bpf_insn queue[] = {
		LDX(W, R0, R1, offsetof(struct xdp_md, rx_queue_index)),
		LDX(W, R1, R1, offsetof(struct xdp_md, ingress_ifindex)),
		ALU64_K(MUL, R0, 16),
		ALU64_X(ADD, R0, R1),
		EXIT(),
	};
	struct xdp_md ctx = { .data_end = 64,
			      .ingress_ifindex = 2,
			      .rx_queue_index = 1 };
	int prog = load_code(BPF_PROG_TYPE_XDP, queue, ARRAY_LEN(queue));
	u32 retval;

	(void)state;
	assert_int_equal(run(prog, &ctx, sizeof(ctx), &retval), 0);
	assert_int_equal(retval, 16 + 2);
	ctx.rx_queue_index = 2;
	assert_int_equal(run(prog, &ctx, sizeof(ctx), &retval), -EINVAL);
	ctx.rx_queue_index = 0;
	ctx.ingress_ifindex = RIG_PORTS + 1;
	assert_int_equal(run(prog, &ctx, sizeof(ctx), &retval), -ENODEV);
}

/* The packet is for port 2's address. */
static void a_test_run_knows_the_ports_address(void **state)
{
	const struct bpf_insn kind[] = {
		LDX(W, R0, R1, offsetof(struct __sk_buff, pkt_type)),
		EXIT(),
	};
	int prog = load_code(BPF_PROG_TYPE_SCHED_CLS, kind, ARRAY_LEN(kind));
	struct __sk_buff ctx = { .ifindex = 2 };
	u32 retval;

	(void)state;
	assert_int_equal(run(prog, &ctx, sizeof(ctx), &retval), 0);
	assert_int_equal(retval, PKT_HOST);
	ctx.ifindex = 3;
	assert_int_equal(run(prog, &ctx, sizeof(ctx), &retval), 0);
	assert_int_equal(retval, PKT_OTHERHOST);
	ctx.ifindex = RIG_PORTS + 1;
	assert_int_equal(run(prog, &ctx, sizeof(ctx), &retval), -ENODEV);
}

/* ---- several at once ---- */

#define THREADS 3
#define ROUNDS 300

static int in_thread(struct wclient *c, int cmd, union bpf_attr attr)
{
	return wbpf(c, cmd, &attr, sizeof(attr), &wmem_self);
}

/* Links come, are updated, asked, anchored at, taken away by number. */
static void *use_links(void *arg)
{
	const struct bpf_insn code[] = { ALU64_K(MOV, R0, 0), EXIT() };
	const union bpf_attr prog = { .prog_type = BPF_PROG_TYPE_SCHED_CLS,
				      .insns = PTR(code),
				      .insn_cnt = ARRAY_LEN(code),
				      .license = PTR("GPL") };
	struct wclient *c;

	(void)arg;
	assert_int_equal(wclient_create(sys, &c), 0);
	for (u32 i = 0; i < ROUNDS; i++) {
		int a = in_thread(c, BPF_PROG_LOAD, prog);
		int b = in_thread(c, BPF_PROG_LOAD, prog);
		union bpf_attr attr = {
			.link_create = { .prog_fd = (u32)a,
					 .target_ifindex = 1,
					 .attach_type = BPF_TCX_INGRESS },
		};
		int link = in_thread(c, BPF_LINK_CREATE, attr), other;
		u32 next = 0;

		assert_true(link > 0);
		attr = (union bpf_attr){ .link_update = { (u32)link,
							  { (u32)b } } };
		in_thread(c, BPF_LINK_UPDATE, attr);
		attr = (union bpf_attr){ .start_id = i % 8 };
		if (wbpf(c, BPF_LINK_GET_NEXT_ID, &attr, sizeof(attr),
			 &wmem_self) == 0)
			next = attr.next_id;
		attr = (union bpf_attr){ .link_id = next };
		other = in_thread(c, BPF_LINK_GET_FD_BY_ID, attr);
		attr = (union bpf_attr){ .target_ifindex = 1,
					 .attach_bpf_fd = (u32)a,
					 .attach_type = BPF_TCX_INGRESS,
					 .attach_flags = BPF_F_BEFORE |
							 BPF_F_LINK | BPF_F_ID,
					 .relative_id = next };
		if (in_thread(c, BPF_PROG_ATTACH, attr) == 0) {
			attr.attach_flags = 0;
			attr.relative_id = 0;
			assert_int_equal(in_thread(c, BPF_PROG_DETACH, attr),
					 0);
		}
		attr = (union bpf_attr){ .link_detach.link_fd = (u32)other };
		if (i % 3 == 0)
			in_thread(c, BPF_LINK_DETACH, attr);
		wclient_close(c, link);
		if (other > 0)
			wclient_close(c, other);
		wclient_close(c, a);
		wclient_close(c, b);
	}
	wclient_destroy(c);
	return NULL;
}

static void links_may_be_used_by_many(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (u32 i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_links,
						NULL),
				 0);
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(plane->attachments.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_linked_program_runs_until_the_link_goes),
		TEST(a_client_takes_its_links_along),
		TEST(a_link_outlives_its_ports),
		TEST(an_attachment_of_a_link_is_not_replaced_by_others),
		TEST(a_link_wants_a_hook_without_programs),
		TEST(places_hold_among_priorities),
		TEST(a_test_run_names_a_port),
		TEST(a_test_run_knows_the_ports_address),
		TEST(links_may_be_used_by_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
