/* SPDX-License-Identifier: BSD-3-Clause */
/* elf.c - the file's header, sections, symbols and relocations */
#include "elf/object.h"

#include <errno.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

/* More is no program's, and would only take time. */
#define SECTIONS_MAX 8192
#define SYMBOLS_MAX (1u << 18)
#define NAME_BYTES_MAX 4096

static int check_header(struct load *l)
{
	const u8 *ident = l->bytes;
	Elf64_Ehdr eh;

	if (!l->size)
		return load_fail(l, -ENOEXEC, "the file is empty");
	if (l->size < EI_NIDENT || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return load_fail(l, -ENOEXEC, "not an ELF file");
	if (ident[EI_CLASS] != ELFCLASS64)
		return load_fail(l, -ENOEXEC,
				 "a 32-bit ELF file: BPF objects have 64 bits");
	if (ident[EI_DATA] != ELFDATA2LSB) {
		load_fail(l, -ENOEXEC, "a big-endian object");
		err_hint(l->err, "compile it with -target bpfel");
		return -ENOEXEC;
	}
	if (l->size < sizeof(eh))
		return load_fail(l, -ENOEXEC,
				 "truncated: %llu bytes, the ELF "
				 "header alone has %zu",
				 (unsigned long long)l->size, sizeof(eh));
	memcpy(&eh, l->bytes, sizeof(eh));
	/* before clang 3.9 the machine had no number */
	if (eh.e_machine != EM_BPF && eh.e_machine != EM_NONE) {
		load_fail(l, -ENOEXEC,
			  "an ELF file for machine %u, not for BPF",
			  eh.e_machine);
		err_hint(l->err, "compile it with clang -target bpf");
		return -ENOEXEC;
	}
	if (eh.e_type != ET_REL)
		return load_fail(l, -ENOEXEC,
				 "ELF type %u: not a relocatable object",
				 eh.e_type);
	if (!eh.e_shoff)
		return load_fail(l, -ENOEXEC, "the file has no sections");
	if (eh.e_shoff >= l->size ||
	    eh.e_shnum > (l->size - eh.e_shoff) / sizeof(Elf64_Shdr))
		return load_fail(l, -ENOEXEC,
				 "truncated: the table of sections at %llu "
				 "ends after the file's %llu bytes",
				 (unsigned long long)eh.e_shoff,
				 (unsigned long long)l->size);
	return 0;
}

#define STRIPPED                                                       \
	"it was stripped of too much or is cut: compile it anew; what " \
	"debuggers alone need is taken out by llvm-strip -g"

/* The string at an offset of a string table, or NULL. */
static const char *string_at(const struct section *strtab, u64 offset)
{
	if (!strtab || !strtab->data || offset >= strtab->size ||
	    !memchr(strtab->data + offset, '\0',
		    MIN(strtab->size - offset, NAME_BYTES_MAX)))
		return NULL;
	return (const char *)strtab->data + offset;
}

static int add_section(struct load *l, Elf *elf, size_t index)
{
	Elf_Scn *scn = elf_getscn(elf, index);
	const void *header = scn ? elf64_getshdr(scn) : NULL;
	struct section *s;
	Elf64_Shdr sh;

	if (!header)
		return load_fail(l, -ENOEXEC,
				 "the header of section %zu cannot be read: %s",
				 index, elf_errmsg(-1));
	/* it lies wherever the file put it */
	memcpy(&sh, header, sizeof(sh));
	s = vec_add(&l->sections);
	if (!s)
		return load_nomem(l);
	*s = (struct section){
		.name = "",
		.name_offset = sh.sh_name,
		.index = (u32)index,
		.type = sh.sh_type,
		.flags = sh.sh_flags,
		.size = sh.sh_size,
		.offset = sh.sh_offset,
		.link = sh.sh_link,
		.info = sh.sh_info,
	};
	return 0;
}

/* Sets data.  Sections lie side by side: left is what the file has for those
 * that were not seen yet. */
static int place_section(struct load *l, struct section *s, u64 *left)
{
	if (s->type == SHT_NOBITS || s->type == SHT_NULL || !s->size || s->data)
		return 0;
	if (s->offset > l->size || s->size > l->size - s->offset)
		return section_fail(l, s, 0, -ENOEXEC,
				    "its %llu bytes at %llu of the file end "
				    "after the file's %llu",
				    (unsigned long long)s->size,
				    (unsigned long long)s->offset,
				    (unsigned long long)l->size);
	if (s->size > *left)
		return section_fail(l, s, 0, -ENOEXEC,
				    "with it the sections have more bytes than "
				    "the file: they overlap");
	*left -= s->size;
	s->data = l->bytes + s->offset;
	return 0;
}

static int name_section(struct load *l, struct section *s, size_t names)
{
	const struct section *table = &l->sections.items[names];
	const char *name = string_at(table, s->name_offset);

	if (!name && !table->size) {
		load_fail(l, -ENOEXEC,
			  "the table with the names of its sections "
			  "(.strtab, or .shstrtab) is missing");
		return err_hint(l->err, STRIPPED);
	}
	if (!name)
		return load_fail(l, -ENOEXEC,
				 "section %u: its name at offset %u does not "
				 "end within the table of names and %u bytes",
				 s->index, s->name_offset, NAME_BYTES_MAX);
	s->name = name;
	return 0;
}

static int read_headers(struct load *l, Elf *elf)
{
	size_t count = 0, names = 0;
	u64 left = l->size;
	struct section *s;
	int ret = 0;

	if (elf_getshdrnum(elf, &count) || elf_getshdrstrndx(elf, &names))
		return load_fail(l, -ENOEXEC,
				 "the table of sections cannot be read: %s",
				 elf_errmsg(-1));
	if (count > SECTIONS_MAX)
		return load_fail(l, -E2BIG, "%zu sections, at most %u are read",
				 count, SECTIONS_MAX);
	if (names >= count)
		return load_fail(l, -ENOEXEC,
				 "section %zu should have the names of the "
				 "sections, there are %zu",
				 names, count);
	for (size_t i = 0; i < count && !ret; i++)
		ret = add_section(l, elf, i);
	if (!ret)
		ret = place_section(l, &l->sections.items[names], &left);
	if (ret)
		return ret;
	vec_each (s, &l->sections) {
		ret = name_section(l, s, names);
		if (!ret)
			ret = place_section(l, s, &left);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_sections(struct load *l)
{
	Elf *elf;
	int ret;

	elf_version(EV_CURRENT);
	elf = elf_memory((char *)l->object->bytes, l->size);
	if (!elf)
		return load_fail(l, -ENOEXEC, "not readable as ELF: %s",
				 elf_errmsg(-1));
	ret = read_headers(l, elf);
	elf_end(elf);
	return ret;
}

const struct section *section_at(const struct load *l, u32 index)
{
	return index && index < l->sections.len ? &l->sections.items[index]
						: NULL;
}

const struct section *section_find(const struct load *l, const char *name)
{
	const struct section *s;

	vec_each (s, &l->sections) {
		if (s->type != SHT_NULL && strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

static int add_symbol(struct load *l, const struct section *table, u64 offset)
{
	const struct section *home = NULL;
	struct symbol *sym;
	Elf64_Sym es;

	memcpy(&es, table->data + offset, sizeof(es));
	sym = vec_add(&l->symbols);
	if (!sym)
		return load_nomem(l);
	sym->value = es.st_value;
	sym->size = es.st_size;
	sym->type = ELF64_ST_TYPE(es.st_info);
	sym->bind = ELF64_ST_BIND(es.st_info);
	sym->hidden = ELF64_ST_VISIBILITY(es.st_other) == STV_HIDDEN ||
		      ELF64_ST_VISIBILITY(es.st_other) == STV_INTERNAL;
	sym->section = es.st_shndx >= SHN_LORESERVE ? NONE : es.st_shndx;
	if (sym->section && sym->section != NONE) {
		home = section_at(l, sym->section);
		if (!home)
			return section_fail(l, table, offset, -ENOEXEC,
					    "a symbol is in section %u, the "
					    "last is %u",
					    sym->section, l->sections.len - 1);
	}
	sym->name = string_at(l->strtab, es.st_name);
	if (!sym->name)
		return section_fail(l, table, offset, -ENOEXEC,
				    "a symbol's name at offset %u does not end "
				    "within the table of names and %u bytes",
				    es.st_name, NAME_BYTES_MAX);
	if (sym->type == STT_SECTION && home)
		sym->name = home->name;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct symbol *x = *(const struct symbol *const *)a;
	const struct symbol *y = *(const struct symbol *const *)b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x > y) - (x < y);
}

static bool is_public(const struct symbol *sym)
{
	return sym->name[0] &&
	       (sym->bind == STB_GLOBAL || sym->bind == STB_WEAK);
}

static int sort_symbols(struct load *l)
{
	const struct symbol *sym;

	l->by_name = calloc(l->symbols.len + 1, sizeof(*l->by_name));
	if (!l->by_name)
		return load_nomem(l);
	vec_each (sym, &l->symbols) {
		if (is_public(sym))
			l->by_name[l->by_name_cnt++] = sym;
	}
	qsort(l->by_name, l->by_name_cnt, sizeof(*l->by_name), by_name);
	return 0;
}

static int read_symbols(struct load *l)
{
	const struct section *table = NULL, *s;
	int ret;

	vec_each (s, &l->sections) {
		if (s->type != SHT_SYMTAB)
			continue;
		if (table)
			return section_fail(l, s, 0, -ENOEXEC,
					    "a second table of symbols");
		table = s;
	}
	if (!table) {
		load_fail(l, -ENOEXEC,
			  "the table of symbols (.symtab) is missing: nothing "
			  "says where its programs and maps are");
		return err_hint(l->err, STRIPPED);
	}
	if (table->size % sizeof(Elf64_Sym))
		return section_fail(l, table, 0, -ENOEXEC,
				    "its size %llu is no multiple of a "
				    "symbol's %zu",
				    (unsigned long long)table->size,
				    sizeof(Elf64_Sym));
	if (table->size / sizeof(Elf64_Sym) > SYMBOLS_MAX)
		return section_fail(l, table, 0, -E2BIG,
				    "%llu symbols, at most %u are read",
				    (unsigned long long)table->size /
					    sizeof(Elf64_Sym),
				    SYMBOLS_MAX);
	if (table->size) {
		l->strtab = section_at(l, table->link);
		if (!l->strtab || l->strtab->type != SHT_STRTAB)
			return section_fail(l, table, 0, -ENOEXEC,
					    "its names are in section %u, "
					    "which is no table of strings",
					    table->link);
		for (u64 at = 0; at < table->size; at += sizeof(Elf64_Sym)) {
			ret = add_symbol(l, table, at);
			if (ret)
				return ret;
		}
	}
	return sort_symbols(l);
}

static const struct symbol *find(const struct load *l, const char *name,
				 bool defined)
{
	u32 low = 0, high = l->by_name_cnt;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (strcmp(l->by_name[mid]->name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < l->by_name_cnt; low++) {
		const struct symbol *sym = l->by_name[low];

		if (strcmp(sym->name, name) != 0)
			break;
		if ((sym->section != 0) == defined)
			return sym;
	}
	return NULL;
}

const struct symbol *symbol_find(const struct load *l, const char *name)
{
	return find(l, name, true);
}

const struct symbol *symbol_undefined(const struct load *l, const char *name)
{
	return find(l, name, false);
}

static int each_of(struct load *l, const struct section *rel,
		   const struct section *of, reloc_fn *fn)
{
	for (u64 at = 0; at < rel->size; at += sizeof(Elf64_Rel)) {
		struct reloc r;
		Elf64_Rel er;
		int ret;

		memcpy(&er, rel->data + at, sizeof(er));
		if (ELF64_R_SYM(er.r_info) >= l->symbols.len)
			return section_fail(l, rel, at, -ENOEXEC,
					    "a relocation of symbol %lu, the "
					    "table has %u",
					    (unsigned long)ELF64_R_SYM(
						    er.r_info),
					    l->symbols.len);
		r.offset = er.r_offset;
		r.type = (u32)ELF64_R_TYPE(er.r_info);
		r.sym = &l->symbols.items[ELF64_R_SYM(er.r_info)];
		ret = fn(l, of, &r);
		if (ret)
			return ret;
	}
	return 0;
}

int reloc_each(struct load *l, const struct section *of, reloc_fn *fn)
{
	const struct section *rel;
	int ret;

	vec_each (rel, &l->sections) {
		if ((rel->type != SHT_REL && rel->type != SHT_RELA) ||
		    rel->info != of->index)
			continue;
		if (rel->type == SHT_RELA)
			return section_fail(l, rel, 0, -ENOEXEC,
					    "relocations with addends are not "
					    "BPF's");
		if (rel->size % sizeof(Elf64_Rel))
			return section_fail(l, rel, 0, -ENOEXEC,
					    "its size %llu is no multiple of "
					    "a relocation's %zu",
					    (unsigned long long)rel->size,
					    sizeof(Elf64_Rel));
		ret = each_of(l, rel, of, fn);
		if (ret)
			return ret;
	}
	return 0;
}

int image_open(struct load *l)
{
	int ret = check_header(l);

	if (!ret)
		ret = read_sections(l);
	return ret ? ret : read_symbols(l);
}
