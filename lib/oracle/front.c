/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/front.h"

#include <string.h>

#include "oracle/asm.h"
#include "oracle/replay.h"

/* Registers: 6 is the context, 7 the state. */

#define CTX(type, field) ((s16)offsetof(struct type, field))
#define FLOW(field) ((s16)offsetof(struct flows, field))
#define TURN(field) ((s16)offsetof(struct front_turn, field))

#define JUMP_TO_PROG                                                        \
	ALU(BPF_MOV, 1, 6), IMM64(2, BPF_PSEUDO_MAP_FD, progs, 0),          \
		ALU_IMM(BPF_MOV, 3, 0), CALL(BPF_FUNC_tail_call),           \
		ALU_IMM(BPF_MOV, 0, 0), RETURN

/* Ends a function that has made a program. */
#define GIVE(program, insns)                                                \
	do {                                                                \
		_Static_assert(ARRAY_LEN(program) <= FRONT_INSNS, "room");  \
		memcpy(insns, program, sizeof(program));                    \
		return ARRAY_LEN(program);                                  \
	} while (0)

/* The upper half added to the lower; r0 is lost. */
#define FOLD(r)                                                  \
	ALU(BPF_MOV, 0, r), ALU_IMM(BPF_RSH, 0, 16),             \
		ALU_IMM(BPF_AND, r, 0xffff), ALU(BPF_ADD, r, 0)

u32 front_flows(u32 prog_type, u32 sum, int state, int progs,
		struct bpf_insn insns[FRONT_INSNS])
{
	bool xdp = prog_type == BPF_PROG_TYPE_XDP;
	s16 data = xdp ? CTX(xdp_md, data) : CTX(__sk_buff, data);
	s16 end = xdp ? CTX(xdp_md, data_end) : CTX(__sk_buff, data_end);
	const struct bpf_insn program[] = {
		ALU(BPF_MOV, 6, 1),
		LOAD(BPF_W, 2, 6, data),
		LOAD(BPF_W, 3, 6, end),
		ALU(BPF_MOV, 4, 2),
		ALU_IMM(BPF_ADD, 4, FLOWS_FRAME_MIN),
		JUMP(BPF_JGT, 4, 3, 46),
		IMM64(7, BPF_PSEUDO_MAP_VALUE, state, 0),
		LOAD(BPF_DW, 4, 7, FLOW(next)),
		LOAD(BPF_DW, 0, 7, FLOW(count)),
		JUMP(BPF_JGE, 4, 0, 4),
		/* r4 = next++ */
		ALU(BPF_MOV, 1, 4),
		ALU_IMM(BPF_ADD, 1, 1),
		STORE(BPF_DW, 7, 1, FLOW(next)),
		GO(12),
		/* r4 = one of them at random */
		LOAD(BPF_DW, 1, 7, FLOW(random)),
		IMM64(4, 0, REPLAY_RANDOM_MUL, REPLAY_RANDOM_MUL >> 32),
		ALU(BPF_MUL, 1, 4),
		IMM64(4, 0, REPLAY_RANDOM_ADD, REPLAY_RANDOM_ADD >> 32),
		ALU(BPF_ADD, 1, 4),
		STORE(BPF_DW, 7, 1, FLOW(random)),
		ALU_IMM(BPF_RSH, 1, 32),
		ALU(BPF_MUL, 1, 0),
		ALU_IMM(BPF_RSH, 1, 32),
		ALU(BPF_MOV, 4, 1),
		/* the address, and the checksum in r1 */
		ALU_IMM(BPF_ADD, 4, FLOWS_NET),
		ALU(BPF_MOV, 1, 4),
		ALU_IMM(BPF_RSH, 1, 16),
		ALU(BPF_MOV, 0, 4),
		ALU_IMM(BPF_AND, 0, 0xffff),
		ALU(BPF_ADD, 1, 0),
		ALU_IMM(BPF_ADD, 1, (s32)sum),
		FOLD(1),
		FOLD(1),
		ALU_IMM(BPF_XOR, 1, 0xffff),
		TO_BE(1, 16),
		STORE(BPF_H, 2, 1, FLOWS_CHECK_AT),
		TO_BE(4, 32),
		STORE(BPF_W, 2, 4, FLOWS_SOURCE_AT),
		JUMP_TO_PROG,
	};

	GIVE(program, insns);
}

/* r9 = the next packet, r8 = its length, which the verifier then knows. */
#define TAKE_TURN                                                           \
	IMM64(7, BPF_PSEUDO_MAP_VALUE, state, 0),                           \
		LOAD(BPF_W, 1, 7, TURN(next)),                              \
		STORE(BPF_W, 10, 1, -4),                                    \
		ALU_IMM(BPF_ADD, 1, 1), LOAD(BPF_W, 2, 7, TURN(end)),       \
		JUMP(BPF_JLT, 1, 2, 1), LOAD(BPF_W, 1, 7, TURN(first)),     \
		STORE(BPF_W, 7, 1, TURN(next)),                             \
		IMM64(1, BPF_PSEUDO_MAP_FD, packets, 0),                    \
		ALU(BPF_MOV, 2, 10), ALU_IMM(BPF_ADD, 2, -4),               \
		CALL(BPF_FUNC_map_lookup_elem), JUMP_IMM(BPF_JNE, 0, 0, 2), \
		ALU_IMM(BPF_MOV, 0, 0), RETURN, ALU(BPF_MOV, 9, 0),         \
		LOAD(BPF_W, 8, 9, 0),                                       \
		JUMP_IMM(BPF_JGT, 8, FRONT_PACKET_MAX, 1),                  \
		JUMP_IMM(BPF_JNE, 8, 0, 2), ALU_IMM(BPF_MOV, 0, 0), RETURN

static u32 turns_xdp(int state, int packets, int progs, struct bpf_insn *insns)
{
	const struct bpf_insn program[] = {
		ALU(BPF_MOV, 6, 1),
		TAKE_TURN,
		/* back to where the packet began at first */
		LOAD(BPF_W, 1, 6, CTX(xdp_md, data)),
		STORE(BPF_DW, 7, 1, TURN(now)),
		LOAD(BPF_DW, 2, 7, TURN(data)),
		LOAD(BPF_DW, 1, 7, TURN(now)),
		JUMP_IMM(BPF_JNE, 2, 0, 2),
		STORE(BPF_DW, 7, 1, TURN(data)),
		ALU(BPF_MOV, 2, 1),
		ALU(BPF_SUB, 2, 1),
		ALU(BPF_MOV, 1, 6),
		CALL(BPF_FUNC_xdp_adjust_head),
		/* as long as it is */
		LOAD(BPF_W, 1, 6, CTX(xdp_md, data)),
		LOAD(BPF_W, 3, 6, CTX(xdp_md, data_end)),
		ALU(BPF_SUB, 3, 1),
		ALU(BPF_MOV, 2, 8),
		ALU(BPF_SUB, 2, 3),
		ALU(BPF_MOV, 1, 6),
		CALL(BPF_FUNC_xdp_adjust_tail),
		/* and with its bytes */
		ALU(BPF_MOV, 1, 6),
		ALU_IMM(BPF_MOV, 2, 0),
		ALU(BPF_MOV, 3, 9),
		ALU_IMM(BPF_ADD, 3, offsetof(struct front_packet, bytes)),
		ALU(BPF_MOV, 4, 8),
		CALL(BPF_FUNC_xdp_store_bytes),
		JUMP_TO_PROG,
	};

	GIVE(program, insns);
}

/* A tag beside the data that a program has put there goes. */
static u32 turns_skb(int state, int packets, int progs, struct bpf_insn *insns)
{
	const struct bpf_insn program[] = {
		ALU(BPF_MOV, 6, 1),
		TAKE_TURN,
		LOAD(BPF_W, 1, 6, CTX(__sk_buff, vlan_present)),
		JUMP_IMM(BPF_JEQ, 1, 0, 2),
		ALU(BPF_MOV, 1, 6),
		CALL(BPF_FUNC_skb_vlan_pop),
		ALU(BPF_MOV, 1, 6),
		ALU(BPF_MOV, 2, 8),
		ALU_IMM(BPF_MOV, 3, 0),
		CALL(BPF_FUNC_skb_change_tail),
		ALU(BPF_MOV, 1, 6),
		ALU_IMM(BPF_MOV, 2, 0),
		ALU(BPF_MOV, 3, 9),
		ALU_IMM(BPF_ADD, 3, offsetof(struct front_packet, bytes)),
		ALU(BPF_MOV, 4, 8),
		ALU_IMM(BPF_MOV, 5, 0),
		CALL(BPF_FUNC_skb_store_bytes),
		JUMP_TO_PROG,
	};

	GIVE(program, insns);
}

u32 front_turns(u32 prog_type, int state, int packets, int progs,
		struct bpf_insn insns[FRONT_INSNS])
{
	return prog_type == BPF_PROG_TYPE_XDP
		       ? turns_xdp(state, packets, progs, insns)
		       : turns_skb(state, packets, progs, insns);
}
