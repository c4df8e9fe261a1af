/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helpers_allowed.c - who may call a helper and with what: the kernel's word
 * against our table
 *
 * For every helper that Weir has: program types, license, and for every
 * argument what does not fit its prototype.
 */
#include <stdio.h>
#include <string.h>

#include "frames.h"
#include "helper/helper.h"

static const struct {
	const char *name;
	u32 type;
} types[] = {
	{ "xdp", BPF_PROG_TYPE_XDP },
	{ "sched_cls", BPF_PROG_TYPE_SCHED_CLS },
	{ "sched_act", BPF_PROG_TYPE_SCHED_ACT },
	{ "socket", BPF_PROG_TYPE_SOCKET_FILTER },
};

/* Arguments that fit; those in memory are 8 bytes. */
static struct duo_arg fitting(enum arg_type type)
{
	switch (type) {
	case ARG_NONE:
		return (struct duo_arg){ DUO_NONE, 0 };
	case ARG_CTX:
	case ARG_TC_CTX:
		return (struct duo_arg)CTX;
	case ARG_MAP:
		return (struct duo_arg)MAP;
	case ARG_MAP_KEY:
	case ARG_MAP_VALUE:
	case ARG_MAP_VALUE_OUT:
	case ARG_MEM:
	case ARG_MEM_OR_NULL:
	case ARG_MEM_OUT:
	case ARG_MEM_WRITE:
	case ARG_MEM_WRITE_OR_NULL:
	case ARG_FIXED:
	case ARG_FIXED_OUT:
		return (struct duo_arg)MEM(0);
	case ARG_SIZE:
	case ARG_SIZE_OR_ZERO:
		return (struct duo_arg)K(8);
	case ARG_CONST_STR:
		return (struct duo_arg){ DUO_STRING, 0 };
	default:
		return (struct duo_arg)K(0);
	}
}

static struct duo_call fitting_call(const struct helper *h)
{
	struct duo_call call = { .helper = h->id };

	for (u32 i = 0; i < ARRAY_LEN(call.arg); i++)
		call.arg[i] = fitting(h->arg[i]);
	if (h->id == BPF_FUNC_tail_call)
		call.arg[1].kind = DUO_JUMPS;
	return call;
}

/* Nothing here fits: no value has a lock or a timer, no program a second
 * function, a dynptr or a socket, or gives back what it gets.  Other tests ask
 * about those. */
static bool wants_more(const struct helper *h)
{
	for (u32 i = 0; i < 5; i++)
		switch (h->arg[i]) {
		case ARG_SPIN_LOCK:
		case ARG_SOCK_COMMON:
		case ARG_TIMER:
		case ARG_FUNC:
		case ARG_DYNPTR:
		case ARG_DYNPTR_RINGBUF:
		case ARG_DYNPTR_MEM_OUT:
		case ARG_DYNPTR_RINGBUF_OUT: return true;
		default: break;
		}
	return h->acquires;
}

/* Refused, whatever the arguments are. */
static bool by_type_or_license(bool takes, const char *reason)
{
	return !takes && (strstr(reason, "program of this type") == reason ||
			  strstr(reason, "GPL-restricted"));
}

static void same_word(struct duo *d, const struct helper *h, u32 type,
		      const char *license)
{
	const struct duo_call call = fitting_call(h);
	const char *kernel, *ours;
	bool kernel_takes, we_take;

	kernel_takes =
		duo_kernel_takes(d, types[type].type, license, &call, &kernel);
	we_take = duo_ours_takes(d, types[type].type, license, &call, &ours);
	if (wants_more(h) && !by_type_or_license(kernel_takes, kernel) &&
	    !by_type_or_license(we_take, ours))
		return;
	if (kernel_takes != we_take ||
	    (!kernel_takes && strcmp(kernel, ours) != 0))
		duo_differs(d, "%s, %s, %s: kernel '%s', ours '%s'", h->name,
			    types[type].name, license,
			    kernel_takes ? "yes" : kernel,
			    we_take ? "yes" : ours);
}

static void types_and_licenses(struct duo *d)
{
	for (u32 i = 0; helper_table[i]; i++)
		for (u32 t = 0; t < ARRAY_LEN(types); t++) {
			same_word(d, helper_table[i], t, "GPL");
			same_word(d, helper_table[i], t, "Proprietary");
		}
}

static const struct duo_arg misfits[] = {
	{ DUO_UNSET, 0 },
	K(0),
	K(1),
	K(UINT64_MAX),
	K(1ull << 31),
	K(DUO_MEM),
	K(DUO_MEM + 1),
	CTX,
	MAP,
	MEM(DUO_MEM - 8),
	MEM(DUO_MEM - 7),
	MEM(DUO_MEM - 4),
	MEM(DUO_MEM - 3),
	MEM(DUO_MEM - 1),
	{ DUO_STACK, (u64)-8 },
	{ DUO_STACK, (u64)-4 },
	{ DUO_STACK, (u64)-3 },
	{ DUO_STACK, (u64)-512 },
	{ DUO_STACK, (u64)-513 },
	PACKET(0),
	{ DUO_STRING, 0 },
	{ DUO_STRING, 4 },
	{ DUO_THAWED, 0 },
};

static void misfit(struct duo *d, const struct helper *h, u32 type, u32 arg,
		   u32 n)
{
	struct duo_call call = fitting_call(h);
	const char *kernel, *ours;
	bool kernel_takes, we_take;

	call.arg[arg] = misfits[n];
	kernel_takes =
		duo_kernel_takes(d, types[type].type, "GPL", &call, &kernel);
	we_take = duo_ours_takes(d, types[type].type, "GPL", &call, &ours);
	if (kernel_takes == we_take)
		return;
	duo_differs(d,
		    "%s, %s, argument %u is misfit %u: kernel '%s', ours '%s'",
		    h->name, types[type].name, arg + 1, n,
		    kernel_takes ? "yes" : kernel, we_take ? "yes" : ours);
}

static void misfits_of(struct duo *d, const struct helper *h, u32 type)
{
	for (u32 a = 0; a < 5 && h->arg[a] && !h->acquires; a++)
		for (u32 n = 0; n < ARRAY_LEN(misfits); n++)
			misfit(d, h, type, a, n);
}

static void prototypes(struct duo *d)
{
	for (u32 i = 0; helper_table[i]; i++)
		for (u32 t = 0; t < ARRAY_LEN(types); t++)
			if (helper_table[i]->progs & ctx_mask(types[t].type))
				misfits_of(d, helper_table[i], t);
}

int main(void)
{
	static void (*const tests[])(struct duo * d) = {
		types_and_licenses,
		prototypes,
	};

	return duo_main(tests, ARRAY_LEN(tests));
}
