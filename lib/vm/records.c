/* SPDX-License-Identifier: BSD-3-Clause */
/* records.c - memory that a program has to give back, in checked mode */
#include "maps/ringbuf.h"
#include "vm/shadow.h"

static struct vm_record *find(struct machine *m, u32 life)
{
	for (u32 i = 0; i < m->record_cnt; i++)
		if (m->records[i].life == life)
			return &m->records[i];
	return NULL;
}

bool record_lives(struct machine *m, u32 life)
{
	return find(m, life);
}

bool record_add(struct machine *m, const struct vm_insn *in, void *at,
		u32 *life)
{
	if (m->record_cnt == VM_RECORDS) {
		ringbuf_discard(at, BPF_RB_NO_WAKEUP);
		return vm_fault(m->vm.run, in, -E2BIG,
				"more than %u records at once", VM_RECORDS);
	}
	*life = ++m->serials;
	m->records[m->record_cnt++] = (struct vm_record){
		.at = at,
		.life = *life,
		.insn = (u32)(in - vm_image(m->vm.run->prog)->insns),
	};
	return true;
}

void record_given_back(struct machine *m, u32 life)
{
	struct vm_record *r = find(m, life);

	*r = m->records[--m->record_cnt];
}

bool records_none(struct machine *m, const struct vm_insn *in, const char *what)
{
	if (likely(!m->record_cnt))
		return true;
	return vm_fault(m->vm.run, in, -EINVAL,
			"%s would lead to reference leak: the record reserved "
			"at instruction %u is neither submitted nor discarded",
			what, m->records[0].insn);
}

void records_drop(struct machine *m)
{
	while (m->record_cnt)
		ringbuf_discard(m->records[--m->record_cnt].at, 0);
}
