/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verifier.h - a verification while it runs; inside lib/verify only
 *
 * The phases, in the order verify() runs them:
 *
 *	subprogs, instructions, flow		cfg.c
 *	spills around calls			fastcall.c
 *	registers alive at each instruction	live.c
 *	every path, state by state		walk.c
 *	  arithmetic				alu.c
 *	  memory				mem.c stack.c
 *	  comparisons				jump.c
 *	  calls					call.c arg.c func.c kfunc.c
 *	  has this been seen?			prune.c precise.c
 *	stack depth				cfg.c
 */
#ifndef WEIR_VERIFY_VERIFIER_H
#define WEIR_VERIFY_VERIFIER_H

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "bpf/btf.h"
#include "bpf/opcode.h"
#include "helper/helper.h"
#include "verify/print.h"
#include "verify/state.h"

#define PROCESSED_MAX 1000000
#define PENDING_MAX 8192
#define SUBPROGS_MAX 256
/* A variable offset beyond this is nobody's. */
#define OFFSET_MAX (1 << 29)
#define PACKET_MAX 0xffff
#define BYTES_MAX (1ull << 30)
#define TAIL_CALL_STACK_MAX 256
#define NO_REG 255

struct insn_aux {
	const struct opcode *op; /* checked, once reached */
	u16 live_regs;		 /* read later, before they are written */
	bool prune_point;
	bool jump_point; /* the way here has to be remembered */
	bool checkpoint; /* always make a state here */
	bool calls_callback;
	bool reached;
	bool wide_second;
	bool spares; /* a call with pairs around it; see fastcall.c */
	bool spared; /* of such a pair */
	u8 pointer_kind; /* enum reg_kind of what a load or store used: it is
			    one kind on all paths, or none that matters */
	u32 subprog;
	const char *kfunc;

	/* stack slots of the running function, bit by slot_of(); see live.c */
	u64 stack_read;
	u64 stack_written;
	u64 stack_live;
	bool stack_visited;
	bool queued;
};

struct subprog {
	u32 start, end; /* instructions */
	u32 type_id;	/* BTF FUNC, 0: none */
	const char *name;
	u32 stack; /* bytes */
	/* spilled around calls below this, and nothing else there */
	s32 spared_off;
	bool spills_stay;
	bool global;
	bool is_async;
	bool tail_call;
	bool has_ld_abs;
	bool called; /* of a global one: to be verified alone */
	bool verified;
	bool moves_packet;
	bool args_known;
	u32 arg_cnt;
	struct {
		u8 kind; /* enum func_arg */
		bool nonnull;
		u32 size;
	} args[5];
};

/* A path that waits for its turn. */
struct pending {
	struct state *state;
	u32 insn, prev;
	u64 log_len; /* of the log when the path parted */
	bool log_open;
	struct pending *next;
};

/* Where the log is. */
struct logging {
	u32 level;
	u64 len;
	bool open; /* an instruction's line has no end yet */
	u32 width; /* of that line */
	bool from; /* the path came here from elsewhere */
	const struct prog_line *line;
	u32 regs; /* used by the instruction: shown after it */
	u64 slots;
};

/* The instructions that were walked, from the first of the function. */
struct path {
	u32 *insns;
	u32 len;
};

struct record;

struct verifier {
	const struct verify_attr *attr;
	struct verify_result *result;
	struct err *err;
	const struct bpf_insn *insns;
	u32 cnt;
	u32 prog_mask; /* PROG_XDP ... */
	bool gpl;
	bool strict_align;
	bool any_align;

	struct insn_aux *aux;
	struct subprog subprogs[SUBPROGS_MAX + 1];
	u32 subprog_cnt;
	u32 *preds, *pred_start; /* of each instruction in its function */

	struct state *cur;
	struct pending *pending;
	u32 pending_cnt;
	u32 insn, prev; /* being verified, and before it */
	u32 id_gen;
	struct logging log;

	struct state **stored; /* by instruction */
	struct state *evicted; /* that others still come from */
	struct loop *loops;
	u64 jumps, last_jumps, last_processed;
	u32 stored_cnt;
	u64 bytes;   /* of states that are kept */
	u64 written; /* stack slots by this instruction */
	u32 *work;   /* scratch of live.c and precise.c */

	struct step *step; /* made for this instruction, or NULL */

	/* of a refusal, see history.h */
	u32 subject; /* the register that is being checked, or NO_REG */
	struct path failed;
	struct record *record; /* of the second run */
};

/* ---- walk.c ---- */
/* Ends the verification: the reason in Linux's words, the code, errno. */
int reject(struct verifier *v, enum verify_code code, int err, const char *fmt,
	   ...) PRINTF(4, 5);
/* VERIFY_UNSUPPORTED: what Weir has not. */
int unsupported(struct verifier *v, const char *what);
int no_memory(struct verifier *v);
/* After reject(): another line that Linux has. */
void reject_more(struct verifier *v, const char *fmt, ...) PRINTF(2, 3);
/* A path from insn on with what is known now; NULL: out of something. */
struct state *path_push(struct verifier *v, u32 insn, u32 prev);
/* The same in a state of its own with only the first frame to be. */
struct state *path_push_async(struct verifier *v, u32 insn, u32 subprog);
u32 new_id(struct verifier *v);
int path_copy(struct state *to, const struct state *from);

/* The same program once more, recorded: the result is freed by the caller. */
int verify_again(const struct verifier *v, struct record *r,
		 struct verify_result *result, u32 *subject);

/* ---- cfg.c ---- */
int cfg_check(struct verifier *v);
int cfg_check_depth(struct verifier *v);
/* The subprogram that begins there, or -1. */
int subprog_at(const struct verifier *v, u32 insn);
/* Where an instruction may lead inside its function: how many, up to 2. */
u32 insn_next(const struct verifier *v, u32 at, u32 next[2]);
bool helper_calls_back(u32 id);

/* ---- fastcall.c ---- */
void fastcall_mark(struct verifier *v);
/* An access to the stack, from off on. */
void fastcall_touch(struct verifier *v, const struct frame *f, s64 off);
/* The stack that functions need, after all paths. */
void fastcall_count(struct verifier *v);

/* ---- live.c ---- */
int live_init(struct verifier *v);
/* Registers that the instruction reads or writes, bit by number. */
u32 insn_regs(const struct bpf_insn *insn);
u32 insn_writes(const struct bpf_insn *insn);
void live_read(struct verifier *v, u32 frame, u64 slots);
void live_write(struct verifier *v, u32 frame, u64 slots);
void live_commit(struct verifier *v, u32 insn);
/* Slots and registers of a frame that later instructions may read. */
u64 live_slots(const struct verifier *v, const struct state *s, u32 frame,
	       u32 insn);
/* ... of the callers' frames while the call at insn runs. */
u64 live_in_call(const struct verifier *v, u32 insn);
u32 live_regs(const struct verifier *v, const struct state *s, u32 frame,
	      u32 insn);

/* ---- alu.c ---- */
int check_alu(struct verifier *v, const struct opcode *op);
/* Zeros above, or sign copies. */
void reg_zext32(struct reg *r);

/* ---- jump.c ---- */
int check_jump(struct verifier *v, const struct opcode *op);
/* The number that a register or slot holds is known better: so is that of all
 * it is linked with. */
void links_collect(struct state *s, u32 id, struct links *links);
void mark_null_or_not(struct state *s, u32 regno, bool null);
void reg_set_not_null(struct reg *r);

/* ---- mem.c ---- */
enum access { ACCESS_READ, ACCESS_WRITE };

/* A load into, or a store from, register value (-1: none).  An access of
 * helpers has no register but fills or reads memory. */
struct access_what {
	u32 reg;
	s32 off;
	u32 size;
	enum access kind;
	int value;
	bool strict;
	bool sign;
	bool once_kind; /* a load or store of the program, not of a helper */
};

int check_access(struct verifier *v, const struct access_what *a);
/* Where a register points to is aligned to size, whatever the machine. */
int check_aligned(struct verifier *v, u32 regno, u32 size);
int check_load(struct verifier *v, const struct opcode *op);
int check_store(struct verifier *v, const struct opcode *op);
int check_atomic(struct verifier *v, const struct opcode *op);
int check_ptr_off(struct verifier *v, const struct reg *r, u32 regno,
		  bool fixed_ok);
int check_region(struct verifier *v, u32 regno, s32 off, u32 size, u32 len,
		 bool zero_ok);
int check_packet(struct verifier *v, u32 regno, s32 off, u32 size,
		 bool zero_ok);
int check_map_value(struct verifier *v, u32 regno, s32 off, u32 size,
		    bool zero_ok);
int check_map_flags(struct verifier *v, u32 regno, s32 off, u32 size,
		    enum access kind);
int reg_must_be_read(struct verifier *v, u32 regno);
void map_read_fields(struct verify_map *m);
bool map_can_read(const struct verify_map *m);
bool map_can_write(const struct verify_map *m);

/* ---- stack.c ---- */
int stack_read(struct verifier *v, u32 regno, s32 off, u32 size, int value);
int stack_write(struct verifier *v, u32 regno, s32 off, u32 size, int value);
/* A helper reads (or fills, then need not be initialised) these bytes. */
int stack_region(struct verifier *v, u32 regno, s32 off, u32 size, bool zero_ok,
		 enum access kind, bool fills);
int stack_bounds(struct verifier *v, u32 regno, s32 off, u32 size,
		 enum access kind);
void stack_scrub_spill(u8 *byte);
/* Spilled dynptr in this slot goes when it is written over. */
int stack_destroy_dynptr(struct verifier *v, struct frame *f, u32 slot);

/* ---- call.c ---- */
/* *next is the instruction after it; changed where the path goes elsewhere. */
int check_call(struct verifier *v, u32 *next);
int check_ld_abs(struct verifier *v, u32 *next);
int check_kfunc(struct verifier *v);
int check_local_call(struct verifier *v, u32 *next);
int check_return(struct verifier *v, u32 *next, bool *ended);
int check_exit_value(struct verifier *v, u32 regno);
void forget_packet(struct state *s);
void forget_caller_saved(struct verifier *v);
int check_leaks(struct verifier *v, bool exit, const char *what);
int release_ref(struct verifier *v, u32 ref);
bool map_has_field(const struct verify_map *m, enum btf_field_kind kind,
		   u32 *offset);

/* ---- arg.c ---- */
/* What the arguments of a call said. */
struct call_meta {
	u32 id;
	const char *name;
	const struct helper *helper;
	const struct verify_map *map;
	u32 map_uid;
	u32 ref; /* of the argument that carries one */
	enum dynptr_kind dynptr;
	u32 dynptr_id;
	u32 subprog; /* the callback */
	u32 size_max; /* of memory whose size is an argument */
	u64 size;    /* a constant */
	bool size_known;
	u64 key; /* a constant */
	bool key_known;
	bool fills; /* memory that need not be initialised before */
	int fill_reg;
	u32 fill_size;
};

int check_arg(struct verifier *v, u32 i, struct call_meta *meta);
int check_mem_arg(struct verifier *v, u32 regno, u32 size, bool zero_ok,
		  enum access kind, bool fills);
int check_mem_size_arg(struct verifier *v, u32 mem, u32 size_reg, bool zero_ok,
		       enum access kind, struct call_meta *meta, bool fills);

/* ---- func.c ---- */
int func_read_args(struct verifier *v, u32 subprog);
int func_enter(struct verifier *v, u32 subprog, struct state *s);
int func_check_args(struct verifier *v, u32 subprog);
int push_callback(struct verifier *v, const struct call_meta *meta);

/* ---- dynptr.c ---- */
int dynptr_use(struct verifier *v, u32 regno, struct call_meta *meta);
/* Makes one where the register points to; it holds a reference or none. */
int dynptr_make(struct verifier *v, u32 regno, enum dynptr_kind kind,
		bool acquires);
/* Another of the one that was used, which shares its reference. */
int dynptr_clone(struct verifier *v, u32 regno, const struct call_meta *of);
/* What the register's dynptr is, or NULL. */
struct reg *dynptr_find(struct verifier *v, const struct reg *r);
int dynptr_release(struct verifier *v, u32 regno);

/* ---- equal.c ---- */
enum equal {
	EQUAL_EXACT, /* nothing differs */
	EQUAL_ALL,   /* cur is within old, read later or not */
	EQUAL_LIVE,  /* ... in what is read later and matters then */
};

bool state_admits(const struct verifier *v, const struct state *old,
		  const struct state *cur, enum equal how);
bool state_same_calls(const struct state *a, const struct state *b);

/* ---- prune.c ---- */
/* Paths back are long enough for a state in between, whatever is here. */
bool prune_is_due(const struct verifier *v);
/* A state is kept: its memory counts, until it is discarded. */
int state_charge(struct verifier *v, struct state *s);
void state_discard(struct verifier *v, struct state *s);
/* 1: seen before, the path ends here. */
int prune_check(struct verifier *v);
/* In a loop that ends by itself: what changes from round to round and decided
 * nothing becomes unknown. */
void prune_widen(struct verifier *v, struct state *next, struct state *from);
void states_free(struct verifier *v);
void branch_done(struct verifier *v, struct state *s);

/* ---- embed.c ---- */
int embed_init(struct verifier *v);
/* The path goes on from here without a stored state. */
int embed_pass(struct verifier *v);
/* Frees a state that was stored, or keeps it. */
void embed_release(struct verifier *v, struct state *s);
void embed_finish(struct verifier *v);

/* ---- precise.c ---- */
int precise_mark(struct verifier *v, u32 regno);
int precise_mark_slot(struct verifier *v, u32 frame, u32 slot);
/* What old's future needs to be precise, cur's past has to be. */
int precise_inherit(struct verifier *v, const struct state *old,
		    struct state *cur, bool *changed);
void precise_all(struct state *s);
int step_add(struct verifier *v, u32 flags, u32 slot, u32 frame);
/* The instruction that ran before at in this state; NO_INSN: an older one's.
 * steps: those that are left, at first all. */
u32 step_previous(const struct state *s, u32 at, u32 *steps);
int step_link(struct verifier *v, const struct links *links);

/* ---- explain.c ---- */
void explain(struct verifier *v);
/* The line that an instruction is of, or NULL. */
const struct prog_line *line_at(const struct verify_attr *attr, u32 insn);

/* ---- log.c ---- */
void log_text(struct verifier *v, u32 level, const char *fmt, ...) PRINTF(3, 4);
void log_subprogs(struct verifier *v);
void log_live_regs(struct verifier *v);
void log_insn(struct verifier *v);
/* The instruction used slots of the running function, too. */
void log_slots(struct verifier *v, u64 slots);
/* s: where the callee begins. */
void log_call(struct verifier *v, const struct state *s);
void log_return(struct verifier *v, u32 to);
/* The path has ended in a state that was seen before. */
void log_safe(struct verifier *v);
void log_loop(struct verifier *v, const struct state *old);
/* Another path, that parted when the log was so long. */
void log_path(struct verifier *v, u64 len, bool open);
/* All registers and slots are shown next. */
void log_all(struct verifier *v);
void log_walked(struct verifier *v);
void log_result(struct verifier *v);
const char *insn_text(const struct verifier *v, u32 insn, char *buf,
		      size_t size);

#endif
