/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/samples.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "maps/perf_event_array.h"
#include "oracle/kernel.h"

#define PAGE 4096u
#define RING_BYTES (512u << 10) /* for what one packet writes */
#define SHOWN 4			/* samples of a packet */

struct samples {
	struct perf_reader *mine;
	int event;
	struct perf_event_mmap_page *page; /* the kernel's ring is behind it */
	u8 *sample; /* one of the kernel's, in one piece */
};

/* What one side has next; data NULL: so many were lost, or nothing. */
struct sample {
	const u8 *data;
	u32 size;
	u32 pad; /* Weir's: what perf rounds up by, and leaves as it was */
	u64 lost;
};

/* ---- the kernel's ring ---- */

static int open_event(struct samples *s, u32 cpu)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_BPF_OUTPUT,
					.sample_period = 1,
					.sample_type = PERF_SAMPLE_RAW,
					.wakeup_events = 1 };
	void *page;

	s->event = (int)syscall(__NR_perf_event_open, &attr, -1, cpu, -1,
				PERF_FLAG_FD_CLOEXEC);
	if (s->event < 0)
		return -errno;
	page = mmap(NULL, PAGE + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		    s->event, 0);
	if (page == MAP_FAILED)
		return -errno;
	s->page = page;
	return ioctl(s->event, PERF_EVENT_IOC_ENABLE, 0) ? -errno : 0;
}

static void copy_out(const struct samples *s, u64 at, void *to, u32 size)
{
	const u8 *ring = (const u8 *)s->page + PAGE;
	u32 from = (u32)(at % RING_BYTES), first = MIN(size, RING_BYTES - from);

	memcpy(to, ring + from, first);
	memcpy((u8 *)to + first, ring, size - first);
}

/* False: nothing is there. */
static bool next_record(struct samples *s, struct sample *out)
{
	u64 head = __atomic_load_n(&s->page->data_head, __ATOMIC_ACQUIRE);
	u64 tail = s->page->data_tail;
	struct perf_event_header header;

	*out = (struct sample){ 0 };
	if (tail == head)
		return false;
	copy_out(s, tail, &header, sizeof(header));
	if (header.type == PERF_RECORD_SAMPLE) {
		copy_out(s, tail + sizeof(header), &out->size, 4);
		copy_out(s, tail + sizeof(header) + 4, s->sample, out->size);
		out->data = s->sample;
	} else if (header.type == PERF_RECORD_LOST) {
		copy_out(s, tail + sizeof(header) + 8, &out->lost, 8);
	}
	__atomic_store_n(&s->page->data_tail, tail + header.size,
			 __ATOMIC_RELEASE);
	return true;
}

/* ---- both ---- */

int samples_open(int fd, struct map *map, u32 cpu, struct samples **out)
{
	struct samples *s = calloc(1, sizeof(*s));
	int res;

	if (!s)
		return -ENOMEM;
	s->event = -1;
	s->sample = malloc(RING_BYTES);
	res = s->sample ? open_event(s, cpu) : -ENOMEM;
	if (!res)
		res = kernel_map_write(fd, &cpu, &s->event);
	if (!res)
		res = perf_reader_open(map, RING_BYTES, &s->mine);
	if (res) {
		samples_close(s);
		return res;
	}
	*out = s;
	return 0;
}

void samples_close(struct samples *s)
{
	if (s->mine)
		perf_reader_close(s->mine);
	if (s->page)
		munmap(s->page, PAGE + RING_BYTES);
	if (s->event >= 0)
		close(s->event);
	free(s->sample);
	free(s);
}

struct comparison {
	struct samples *samples;
	const char *name;
	FILE *text;
	u64 number;
	u64 different;
};

static void say(const struct comparison *c, const char *who,
		const struct sample *s)
{
	fprintf(c->text, "    %-6s", who);
	if (s->lost)
		fprintf(c->text, " %llu lost", (unsigned long long)s->lost);
	else if (!s->data)
		fputs(" has none", c->text);
	for (u32 i = 0; s->data && i < s->size; i++)
		fprintf(c->text, " %02x", s->data[i]);
	fputc('\n', c->text);
}

static void compare(struct comparison *c, const struct sample *mine,
		    const struct sample *theirs)
{
	c->number++;
	if (mine->size == theirs->size && mine->lost == theirs->lost &&
	    !mine->data == !theirs->data &&
	    (!mine->data || memcmp(mine->data, theirs->data, mine->size) == 0))
		return;
	if (c->different++ >= SHOWN)
		return;
	fprintf(c->text, "  map %s: sample %llu differs\n", c->name,
		(unsigned long long)c->number);
	say(c, "Weir", mine);
	say(c, "Linux", theirs);
}

static int compare_mine(void *arg, const struct perf_sample *sample)
{
	struct comparison *c = arg;
	const struct sample mine = { sample->data, sample->size, sample->pad,
				     sample->data ? 0 : sample->lost };
	struct sample theirs;

	next_record(c->samples, &theirs);
	compare(c, &mine, &theirs);
	return 0;
}

bool samples_differ(struct samples *s, const char *name, FILE *text)
{
	struct comparison c = { .samples = s, .name = name, .text = text };
	const struct sample none = { 0 };
	struct sample theirs;

	perf_reader_read(s->mine, compare_mine, &c);
	while (next_record(s, &theirs))
		compare(&c, &none, &theirs);
	if (c.different > SHOWN)
		fprintf(text, "    ... and %llu more\n",
			(unsigned long long)(c.different - SHOWN));
	return c.different;
}
