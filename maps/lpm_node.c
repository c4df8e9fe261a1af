/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lpm_node.c - changes of a prefix trie
 *
 * A node that readers can find is not written, but for its swapped words.  To
 * change more, it is made anew in a new block of its parent, which is then
 * stored into the parent: one store, before it nothing is reachable and after
 * it all is.  Work is in proportion to the way of the key, of which no node
 * has more than 16 children and 15 prefixes.
 *
 * Everything is opened into places by nibble and by prefix, changed there, and
 * closed into a block again.
 */
#include "maps/lpm_trie.h"

#include <errno.h>

struct open_node {
	struct lpm_node child[16]; /* by nibble */
	u32 slot[16];		   /* by prefix */
	u16 children;
	u16 prefixes;
};

static void swap(u32 *at, u32 v)
{
	__atomic_store_n(at, v, __ATOMIC_RELEASE);
}

static u32 nibble_at(const struct lpm_bits *bits, u32 nibble)
{
	return (u32)(lpm_window(bits, nibble) >> 60);
}

static u32 skip_len(const struct lpm_node *node)
{
	return node->skip & 15;
}

static u32 skip_of(u32 nibbles, u32 len)
{
	return len ? (nibbles & ~0u << (32 - 4 * len)) | len : 0;
}

static u32 skip_from(const struct lpm_bits *bits, u32 at, u32 len)
{
	return skip_of((u32)(lpm_window(bits, at) >> 32), len);
}

static void open_node(const struct lpm_trie *t, const struct lpm_node *node,
		      struct open_node *o)
{
	const struct lpm_node *child = lpm_children(&t->fast, node->block);
	const u32 *slot =
		(const u32 *)(child + __builtin_popcount(node->children));

	o->children = node->children;
	o->prefixes = node->prefixes;
	for (u32 i = 0; i < 16; i++) {
		if (node->children >> i & 1)
			o->child[i] = *child++;
	}
	for (u32 i = 2; i < 16; i++) {
		if (node->prefixes >> i & 1)
			o->slot[i] = *slot++;
	}
}

static int close_node(struct lpm_trie *t, const struct open_node *o,
		      struct lpm_node *node)
{
	u32 children = (u32)__builtin_popcount(o->children);
	u32 prefixes = (u32)__builtin_popcount(o->prefixes);
	struct lpm_node *child;
	u32 *slot;

	node->children = o->children;
	node->prefixes = o->prefixes;
	node->block = 0;
	if (!children && !prefixes)
		return 0;
	node->block = lpm_edit_make(&t->edit, children * (u32)sizeof(*child) +
						      prefixes * 4);
	if (!node->block)
		return -ENOMEM;
	child = lpm_children(&t->fast, node->block);
	slot = (u32 *)(child + children);
	for (u32 i = 0; i < 16; i++) {
		if (o->children >> i & 1)
			*child++ = o->child[i];
	}
	for (u32 i = 2; i < 16; i++) {
		if (o->prefixes >> i & 1)
			*slot++ = o->slot[i];
	}
	return 0;
}

static void set_child(struct open_node *o, u32 nibble,
		      const struct lpm_node *child)
{
	o->child[nibble] = *child;
	o->children |= (u16)(1u << nibble);
}

static void set_elem(struct lpm_node *node, struct open_node *o, u32 prefix,
		     u32 elem)
{
	if (prefix == 1) {
		node->elem = elem;
		return;
	}
	o->slot[prefix] = elem;
	o->prefixes |= (u16)(1u << prefix);
}

/* Makes a node reachable in the place of a child, and what it replaces not. */
static int publish(struct lpm_trie *t, struct lpm_node *parent, u32 nibble,
		   const struct lpm_node *child)
{
	struct lpm_node anew = *parent;
	struct open_node o;

	open_node(t, parent, &o);
	o.child[nibble] = *child;
	if (close_node(t, &o, &anew) != 0) {
		lpm_edit_abort(&t->edit);
		return -ENOMEM;
	}
	lpm_edit_drop(&t->edit, parent->block);
	swap(&parent->block, anew.block);
	lpm_edit_commit(&t->edit);
	return 0;
}

/* ---- ways ---- */

/* How many nibbles of a node's skip, up to most, the key has at `at`. */
static u32 common_nibbles(const struct lpm_bits *bits, u32 at,
			  const struct lpm_node *node, u32 most)
{
	u32 n = MIN(skip_len(node), most);
	u32 differ = ((u32)(lpm_window(bits, at) >> 32) ^ node->skip) & ~15u;

	return differ ? MIN(n, (u32)__builtin_clz(differ) / 4) : n;
}

void lpm_walk(const struct lpm_trie *t, const void *key, struct lpm_way *w)
{
	u32 target, nibble;

	memcpy(&w->prefixlen, key, sizeof(w->prefixlen));
	w->bits = lpm_bits_of(key, t->fast.data_size);
	w->node[0] = t->fast.top;
	w->nibble[1] = 0;
	w->node[1] = lpm_child(&t->fast, w->node[0], 0);
	w->depth = 1;
	w->at = 0;
	target = w->prefixlen / 4;
	for (;;) {
		struct lpm_node *node = w->node[w->depth];
		u32 end = w->at + skip_len(node);

		w->common =
			common_nibbles(&w->bits, w->at, node, target - w->at);
		if (w->at + w->common < end || end == target)
			return;
		nibble = nibble_at(&w->bits, end);
		if (!(node->children >> nibble & 1))
			return;
		w->depth++;
		w->node[w->depth] = lpm_child(&t->fast, node, nibble);
		w->nibble[w->depth] = (u8)nibble;
		w->at = end + 1;
	}
}

u32 lpm_prefix(const struct lpm_way *w)
{
	u32 more = w->prefixlen % 4;

	return 1u << more | nibble_at(&w->bits, w->prefixlen / 4) >> (4 - more);
}

u32 *lpm_place(const struct lpm_trie *t, const struct lpm_way *w)
{
	struct lpm_node *node = w->node[w->depth];
	u32 prefix = lpm_prefix(w);

	if (w->common < skip_len(node) || w->at + w->common != w->prefixlen / 4)
		return NULL;
	if (prefix == 1)
		return &node->elem;
	if (!(node->prefixes >> prefix & 1))
		return NULL;
	return lpm_slot(&t->fast, node, prefix);
}

u32 lpm_elem_at(const struct lpm_trie *t, const struct lpm_node *node,
		u32 prefix)
{
	if (prefix == 1)
		return node->elem;
	if (!(node->prefixes >> prefix & 1))
		return 0;
	return *lpm_slot(&t->fast, node, prefix);
}

/* ---- insertion ---- */

/* A node, and those below it that its skip is too short for, from nibble `at`
 * to the key's end. */
static int make_branch(struct lpm_trie *t, const struct lpm_way *w, u32 at,
		       u32 elem, struct lpm_node *node)
{
	u32 len = w->prefixlen / 4 - at;
	u32 hops = len / (LPM_SKIP_MAX + 1);
	u32 from = at + hops * (LPM_SKIP_MAX + 1);
	struct open_node o = { .children = 0 };
	int err;

	*node = (struct lpm_node){
		.skip = skip_from(&w->bits, from, at + len - from),
	};
	set_elem(node, &o, lpm_prefix(w), elem);
	err = close_node(t, &o, node);
	while (!err && from > at) {
		from -= LPM_SKIP_MAX + 1;
		o = (struct open_node){ .children = 0 };
		set_child(&o, nibble_at(&w->bits, from + LPM_SKIP_MAX), node);
		*node = (struct lpm_node){
			.skip = skip_from(&w->bits, from, LPM_SKIP_MAX),
		};
		err = close_node(t, &o, node);
	}
	return err;
}

/* The element in the node that is open, or in a branch of it; end: of the
 * node's skip. */
static int add_to(struct lpm_trie *t, const struct lpm_way *w, u32 end,
		  u32 elem, struct lpm_node *node, struct open_node *o)
{
	struct lpm_node branch;
	int err;

	if (end == w->prefixlen / 4) {
		set_elem(node, o, lpm_prefix(w), elem);
	} else {
		err = make_branch(t, w, end + 1, elem, &branch);
		if (err)
			return err;
		set_child(o, nibble_at(&w->bits, end), &branch);
	}
	return close_node(t, o, node);
}

/* The last node of the way leaves it within its skip: another is put above. */
static int split(struct lpm_trie *t, const struct lpm_way *w, u32 elem,
		 struct lpm_node *above)
{
	struct lpm_node below = *w->node[w->depth];
	u32 len = skip_len(&below), common = w->common;
	u32 nibble = below.skip << 4 * common >> 28;
	struct open_node o = { .children = 0 };

	*above = (struct lpm_node){ .skip = skip_of(below.skip, common) };
	below.skip = skip_of((below.skip & ~15u) << 4 * common << 4,
			     len - common - 1);
	set_child(&o, nibble, &below);
	return add_to(t, w, w->at + common, elem, above, &o);
}

int lpm_insert(struct lpm_trie *t, struct lpm_way *w, u32 elem)
{
	struct lpm_node *old = w->node[w->depth], anew = *old;
	u32 *place = lpm_place(t, w);
	struct open_node o;
	int err;

	if (place) {
		swap(place, elem);
		return 0;
	}
	lpm_edit_begin(&t->edit);
	if (w->common < skip_len(old)) {
		err = split(t, w, elem, &anew);
	} else {
		open_node(t, old, &o);
		err = add_to(t, w, w->at + w->common, elem, &anew, &o);
		lpm_edit_drop(&t->edit, old->block);
	}
	if (err) {
		lpm_edit_abort(&t->edit);
		return err;
	}
	return publish(t, w->node[w->depth - 1], w->nibble[w->depth], &anew);
}

/* ---- deletion ---- */

enum outcome {
	SAME_SHAPE, /* the same children and prefixes */
	CHANGED,
	GONE,
	NO_MEMORY,
};

static bool only_child(const struct lpm_node *node, const struct open_node *o)
{
	return !node->elem && !o->prefixes &&
	       __builtin_popcount(o->children) == 1;
}

/* A node without prefixes and its only child become one if the skip of one
 * is long enough for both. */
static bool merge(struct lpm_node *node, const struct open_node *o)
{
	u32 nibble = (u32)__builtin_ctz(o->children);
	const struct lpm_node *child = &o->child[nibble];
	u32 len = skip_len(node), more = skip_len(child), nibbles;

	if (len + 1 + more > LPM_SKIP_MAX)
		return false;
	nibbles = (node->skip & ~15u) | nibble << (28 - 4 * len) |
		  (child->skip & ~15u) >> 4 >> 4 * len;
	*node = *child;
	node->skip = skip_of(nibbles, len + 1 + more);
	return true;
}

/* Places that lost their element. */
static void drop_empty(struct open_node *o)
{
	for (u32 i = 2; i < 16; i++) {
		if ((o->prefixes >> i & 1) && !o->slot[i])
			o->prefixes &= (u16) ~(1u << i);
	}
}

/* What becomes of a node when the one below it (NULL: none is concerned)
 * became `below`. */
static enum outcome shrink(struct lpm_trie *t, struct lpm_node *node,
			   u32 nibble, const struct lpm_node *below, bool gone)
{
	u32 block = node->block;
	struct open_node o;

	open_node(t, node, &o);
	drop_empty(&o);
	if (gone)
		o.children &= (u16) ~(1u << nibble);
	else if (below)
		o.child[nibble] = *below;
	if (!node->elem && !o.children && !o.prefixes) {
		lpm_edit_drop(&t->edit, block);
		return GONE;
	}
	if (only_child(node, &o) && merge(node, &o)) {
		lpm_edit_drop(&t->edit, block);
		return CHANGED;
	}
	if (o.children == node->children && o.prefixes == node->prefixes)
		return SAME_SHAPE;
	if (close_node(t, &o, node) != 0)
		return NO_MEMORY;
	lpm_edit_drop(&t->edit, block);
	return CHANGED;
}

void lpm_tidy(struct lpm_trie *t, struct lpm_way *w)
{
	struct lpm_node node = *w->node[w->depth], below;
	u32 depth = w->depth, nibble = 0;
	enum outcome outcome;

	lpm_edit_begin(&t->edit);
	outcome = shrink(t, &node, 0, NULL, false);
	while (outcome == CHANGED || outcome == GONE) {
		bool gone = outcome == GONE;

		below = node;
		nibble = w->nibble[depth--];
		if (depth == 0) {
			if (gone)
				below = (struct lpm_node){ .block = 0 };
			publish(t, w->node[0], 0, &below);
			return;
		}
		node = *w->node[depth];
		outcome = shrink(t, &node, nibble, &below, gone);
		if (outcome == SAME_SHAPE) {
			publish(t, w->node[depth], nibble, &below);
			return;
		}
	}
	if (outcome == NO_MEMORY)
		lpm_edit_abort(&t->edit);
}
