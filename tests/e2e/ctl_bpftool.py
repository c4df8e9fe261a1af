#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir map takes bpftool's words and gives bpftool's answers: the same commands
on a kernel map and on Weir's, side by side."""
import json
import os
import subprocess
import tempfile

from weir import (BUILD, OWN_MOUNTS, Case, main, need_bpftool,
                  own_namespaces)

# name, type, key bytes, value bytes, entries, flags
MAPS = [
    ("hash_small", "hash", 4, 8, 16, 0),
    ("hash_wide", "hash", 20, 30, 4, 1),
    ("hash_odd", "hash", 3, 5, 4, 0),
    ("array", "array", 4, 6, 3, 0),
    ("pc_hash", "percpu_hash", 4, 8, 4, 0),
    ("pc_array", "percpu_array", 4, 12, 2, 0),
]
PER_CPU = {"pc_hash", "pc_array"}
# Those of the rest that bpftool's words for entries fit.
LPM = ("lpm", "lpm_trie", 8, 4, 8, 1)
KEYLESS = [
    ("queue", "queue", 0, 4, 2, 0),
    ("stack", "stack", 0, 4, 2, 0),
    ("bloom", "bloom_filter", 0, 4, 20, 0),
]
LRU = [
    ("lru", "lru_hash", 4, 8, 8, 0),
    ("pc_lru", "lru_percpu_hash", 4, 8, 8, 0),
]
OBJECTS = [
    ("progs", "prog_array", 4, 4, 3, 0),
    ("maps", "array_of_maps", 4, 4, 3, 0),
    ("hmaps", "hash_of_maps", 4, 4, 3, 0),
]
PER_CPU.add("pc_lru")
# Their entries name what a test would have to make first.
EMPTY = [
    ("devmap", "devmap", 4, 4, 2, 0),
    ("devhash", "devmap_hash", 4, 8, 2, 0),
    ("cpumap", "cpumap", 4, 4, 1, 0),
    ("xskmap", "xskmap", 4, 4, 2, 0),
    ("events", "perf_event_array", 4, 4, 2, 0),
    ("stacks", "stack_trace", 4, 80, 2, 0),
    ("groups", "cgroup_array", 4, 4, 2, 0),
    ("socks", "reuseport_sockarray", 4, 8, 2, 0),
    ("socks4", "reuseport_sockarray", 4, 4, 2, 0),
    ("ring", "ringbuf", 0, 0, 4096, 0),
    ("uring", "user_ringbuf", 0, 0, 4096, 0),
]
ALL = MAPS + LRU + [LPM] + KEYLESS + OBJECTS + EMPTY


def words(numbers):
    return [str(n) for n in numbers]


class Bpftool(Case):
    ports = ("p0=null",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bpffs = tempfile.mkdtemp(prefix="weir-bpffs-")
        cls.addClassCleanup(os.rmdir, cls.bpffs)
        subprocess.run(["mount", "-t", "bpf", "bpf", cls.bpffs], check=True)
        cls.addClassCleanup(subprocess.run, ["umount", cls.bpffs], check=True)
        for row in ALL:
            cls.create(*row)

    @classmethod
    def create(cls, name, kind, key, value, entries, flags):
        spec = ["type", kind, "key", str(key), "value", str(value), "entries",
                str(entries), "name", name, "flags", str(flags)]
        for create in (cls.kernel, cls.weir):
            inner = []
            if kind.endswith("of_maps"):
                inner = ["inner_map", "pinned", cls.path(create, "array")]
            status, out = create("map", "create", cls.path(create, name),
                                 *spec, *inner)
            assert status == 0, out

    @classmethod
    def path(cls, who, name):
        return f"{cls.bpffs}/{name}" if who == cls.kernel else "/t/" + name

    @classmethod
    def kernel(cls, *args):
        done = subprocess.run(["bpftool", *args], check=False, text=True,
                              capture_output=True)
        return done.returncode, done.stdout

    @classmethod
    def weir(cls, *args):
        status, out, _ = cls.daemon.weir(*args)
        return status, out

    def both(self, verb, name, *rest):
        """Run the same words on both; their outputs, when both agree whether
        it works."""
        got = []
        for who in (self.kernel, self.weir):
            got.append(who("map", verb, "pinned", self.path(who, name),
                           *rest))
        (ks, kout), (ws, wout) = got
        self.assertEqual(ks == 0, ws == 0, (verb, name, rest, got))
        return kout, wout

    def update(self, name, key, value, *flags):
        return self.both("update", name, "key", *key, "value", *value, *flags)

    def same_json(self, kernel, weir, name):
        k, w = json.loads(kernel), json.loads(weir)
        for entries in (k, w):
            entries = entries if isinstance(entries, list) else [entries]
            for e in entries:
                if name in PER_CPU:
                    e["values"] = e["values"][:1]
            entries.sort(key=json.dumps)
        self.assertEqual(list(map(json.dumps, [k])),
                         list(map(json.dumps, [w])))

    def same_text(self, kernel, weir, name):
        def lines(text):
            return sorted(line.rstrip() for line in text.splitlines()
                          if "CPU" not in line or "(CPU 00)" in line)
        self.assertEqual(lines(kernel), lines(weir), name)

    def test_entries_read_back_the_same(self):
        for name, _, key, value, entries, _ in MAPS + LRU:
            for i in range(min(entries, 3)):
                k = [i] + [0] * (key - 1)
                v = [(i * 16 + b) % 256 for b in range(value)]
                out = self.update(name, words(k), words(v))
                self.assertEqual(out, ("", ""))
                h = [f"{b:02x}" for b in k]
                self.both("lookup", name, "key", "hex", *h)
                self.same_text(*self.both("lookup", name, "key", *words(k)),
                               name)
                self.same_json(*self.both("lookup", name, "key", "hex", *h,
                                          "-j"), name)
            self.same_text(*self.both("dump", name), name)
            self.same_json(*self.both("dump", name, "-j"), name)

    def test_json_of_a_change_is_null(self):
        key, value = words([7, 0, 0, 0]), words(range(8))
        got = self.update("hash_small", key, value, "-j")
        self.assertEqual([g.strip() for g in got], ["null", "null"])
        got = self.both("delete", "hash_small", "key", *key, "-j")
        self.assertEqual([g.strip() for g in got], ["null", "null"])

    def test_what_is_not_there_is_null(self):
        k, w = self.both("lookup", "hash_small", "key", "9", "9", "9", "9",
                         "-j")
        self.assertEqual((k.strip(), w.strip()), ("null", "null"))
        self.both("delete", "hash_small", "key", "9", "9", "9", "9")

    def test_the_flags_mean_the_same(self):
        key, value = words([5, 0, 0, 0]), words(range(8))
        for flags in (["exist"], ["noexist"], ["noexist"], ["exist"],
                      ["any"], []):
            self.update("hash_small", key, value, *flags)
        self.update("array", words([0] * 4), words(range(6)), "noexist")
        self.both("delete", "hash_small", "key", *key)

    def test_what_is_refused_is_the_same(self):
        good = words(range(8))
        for key, value in ((["1"], good), (words(range(5)), good),
                           (["1", "2", "3", "x"], good),
                           (words(range(4)), good[:7]),
                           (words(range(4)), good + ["1"]),
                           (["hex", "g", "2", "3", "1"], good)):
            self.update("hash_small", key, value)
        self.update("array", words([3, 0, 0, 0]), words(range(6)))
        self.both("delete", "array", "key", "0", "0", "0", "0")

    def test_bytes_may_be_in_any_of_its_notations(self):
        for i, key in enumerate((["0x1f", "0", "010", "2"],
                                 ["hex", "a", "0b", "ff", "0"])):
            self.update("hash_small", key, words(range(i, i + 8)))
            self.same_json(*self.both("lookup", "hash_small", "key", *key,
                                      "-j"), "hash_small")
            self.both("delete", "hash_small", "key", *key)

    def test_maps_are_described_the_same(self):
        fields = ["type", "name", "flags", "bytes_key", "bytes_value",
                  "max_entries", "frozen"]
        for name, *_ in ALL:
            k, w = map(json.loads, self.both("show", name, "-j"))
            self.assertEqual([k[f] for f in fields], [w[f] for f in fields])
            k, w = self.both("show", name)
            self.assertEqual(k.split(": ")[1].splitlines()[0],
                             w.split(": ")[1].splitlines()[0])

    def test_prefixes_are_kept_and_found_the_same(self):
        for length, first, value in ((8, 10, 1), (16, 10, 2), (0, 0, 3),
                                     (33, 1, 4)):
            self.update("lpm", words([length, 0, 0, 0, first, 1, 0, 0]),
                        words([value, 0, 0, 0]))
        for address in ([10, 1, 2, 3], [10, 2, 0, 0], [11, 0, 0, 0]):
            key = words([32, 0, 0, 0] + address)
            self.same_json(*self.both("lookup", "lpm", "key", *key, "-j"),
                           "lpm")
        self.same_json(*self.both("dump", "lpm", "-j"), "lpm")
        self.both("delete", "lpm", "key", *words([16, 0, 0, 0, 10, 1, 0, 0]))
        self.both("delete", "lpm", "key", *words([16, 0, 0, 0, 10, 1, 0, 0]))
        self.same_json(*self.both("dump", "lpm", "-j"), "lpm")

    def test_values_come_out_in_the_same_order(self):
        one, two, three, four = (words([n, 0, 0, 0]) for n in range(1, 5))
        for name in ("queue", "stack"):
            for step in (["pop"], ["peek"], ["push", one], ["enqueue", two],
                         ["push", three], ["push", three, "exist"], ["peek"],
                         ["lookup"], ["push", four, "noexist"], ["pop"],
                         ["dequeue"], ["dequeue"], ["getnext"],
                         ["delete"]):
                rest = ["value", *step[1], *step[2:]] if step[1:] else []
                k, w = self.both(step[0], name, *rest, "-j")
                if "error" not in (json.loads(k) or {}):
                    self.assertEqual(json.loads(k), json.loads(w), step)
            self.both("push", name, "value", *one)
            self.same_text(*self.both("peek", name), name)
            self.same_text(*self.both("pop", name), name)

    def test_a_set_takes_the_same_and_has_it(self):
        for flags in ([], ["any"], ["exist"], ["noexist"]):
            self.both("push", "bloom", "value", "1", "2", "3", "4", *flags)
        self.both("pop", "bloom")
        self.both("delete", "bloom")
        has = ["map", "lookup", "name", "bloom", "-j", "value", "1", "2", "3"]
        status, out = self.weir(*has, "4")
        self.assertEqual((status, json.loads(out)),
                         (0, {"key": [],
                              "value": ["0x01", "0x02", "0x03", "0x04"]}))
        status, out = self.weir(*has, "5")
        self.assertEqual((status, out.strip()), (3, "null"))

    def one_id(self, name):
        """Of the one entry at index 1: its id on both sides."""
        ids = []
        for who in (self.kernel, self.weir):
            _, out = who("map", "dump", "pinned", self.path(who, name), "-j")
            (entry,) = json.loads(out)
            self.assertEqual(entry["key"], ["0x01", "0x00", "0x00", "0x00"])
            value = bytes(int(b, 16) for b in entry["value"])
            ids.append(int.from_bytes(value, "little"))
        return ids

    def test_maps_of_maps_hold_ids(self):
        one = words([1, 0, 0, 0])
        for name in ("maps", "hmaps"):
            for inner, flags in (("array", []), ("hash_small", []),
                                 ("array", ["noexist"]),
                                 ("array", ["exist"])):
                got = [who("map", "update", "pinned", self.path(who, name),
                           "key", *one, "value", "pinned",
                           self.path(who, inner), *flags)[0]
                       for who in (self.kernel, self.weir)]
                self.assertEqual(got[0] == 0, got[1] == 0, (inner, flags))
            for who, number in zip((self.kernel, self.weir),
                                   self.one_id(name)):
                _, out = who("map", "show", "pinned", self.path(who, "array"),
                             "-j")
                self.assertEqual(json.loads(out)["id"], number)
            self.both("lookup", name, "key", *words([2, 0, 0, 0]))
            self.both("delete", name, "key", *one)
            self.both("delete", name, "key", *one)
            self.assertEqual([json.loads(out) for out in
                              self.both("dump", name, "-j")], [[], []])

    def test_prog_arrays_hold_ids(self):
        one = words([1, 0, 0, 0])
        obj = os.path.join(BUILD, "progs", "pass.bpf.o")
        pin = self.bpffs + "/pass"
        subprocess.run(["bpftool", "prog", "load", obj, pin], check=True)
        status, out = self.weir("prog", "load", obj, "-j")
        self.assertEqual(status, 0, out)
        mine = json.loads(out)["programs"][0]["id"]
        for who, value in ((self.kernel, ["pinned", pin]),
                           (self.weir, ["id", str(mine)])):
            status, out = who("map", "update", "pinned",
                              self.path(who, "progs"), "key", *one, "value",
                              *value)
            self.assertEqual(status, 0, out)
        theirs, shown = self.one_id("progs")
        _, out = self.kernel("prog", "show", "pinned", pin, "-j")
        self.assertEqual((theirs, shown), (json.loads(out)["id"], mine))
        _, out = self.weir("map", "dump", "name", "progs")
        self.assertEqual(json.loads(out), [{"key": 1, "value": mine}])
        self.both("delete", "progs", "key", *one)
        self.both("delete", "progs", "key", *one)

    def test_what_is_empty_is_shown_the_same(self):
        for name, _, size, *_ in EMPTY:
            key = ["key"] + words([1] + [0] * (size - 1)) if size else []
            for verb in ("lookup", "delete"):
                k, w = self.both(verb, name, *key, "-j")
                if "error" not in (json.loads(k) or {}):
                    self.assertEqual(json.loads(k), json.loads(w),
                                     (verb, name))
            # bpftool lists an error for each empty slot of some
            _, out = self.weir("map", "dump", "name", name, "-j")
            if not out.startswith('{"error"'):
                self.assertEqual(json.loads(out), [], name)

    def test_keys_are_walked_the_same(self):
        for key in ([], ["key"] + words([0] * 4), ["key"] + words([1] * 4)):
            self.same_text(*self.both("getnext", "array", *key), "array")
            k, w = self.both("getnext", "array", *key, "-j")
            self.assertEqual(json.loads(k), json.loads(w))
        self.both("getnext", "array", "key", *words([2, 0, 0, 0]))


if __name__ == "__main__":
    need_bpftool()
    own_namespaces(*OWN_MOUNTS)
    main("run")
