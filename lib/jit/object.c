/* SPDX-License-Identifier: BSD-3-Clause */
/* object.c - an object file made into code that can run */
#include "jit/object.h"

#include <errno.h>
#include <linux/elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECTIONS_MAX 256
#define ENTRY "entry"

/* Before the code: who calls a function under UBSan looks there for the mark of
 * its type, and finds none. */
#define GAP 64
#define BURST "burst"
#define LOOK_AHEAD "look_ahead"

/* Of x86-64, as its ABI numbers them. */
enum { RELOC_64 = 1, RELOC_PC32 = 2, RELOC_PLT32 = 4 };
enum { SECTION_UNWIND = 0x70000001 };

struct loader {
	const u8 *bytes;
	size_t size;
	const Elf64_Ehdr *head;
	const Elf64_Shdr *sections;
	u64 places[SECTIONS_MAX]; /* in the mapping; NOWHERE: not there */
	const Elf64_Sym *syms;
	u32 sym_cnt;
	const char *names;
	u64 names_len;
	struct jit_code *code;
	jit_resolve *resolve;
	void *arg;
	struct err *err;
};

#define NOWHERE UINT64_MAX

static int broken(struct loader *l, const char *what)
{
	return err_fail(l->err, -EUCLEAN, "compiled object: %s", what);
}

static bool inside(const struct loader *l, u64 off, u64 len)
{
	return off <= l->size && len <= l->size - off;
}

static bool has_bytes(const struct loader *l, const Elf64_Shdr *s)
{
	return s->sh_type != SHT_NOBITS && inside(l, s->sh_offset, s->sh_size);
}

static bool is_table(const struct loader *l, const Elf64_Shdr *s, size_t entry)
{
	return has_bytes(l, s) && s->sh_offset % 8 == 0 &&
	       s->sh_entsize == entry && s->sh_size / entry < UINT32_MAX;
}

static int read_head(struct loader *l)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)l->bytes;

	if (!inside(l, 0, sizeof(*h)) ||
	    memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_type != ET_REL ||
	    h->e_machine != EM_X86_64)
		return broken(l, "not one of this machine");
	if (h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shoff % 8 ||
	    h->e_shnum > SECTIONS_MAX ||
	    !inside(l, h->e_shoff, (u64)h->e_shnum * sizeof(Elf64_Shdr)))
		return broken(l, "its table of sections");
	l->head = h;
	l->sections = (const Elf64_Shdr *)(l->bytes + h->e_shoff);
	return 0;
}

static int read_symbols(struct loader *l)
{
	for (u32 i = 0; i < l->head->e_shnum; i++) {
		const Elf64_Shdr *s = &l->sections[i], *names;

		if (s->sh_type != SHT_SYMTAB)
			continue;
		if (l->syms || !is_table(l, s, sizeof(Elf64_Sym)) ||
		    s->sh_link >= l->head->e_shnum)
			break;
		names = &l->sections[s->sh_link];
		if (!has_bytes(l, names) || !names->sh_size ||
		    l->bytes[names->sh_offset + names->sh_size - 1])
			break;
		l->syms = (const Elf64_Sym *)(l->bytes + s->sh_offset);
		l->sym_cnt = (u32)(s->sh_size / sizeof(Elf64_Sym));
		l->names = (const char *)l->bytes + names->sh_offset;
		l->names_len = names->sh_size;
	}
	return l->syms ? 0 : broken(l, "its symbols");
}

/* ---- where sections go ---- */

static bool is_loaded(const Elf64_Shdr *s)
{
	return s->sh_flags & SHF_ALLOC && s->sh_size &&
	       s->sh_type != SECTION_UNWIND;
}

/* Places the sections of one kind from *at on. */
static int place(struct loader *l, bool code, size_t limit, u64 *at)
{
	for (u32 i = 0; i < l->head->e_shnum; i++) {
		const Elf64_Shdr *s = &l->sections[i];
		u64 align = MAX(s->sh_addralign, (u64)1);

		if (!is_loaded(s) || !(s->sh_flags & SHF_EXECINSTR) == code)
			continue;
		if (s->sh_flags & SHF_WRITE || !has_bytes(l, s))
			return broken(l, "it has data that may be written");
		if (align & (align - 1) || align > 4096)
			return broken(l, "an alignment");
		*at = round_up(*at, align);
		if (*at > limit || s->sh_size > limit - *at)
			return err_fail(l->err, -E2BIG,
					"the code has more than %zu bytes",
					limit);
		l->places[i] = *at;
		*at += s->sh_size;
	}
	return 0;
}

static int map_sections(struct loader *l, size_t limit)
{
	u64 page = (u64)sysconf(_SC_PAGESIZE), at = GAP;
	struct jit_code *code = l->code;
	int ret;

	for (u32 i = 0; i < SECTIONS_MAX; i++)
		l->places[i] = NOWHERE;
	ret = place(l, true, limit, &at);
	if (ret)
		return ret;
	if (at == GAP)
		return broken(l, "it has no code");
	code->code_size = at - GAP;
	at = code->text_size = round_up(at, page);
	ret = place(l, false, limit, &at);
	if (ret)
		return ret;
	code->size = round_up(at, page);
	code->base = mmap(NULL, code->size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code->base == MAP_FAILED) {
		code->base = NULL;
		return err_fail(l->err, -ENOMEM, "no memory for code");
	}
	for (u32 i = 0; i < l->head->e_shnum; i++)
		if (l->places[i] != NOWHERE)
			memcpy(code->base + l->places[i],
			       l->bytes + l->sections[i].sh_offset,
			       l->sections[i].sh_size);
	return 0;
}

/* ---- what they refer to ---- */

static const char *symbol_name(const struct loader *l, const Elf64_Sym *sym)
{
	return sym->st_name < l->names_len ? l->names + sym->st_name : "";
}

static int symbol_value(struct loader *l, u32 number, u64 *value)
{
	const Elf64_Sym *sym;

	if (number >= l->sym_cnt)
		return broken(l, "a symbol it has not");
	sym = &l->syms[number];
	if (sym->st_shndx == SHN_UNDEF) {
		if (l->resolve(l->arg, symbol_name(l, sym), value))
			return 0;
		return err_fail(l->err, -EUCLEAN,
				"compiled object: unknown symbol '%.64s'",
				symbol_name(l, sym));
	}
	if (sym->st_shndx >= l->head->e_shnum ||
	    l->places[sym->st_shndx] == NOWHERE ||
	    sym->st_value > l->sections[sym->st_shndx].sh_size)
		return broken(l, "a symbol that is nowhere");
	*value = (u64)(uintptr_t)(l->code->base + l->places[sym->st_shndx]) +
		 sym->st_value;
	return 0;
}

/* One place of a section whose copy is at section. */
static int relocate(struct loader *l, u8 *section, u64 len, const Elf64_Rela *r)
{
	u32 type = ELF64_R_TYPE(r->r_info);
	u64 bytes = type == RELOC_64 ? 8 : 4, value;
	u8 *at = section + r->r_offset;
	s64 distance;
	int ret;

	if (type != RELOC_64 && type != RELOC_PC32 && type != RELOC_PLT32)
		return broken(l, "a relocation of unknown kind");
	if (r->r_offset > len || bytes > len - r->r_offset)
		return broken(l, "a relocation outside of its section");
	ret = symbol_value(l, ELF64_R_SYM(r->r_info), &value);
	if (ret)
		return ret;
	value += (u64)r->r_addend;
	if (type == RELOC_64) {
		memcpy(at, &value, 8);
		return 0;
	}
	distance = (s64)(value - (u64)(uintptr_t)at);
	if (distance != (s32)distance)
		return broken(l, "a relocation out of reach");
	memcpy(at, &distance, 4);
	return 0;
}

/* All of a section. */
static int relocate_section(struct loader *l, u32 number, u8 *section)
{
	for (u32 i = 0; i < l->head->e_shnum; i++) {
		const Elf64_Shdr *s = &l->sections[i];
		const Elf64_Rela *rela;
		int ret;

		if ((s->sh_type != SHT_RELA && s->sh_type != SHT_REL) ||
		    s->sh_info != number)
			continue;
		if (s->sh_type == SHT_REL ||
		    !is_table(l, s, sizeof(Elf64_Rela)))
			return broken(l, "its relocations");
		rela = (const Elf64_Rela *)(l->bytes + s->sh_offset);
		for (u64 k = 0; k < s->sh_size / sizeof(*rela); k++) {
			ret = relocate(l, section, l->sections[number].sh_size,
				       &rela[k]);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int relocate_all(struct loader *l)
{
	int ret = 0;

	for (u32 i = 0; !ret && i < l->head->e_shnum; i++)
		if (l->places[i] != NOWHERE)
			ret = relocate_section(l, i,
					       l->code->base + l->places[i]);
	return ret;
}

/* ---- what it comes from ---- */

static const Elf64_Shdr *find_section(const struct loader *l, const char *name)
{
	const Elf64_Shdr *names;

	if (l->head->e_shstrndx >= l->head->e_shnum)
		return NULL;
	names = &l->sections[l->head->e_shstrndx];
	if (!has_bytes(l, names) || !names->sh_size ||
	    l->bytes[names->sh_offset + names->sh_size - 1])
		return NULL;
	for (u32 i = 0; i < l->head->e_shnum; i++) {
		const Elf64_Shdr *s = &l->sections[i];

		if (s->sh_name < names->sh_size && has_bytes(l, s) &&
		    strcmp((const char *)l->bytes + names->sh_offset +
				   s->sh_name,
			   name) == 0)
			return s;
	}
	return NULL;
}

/* Its addresses are made offsets in the code; what is elsewhere (the
 * constants) has none. */
static int read_lines(struct loader *l)
{
	const Elf64_Shdr *s = find_section(l, ".debug_line");
	u8 *base = l->code->base, *copy;
	int ret;

	if (!s)
		return 0;
	copy = malloc(s->sh_size + 1);
	if (!copy)
		return err_fail(l->err, -ENOMEM, "out of memory");
	memcpy(copy, l->bytes + s->sh_offset, s->sh_size);
	ret = relocate_section(l, (u32)(s - l->sections), copy);
	if (!ret)
		ret = jit_lines_read(copy, s->sh_size, (u64)(uintptr_t)base,
				     &l->code->lines, &l->code->line_cnt);
	free(copy);
	return ret;
}

static bool is_function(const struct loader *l, const Elf64_Sym *sym)
{
	return ELF64_ST_TYPE(sym->st_info) == STT_FUNC &&
	       sym->st_shndx < l->head->e_shnum &&
	       l->places[sym->st_shndx] != NOWHERE &&
	       l->sections[sym->st_shndx].sh_flags & SHF_EXECINSTR &&
	       sym->st_value < l->sections[sym->st_shndx].sh_size &&
	       sym->st_size <=
		       l->sections[sym->st_shndx].sh_size - sym->st_value;
}

static int read_functions(struct loader *l)
{
	struct jit_code *code = l->code;

	code->funcs = calloc(l->sym_cnt + 1ul, sizeof(*code->funcs));
	if (!code->funcs)
		return err_fail(l->err, -ENOMEM, "out of memory");
	for (u32 i = 0; i < l->sym_cnt; i++) {
		const Elf64_Sym *sym = &l->syms[i];

		if (!is_function(l, sym))
			continue;
		code->funcs[code->func_cnt++] = (struct jit_func){
			.off = (u32)(l->places[sym->st_shndx] + sym->st_value),
			.size = (u32)sym->st_size,
		};
	}
	return 0;
}

/* The function of that name, NULL: there is none. */
static void *find_function(struct loader *l, const char *name)
{
	u64 at;

	for (u32 i = 0; i < l->sym_cnt; i++) {
		const Elf64_Sym *sym = &l->syms[i];

		if (sym->st_shndx == SHN_UNDEF ||
		    strcmp(symbol_name(l, sym), name) != 0)
			continue;
		if (symbol_value(l, i, &at) ||
		    at - (u64)(uintptr_t)l->code->base >= l->code->text_size)
			break;
		return (void *)(uintptr_t)at;
	}
	return NULL;
}

static int find_entry(struct loader *l)
{
	l->code->entry = find_function(l, ENTRY);
	l->code->burst = find_function(l, BURST);
	l->code->look_ahead = find_function(l, LOOK_AHEAD);
	return l->code->entry ? 0 : broken(l, "it has no beginning");
}

/* W1 */
static int protect(struct loader *l)
{
	struct jit_code *c = l->code;
	size_t rest = c->size - c->text_size;

	if ((rest && mprotect(c->base + c->text_size, rest, PROT_READ)) ||
	    mprotect(c->base, c->text_size, PROT_READ | PROT_EXEC))
		return err_fail(l->err, -errno, "cannot make code executable");
	return 0;
}

int jit_object_load(const u8 *object, size_t size, size_t limit,
		    jit_resolve *resolve, void *arg, struct err *err,
		    struct jit_code *code)
{
	struct loader l = { .bytes = object,
			    .size = size,
			    .code = code,
			    .resolve = resolve,
			    .arg = arg,
			    .err = err };
	int ret = read_head(&l);

	*code = (struct jit_code){ 0 };
	if (!ret)
		ret = read_symbols(&l);
	if (!ret)
		ret = map_sections(&l, limit);
	if (!ret)
		ret = relocate_all(&l);
	if (!ret)
		ret = find_entry(&l);
	if (!ret)
		ret = read_lines(&l);
	if (!ret)
		ret = read_functions(&l);
	if (!ret)
		ret = protect(&l);
	if (ret)
		jit_code_free(code);
	return ret;
}

void jit_code_free(struct jit_code *code)
{
	if (code->base)
		munmap(code->base, code->size);
	free(code->lines);
	free(code->funcs);
	*code = (struct jit_code){ 0 };
}
