#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every program of progs/, and of Debian's xdp-tools, on the recorded capture:
Linux says the same of every packet, and the maps are the same afterwards."""
import json
import glob
import os
import subprocess
import sys
import unittest

from weir import BUILD, WEIR
from weir_test import Case, frame, read_pcap, udp

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CAPTURE = os.path.join(ROOT, "tests/data/mixed.pcap")
TOOLS = "/usr/lib/*/bpf"


def programs(path):
    """(section, name) of each program, as the object's symbols say."""
    done = subprocess.run(["llvm-readelf-19", "-s", "-S", "--elf-output-style",
                           "JSON", path], check=True, capture_output=True,
                          text=True)
    (file,) = json.loads(done.stdout)
    sections = {s["Section"]["Index"]: s["Section"]["Name"]["Name"]
                for s in file["Sections"]}
    for entry in file["Symbols"]:
        symbol = entry["Symbol"]
        section = sections.get(symbol["Section"]["Value"], "")
        if (symbol["Type"]["Name"] == "Function" and
                symbol["Binding"]["Name"] == "Global" and
                section.split("/")[0].split(".")[0] in
                ("xdp", "tc", "tcx", "classifier", "action", "socket")):
            yield section, symbol["Name"]["Name"]


def weir(*words, capture=CAPTURE):
    return subprocess.run([WEIR, "test", *words, "-r", capture, "--vs",
                           "kernel", "-j"], check=False, capture_output=True,
                          text=True, timeout=300)


# entries that make the programs do something
UPDATES = {
    "xdp_acl": ["acl_default key 0 0 0 0 value 1 0 0 0",
                "acl key hex 00 00 00 00 01 bb 06 00 value hex 02 00 00 00",
                "acl6 key hex " + "00 " * 17 + "50 06 00 value 2 0 0 0"],
    "xdp_rate_limit": ['limit key 0 0 0 0 value {"rate": 5, "burst": 3}'],
    "vlan_tag": ["vlan_tags key 0 0 0 0 value 0x64 0x20 0 0"],
    "xdp_redirect": ["redirect_to key 1 0 0 0 value 1 0 0 0"],
    "tc_redirect": ["redirect_to key 1 0 0 0 value 1 0 0 0"],
    "xdp_balance": ["vips key hex 0a 09 00 02 14 51 06 00 "
                    "value 0 0 0 0 0 0 0 0"],
    "tc_pace": ["pace_rates key 10 9 0 2 value 0x40 0x1f 0 0 0 0 0 0"],
    "nat64_to6": ["nat64_by4 key 10 9 0 2 value hex 20 01 0d b8 " +
                  "00 " * 11 + "07"],
    "xdp_mark": ["marks key 1 0 0 0 value 7 0 0 0"],
}


# what xdp-filter would put there: of sources and destinations, 127 hits so far
FILTERS = {
    "filter_ipv4": ["key 10 9 0 1 value hex 0f 00 00 00 00 00 00 7f",
                    "key 224 0 0 22 value hex 03 00 00 00 00 00 00 00"],
    "filter_ipv6": ["key hex ff 02 00 00 00 00 00 00 00 00 00 00 00 00 00 16 "
                    "value hex 0f 00 00 00 00 00 00 00"],
    "filter": ["wanted key hex bb 01 value hex 00 00 00 00 00 00 00 00",
               "wanted key hex 35 00 value hex 00 00 00 00 00 00 00 00"],
    "filter_ports": ["key hex 01 bb 00 00 value hex 0f 00 00 00 00 00 00 00",
                     "key hex 00 35 00 00 value hex 0b 00 00 00 00 00 00 00"],
    "filter_ethernet": ["key hex 02 00 00 00 09 01 "
                        "value hex 03 00 00 00 00 00 00 00"],
}

LICENSE = 'char LICENSE[] SEC("license") = "GPL";\n'
EQUAL = """
#include <bpf/bpf_core_read.h>
struct asked { __u64 time[4]; __u32 random[2]; __u32 cpu, calls; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 5000);
	 __type(key, __u64); __type(value, struct asked); } asked SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2);
	 __type(key, __u32); __type(value, __u32); } jumps SEC(".maps");
__u64 runs;
static __noinline int ask(struct asked *a)
{
	a->time[0] = bpf_ktime_get_ns();
	a->random[0] = bpf_get_prandom_u32();
	return a->random[0] & 1;
}
__noinline int ask_globally(struct asked *a)
{
	if (!a)
		return 0;
	a->random[1] = bpf_get_prandom_u32();
	a->time[1] = bpf_ktime_get_ns();
	a->time[2] = bpf_jiffies64();
	a->time[3] = bpf_ktime_get_boot_ns();
	a->cpu = bpf_get_smp_processor_id();
	return a->random[1];
}
static __always_inline int work(void *ctx, int ok, int drop)
{
	char full[400] = {};
	struct asked a = {};
	int odd = ask(&a), third = ask_globally(&a) & 3;

	full[odd * 100 + third] = 1;
	asm volatile("" :: "r"(full) : "memory");
	a.calls = runs++ + full[100];
	bpf_map_update_elem(&asked, &a.time[0], &a, 0);
	if (!odd)
		bpf_tail_call(ctx, &jumps, third);
	return third ? ok : drop;
}
"""


class Objects(Case):
    def check(self, path, name, *words, capture=CAPTURE):
        done = weir(path, "--prog", name, *words, capture=capture)
        result = json.loads(done.stdout)
        self.assertIn("kernel", result, done.stderr)
        kernel = result["kernel"]
        self.assertEqual(kernel["different"], 0,
                         "\n".join(kernel.get("differences", ())))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(kernel["compared"] +
                         sum(kernel["not_compared"].values()),
                         result["packets"])
        self.assertGreater(kernel["compared"], 0)
        return result

    def test_progs(self):
        objects = sorted(glob.glob(os.path.join(BUILD, "progs/*.bpf.o")))
        self.assertGreater(len(objects), 10)
        for path in objects:
            for _, name in programs(path):
                more = [word for update in UPDATES.get(name, ())
                        for word in ("--update", update)]
                with self.subTest(object=path, program=name):
                    self.check(path, name)
                    if more:
                        self.check(path, name, *more)

    def test_helpers_that_ask_the_machine(self):
        # In a static and in a global function, with tail calls, at both
        # hooks, and both kinds of program in one object.
        obj = self.build(EQUAL + """
SEC("xdp") int at_xdp(struct xdp_md *ctx)
{
	return work(ctx, XDP_PASS, XDP_DROP);
}
SEC("tc") int at_tc(struct __sk_buff *skb)
{
	skb->mark = bpf_get_prandom_u32();
	return work(skb, 0, 2);
}
""" + LICENSE)
        for name, dropped in (("at_xdp", "XDP_DROP"), ("at_tc", "TC_ACT_SHOT")):
            result = self.check(obj, name, "--dump-maps")
            self.assertGreater(result["verdicts"][dropped], 100)
            asked, = [m for m in result["maps"] if m["name"] == "asked"]
            self.assertEqual(len(asked["entries"]), result["packets"])

    def test_sockets(self):
        obj = self.build("""
unsigned long long word_at(void *skb, unsigned long long off)
	asm("llvm.bpf.load.word");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 10000);
	 __type(value, __u32[10]); } saw SEC(".maps");
SEC("socket") int look(struct __sk_buff *skb)
{
	__u32 at[10] = { skb->len, skb->protocol, skb->pkt_type,
			 skb->vlan_present, skb->ifindex, skb->mark,
			 skb->cb[1] };

	skb->cb[4] = 5;
	at[7] = bpf_skb_load_bytes(skb, 7, &at[8], 4);
	bpf_map_push_elem(&saw, at, 0);
	at[0] = word_at(skb, (__u32)-0x100000 + 2); /* SKF_NET_OFF */
	at[1] = word_at(skb, 2);
	at[2] = word_at(skb, (__u32)-0x200000 + 12); /* SKF_LL_OFF */
	bpf_map_push_elem(&saw, at, 0);
	return at[1];
}
""" + LICENSE)
        result = self.check(obj, "look", "--dump-maps")
        self.assertGreater(len(result["verdicts"]), 50)
        self.assertEqual(result["kernel"]["compared"], result["packets"])
        result = self.check(obj, "look", capture=self.pcap(
            (1, frame()[:14]), (2, frame()[:15]), (3, frame()[:19]),
            (4, frame()[:20]), (5, frame()[:13])))
        self.assertEqual(result["kernel"]["compared"], 4)
        few = self.build("""
SEC("socket") int ten(struct __sk_buff *skb) { return 10; }
""" + LICENSE)
        self.check(few, "ten", "-w", self.path("out"),
                   capture=self.pcap((1, frame())))
        self.assertEqual(read_pcap(self.path("out")), [(1, frame()[:24], 60)])

    def test_helpers_in_random_order(self):
        with open(os.path.join(ROOT, "tests/data/random_ops.bpf.c"),
                  encoding="utf-8") as file:
            obj = self.build(file.read())
        for seed in (0, int.from_bytes(os.urandom(4), sys.byteorder)):
            update = ("--update", "seed key 0 0 0 0 value hex " +
                      seed.to_bytes(4, sys.byteorder).hex(" "))
            for name in ("random_xdp", "random_tc"):
                with self.subTest(seed=seed, program=name):
                    result = self.check(obj, name, *update, "--dump-maps")
                    records, = [m["entries"] for m in result["maps"]
                                if m["name"] == "records"]
                    self.assertEqual(len(records), 4 * result["packets"])

    def test_what_nobody_reaches_may_lack_anything(self):
        obj = self.build("""
#include <bpf/bpf_core_read.h>
#define CORE __attribute__((preserve_access_index))
struct no_such_type { int x; int y[4]; } CORE;
struct xdp_md___other { __u32 data, no_such_field; } CORE;
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 9);
	 __type(key, __u32); __type(value, __u64); } lens SEC(".maps");
extern int no_such_function(void *, int) __ksym __weak;
extern const int no_such_variable __ksym __weak;
extern _Bool CONFIG_NO_SUCH_THING __kconfig __weak;
const volatile int never;
static __noinline long lacking(void *ctx, long len)
{
	struct no_such_type *p = (void *)len;

	if (bpf_core_type_exists(struct no_such_type))
		len += p->x + p->y[len & 3];
	if (bpf_core_field_exists(struct xdp_md___other, no_such_field))
		len += ((struct xdp_md___other *)ctx)->no_such_field;
	if (no_such_function)
		len += no_such_function(ctx, 3);
	if (&no_such_variable)
		len += no_such_variable;
	if (CONFIG_NO_SUCH_THING)
		len += bpf_skb_load_bytes(ctx, 0, &len, 8);
	if (never)
		len += bpf_get_current_task() + *(int *)len;
	return len;
}
SEC("xdp") int guarded(struct xdp_md *ctx)
{
	__u64 len = lacking(ctx, ctx->data_end - ctx->data);
	__u32 key = len & 7;

	bpf_map_update_elem(&lens, &key, &len, 0);
	return len & 1 ? XDP_PASS : XDP_DROP;
}
""" + LICENSE)
        result = self.check(obj, "guarded")
        self.assertGreater(result["verdicts"]["XDP_DROP"], 100)

    def test_what_a_test_run_refuses_is_not_compared(self):
        obj = self.build("""
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
	 __type(key, __u32); __type(value, __u64); } runs SEC(".maps");
static __always_inline int count(void)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&runs, &zero);
	if (n)
		++*n;
	return 0;
}
SEC("xdp") int at_xdp(void *ctx) { return count() + XDP_PASS; }
SEC("tc") int at_tc(void *ctx) { return count(); }
SEC("xdp/devmap") int entry(void *ctx) { return count() + XDP_PASS; }
""" + LICENSE)
        path = self.pcap((1, frame()[:13]), (2, frame(0x0800, 33)),
                         (3, frame(0x86dd, 53)), (4, frame(size=3521)),
                         (5, udp(9)), (6, frame(size=4000)))
        for name, compared in (("at_xdp", 3), ("at_tc", 2), ("entry", 0)):
            with self.subTest(program=name):
                done = weir(obj, "--prog", name, "--dump-maps", capture=path)
                self.assertEqual(done.returncode, 0, done.stderr)
                result = json.loads(done.stdout)
                kernel = result["kernel"]
                self.assertEqual(result["packets"], 6)
                self.assertEqual(kernel["compared"], compared)
                self.assertEqual(sum(kernel["not_compared"].values()),
                                 6 - compared)
                # such a packet runs on neither side
                runs = result["maps"][0]["entries"][0]["formatted"]["value"]
                self.assertEqual(runs, compared)

    def test_what_differs_is_shown(self):
        # Linux has a type that Weir does not show, unless told to.
        obj = self.build("""
#include <bpf/bpf_core_read.h>
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 9);
	 __type(key, __u32); __type(value, __u32); } seen SEC(".maps");
SEC("xdp") int differ(struct xdp_md *ctx)
{
	char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 seven = 7, nine = 9;

	if (!bpf_core_type_exists(struct task_struct) || data + 20 > end)
		return XDP_PASS;
	data[19] = 'X';
	bpf_map_update_elem(&seen, &seven, &nine, 0);
	bpf_xdp_adjust_tail(ctx, -3);
	return XDP_DROP;
}
""" + LICENSE)
        path = self.pcap(*((n, frame()) for n in range(12)))
        done = weir(obj, capture=path)
        self.assertEqual(done.returncode, 6)
        kernel = json.loads(done.stdout)["kernel"]
        self.assertEqual(kernel["compared"], 12)
        self.assertEqual(kernel["different"], 13)
        first, *rest, in_map = kernel["differences"]
        self.assertEqual(len(rest), 9)
        for line in ("packet 1 (60 bytes):",
                     "verdict: Weir XDP_PASS, Linux XDP_DROP",
                     "length: Weir 60, Linux 57",
                     "bytes differ from offset 19 on:"):
            self.assertIn(line, first)
        self.assertRegex(first, r"Weir +0010: 5a 5a 5a 5a")
        self.assertRegex(first, r"Linux +0010: 5a 5a 5a 58")
        self.assertRegex(in_map, r"(?s)map seen: 1 entry is different.*"
                         r"key +7 \(07 00 00 00\).*Weir +has none.*"
                         r"Linux +9 \(09 00 00 00\)")
        self.check(obj, "differ", "--btf", "/sys/kernel/btf/vmlinux",
                   capture=path)

    def test_what_is_written_and_redirected_is_compared(self):
        obj = self.build("""
#include <bpf/bpf_core_read.h>
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct { __uint(type, BPF_MAP_TYPE_RINGBUF);
	 __uint(max_entries, 4096); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_DEVMAP_HASH); __uint(max_entries, 4);
	 __type(key, __u32); __type(value, struct bpf_devmap_val); }
	 ports SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_XSKMAP); __uint(max_entries, 4);
	 __type(key, __u32); __type(value, __u32); } sockets SEC(".maps");
static __always_inline int tell(struct xdp_md *ctx, int third)
{
	static __u32 packets;
	__u32 *r = bpf_ringbuf_reserve(&ring, 8, 0);

	if (!r)
		return XDP_DROP;
	r[0] = ctx->data_end - ctx->data;
	r[1] = ++packets == 3 ? third : 0;
	if (packets % 2)
		bpf_ringbuf_submit(r, 0);
	else
		bpf_ringbuf_discard(r, 0);
	if (bpf_redirect_map(&sockets, 1, XDP_TX) != XDP_TX)
		return XDP_ABORTED;
	return bpf_redirect_map(&ports, packets % 3, XDP_PASS);
}
SEC("xdp") int same(struct xdp_md *ctx) { return tell(ctx, 5); }
SEC("xdp") int other(struct xdp_md *ctx)
{
	return tell(ctx, bpf_core_type_exists(struct task_struct) ? 9 : 5);
}
SEC("xdp/devmap") int entry(void *ctx) { return XDP_PASS; }
""" + LICENSE)
        put = ["--update", "ports key 1 0 0 0 value 1 0 0 0 0 0 0 0"]
        self.check(obj, "same", *put)
        done = weir(obj, "--prog", "other", *put)
        self.assertEqual(done.returncode, 6, done.stderr)
        (shown,) = json.loads(done.stdout)["kernel"]["differences"]
        self.assertRegex(shown, r"(?s)map ring: 1 entry is different.*"
                         r"Weir +\(.. .. 00 00 05 00 00 00\).*"
                         r"Linux +\(.. .. 00 00 09 00 00 00\)")

    def test_an_lru_map_is_compared_by_key_until_a_side_was_full(self):
        obj = self.build("""
#include <bpf/bpf_core_read.h>
struct task_struct { int pid; } __attribute__((preserve_access_index));
#define LRU(name, kind, flags) \\
	struct { __uint(type, kind); __uint(max_entries, 1000); \\
		 __uint(map_flags, flags); __type(key, __u32); \\
		 __type(value, __u32); } name SEC(".maps")
LRU(few, BPF_MAP_TYPE_LRU_HASH, 0);
LRU(many, BPF_MAP_TYPE_LRU_HASH, 0);
LRU(many_slots, BPF_MAP_TYPE_LRU_PERCPU_HASH, 0);
LRU(own, BPF_MAP_TYPE_LRU_HASH, BPF_F_NO_COMMON_LRU);
__u32 next;
static __always_inline int fill(void *map, __u32 keys, __u32 value)
{
	for (int i = 0; i < 7; i++) {
		__u32 key = next++ % keys;

		bpf_map_update_elem(map, &key, &value, 0);
	}
	return XDP_PASS;
}
#define LINUX bpf_core_type_exists(struct task_struct)
SEC("xdp") int some(void *ctx) { return fill(&few, 700, 7); }
SEC("xdp") int other(void *ctx) { return fill(&few, 700, LINUX ? 9 : 7); }
SEC("xdp") int lots(void *ctx) { return fill(&many, 9000, 7); }
SEC("xdp") int lots_slots(void *ctx) { return fill(&many_slots, 9000, 7); }
SEC("xdp") int lots_own(void *ctx) { return fill(&own, 9000, 7); }
SEC("xdp") int less(void *ctx) { return fill(&many, LINUX ? 800 : 9000, 7); }
""" + LICENSE)
        for name in ("some", "lots", "lots_slots", "lots_own"):
            self.check(obj, name)
        for name, text in (("other", r"map few: 700 entries are different\n"
                                     r"  Weir has 700 entries, Linux 700\n"),
                           ("less", r"map many: \d+ entries are different\n"
                                    r"  Weir has 1000 entries, Linux 800\n")):
            done = weir(obj, "--prog", name)
            self.assertEqual(done.returncode, 6, done.stderr)
            (shown,) = json.loads(done.stdout)["kernel"]["differences"]
            self.assertRegex(shown, text)

    def test_maps_in_maps_are_mirrored(self):
        obj = self.build("""
#include <bpf/bpf_core_read.h>
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct inner { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 100);
	       __type(key, __u32); __type(value, __u32); };
struct inner one SEC(".maps"), two SEC(".maps"), three SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4);
	 __type(key, __u32); __array(values, struct inner); } outer
	 SEC(".maps") = { .values = { [0] = &one, [2] = &two } };
struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 4);
	 __type(key, __u32); __array(values, struct inner); } named
	 SEC(".maps");
__u32 packets;
static __always_inline int count(void *map, __u32 key, __u32 wrong)
{
	void *in = bpf_map_lookup_elem(map, &key);
	__u32 *n, slot = packets % 10, one = 1 + wrong;

	if (!in)
		return 0;
	n = bpf_map_lookup_elem(in, &slot);
	if (n)
		*n += one;
	else
		bpf_map_update_elem(in, &slot, &one, 0);
	return 1;
}
static __always_inline int work(__u32 wrong)
{
	__u32 n = count(&outer, packets++ & 3, 0);

	n += count(&named, 77, wrong);
	bpf_map_lookup_elem(&three, &n);
	return n == 2 ? XDP_PASS : n ? XDP_TX : XDP_DROP;
}
#define LINUX bpf_core_type_exists(struct task_struct)
SEC("xdp") int same(void *ctx) { return work(0); }
SEC("xdp") int other(void *ctx) { return work(LINUX ? 1 : 0); }
""" + LICENSE)
        put = ["--update", "named key 77 0 0 0 value name three",
               "--update", "outer key 2 0 0 0 value name one",
               "--update", "outer key 3 0 0 0 value name two"]
        result = self.check(obj, "same", *put)
        self.assertEqual(sorted(result["verdicts"]), ["XDP_PASS", "XDP_TX"])
        done = weir(obj, "--prog", "other", *put)
        self.assertEqual(done.returncode, 6, done.stderr)
        (shown,) = json.loads(done.stdout)["kernel"]["differences"]
        self.assertIn("map three: 10 entries are different", shown)

    def test_samples_are_compared_packet_by_packet(self):
        obj = self.build("""
#include <bpf/bpf_core_read.h>
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	 __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); }
	 samples SEC(".maps");
static __always_inline int tell(struct xdp_md *ctx, int third)
{
	static __u32 packets;
	__u64 len = ctx->data_end - ctx->data;
	__u32 data[3] = { len, packets == 2 ? third : 0, packets };
	int n;

	packets++;

	/* by itself, with a part of the packet, and by the CPU's number */
	n = bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, data,
				  packets % 2 ? 12 : 5);
	n += bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU |
				   (__u64)17 << 32, data, 8);
	n += bpf_perf_event_output(ctx, &samples, bpf_get_smp_processor_id(),
				   data, 4);
	n += bpf_perf_event_output(ctx, &samples, 3, data, 4) == -2;
	return n == 1 ? XDP_PASS : XDP_ABORTED;
}
SEC("xdp") int same(struct xdp_md *ctx) { return tell(ctx, 5); }
SEC("xdp") int other(struct xdp_md *ctx)
{
	return tell(ctx, bpf_core_type_exists(struct task_struct) ? 9 : 5);
}
SEC("xdp") int more(struct xdp_md *ctx)
{
	int code = tell(ctx, 5);

	if (bpf_core_type_exists(struct task_struct))
		bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &code,
				      4);
	return code;
}
""" + LICENSE)
        result = self.check(obj, "same")
        self.assertEqual(list(result["verdicts"]), ["XDP_PASS"])
        done = weir(obj, "--prog", "other")
        self.assertEqual(done.returncode, 6, done.stderr)
        (shown,) = json.loads(done.stdout)["kernel"]["differences"]
        self.assertRegex(shown, r"(?s)packet 3 .*map samples: sample 1 differs"
                         r"\n    Weir   .. .. 00 00 05.*"
                         r"\n    Linux  .. .. 00 00 09.*"
                         r"sample 2 differs")
        self.assertNotIn("sample 3", shown)
        done = weir(obj, "--prog", "more")
        self.assertEqual(done.returncode, 6, done.stderr)
        kernel = json.loads(done.stdout)["kernel"]
        self.assertEqual(kernel["different"], kernel["compared"])
        self.assertRegex(kernel["differences"][0],
                         r"sample 4 differs\n    Weir   has none\n"
                         r"    Linux  02 00 00 00\n")

    def test_xdp_tools(self):
        found = [path for what in ("xdpfilt_*.o", "xdp-dispatcher.o")
                 for path in sorted(glob.glob(os.path.join(TOOLS, what)))]
        if not found:
            self.skipTest("xdp-tools is not installed")
        for path in found:
            for section, name in programs(path):
                if section.startswith("xdp"):
                    with self.subTest(object=path, program=name):
                        used = self.check(path, name, "--dump-maps")["maps"]
                        self.check(path, name, *[
                            word for m in used for entry in
                            FILTERS.get(m["name"], ()) for word in
                            ("--update", f"{m['name']} {entry}")])

    def test_the_parser_chain_counts_the_same(self):
        for base, hook in (("parse", "xdp"), ("parse_tc", "tc-ingress")):
            path = os.path.join(BUILD, "progs", base + ".bpf.o")
            result = self.check(path, "parse", "--hook", hook, "--dump-maps")
            flows = [m for m in result["maps"] if m["name"] == "flows"]
            self.assertGreater(len(flows[0]["entries"]), 10)


if __name__ == "__main__":
    probe = weir(os.path.join(BUILD, "progs/pass.bpf.o"), "--hook", "xdp")
    if probe.returncode == 1 and "cannot be asked" in probe.stderr:
        print(probe.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
