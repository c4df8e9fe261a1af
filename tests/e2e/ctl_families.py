#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir map on the families with ways of their own: maps of maps, queues, stacks
and sets, in bpftool's words and beside bpftool."""
import json
import os
import subprocess
import tempfile

from weir import OWN_MOUNTS, Case, main, need_bpftool, own_namespaces

# name, type, key bytes, value bytes, entries, more words
MAPS = [
    ("inner", "hash", 4, 8, 4, []),
    ("other", "hash", 4, 8, 9, []),
    ("wide", "hash", 4, 16, 4, []),
    ("array", "array_of_maps", 4, 4, 3, ["inner_map", "name", "inner"]),
    ("hash", "hash_of_maps", 8, 4, 3, ["inner_map", "name", "inner"]),
    ("queue", "queue", 0, 4, 3, []),
    ("stack", "stack", 0, 4, 3, []),
    ("set", "bloom_filter", 0, 4, 30, []),
]


class Families(Case):
    ports = ("p0=null",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bpffs = tempfile.mkdtemp(prefix="weir-bpffs-")
        cls.addClassCleanup(os.rmdir, cls.bpffs)
        subprocess.run(["mount", "-t", "bpf", "bpf", cls.bpffs], check=True)
        cls.addClassCleanup(subprocess.run, ["umount", cls.bpffs], check=True)
        cls.suffix = str(os.getpid())
        for name, kind, key, value, entries, more in MAPS:
            more = [cls.unique(w) if w == "inner" else w for w in more]
            spec = ["type", kind, "key", str(key), "value", str(value),
                    "entries", str(entries), "name", cls.unique(name), *more]
            for create in (cls.kernel, cls.weir):
                status, out = create("map", "create", cls.path(create, name),
                                     *spec)
                assert status == 0, (name, out)

    @classmethod
    def unique(cls, name):
        return f"{name}{cls.suffix}"[:15]

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
        got = []
        for who in (self.kernel, self.weir):
            words = [self.path(who, w[1:]) if w.startswith("@") else w
                     for w in rest]
            got.append(who("map", verb, "pinned", self.path(who, name),
                           *words))
        (ks, kout), (ws, wout) = got
        self.assertEqual(ks == 0, ws == 0, (verb, name, rest, got))
        return kout, wout

    def same(self, verb, name, *rest):
        kernel, weir = self.both(verb, name, *rest)
        if "-j" in rest and json.loads(kernel or "null") is not None:
            self.assertEqual(json.loads(kernel), json.loads(weir))
        elif "Error" not in kernel:  # which Weir says elsewhere
            self.assertEqual(kernel.split(), weir.split())

    def ids(self, verb, name, *rest):
        """The ids of the maps in a map of maps as names, on both sides."""
        got = []
        for who in (self.kernel, self.weir):
            status, out = who("map", verb, "pinned", self.path(who, name),
                              "-j", *rest)
            self.assertEqual(status, 0, (who, name, out))
            entries = json.loads(out)
            entries = entries if isinstance(entries, list) else [entries]
            got.append(sorted(
                (tuple(e["key"]), self.name_of(who, e["value"]))
                for e in entries))
        self.assertEqual(got[0], got[1])
        return got[1]

    def name_of(self, who, value):
        number = int.from_bytes(bytes(int(b, 0) for b in value), "little")
        status, out = who("map", "show", "id", str(number), "-j")
        self.assertEqual(status, 0, out)
        return json.loads(out)["name"]

    def test_maps_of_maps_take_maps(self):
        for name, key in (("array", ["1", "0", "0", "0"]),
                          ("hash", ["9"] * 8)):
            with self.subTest(map=name):
                self.same("update", name, "key", *key, "value", "pinned",
                          "@inner")
                self.assertEqual(
                    [n for _, n in self.ids("lookup", name, "key", *key)],
                    [self.unique("inner")])
                self.same("update", name, "key", *key, "value", "name",
                          self.unique("other"))
                self.assertEqual(
                    [n for _, n in self.ids("dump", name)],
                    [self.unique("other")])
                self.both("update", name, "key", *key, "value", "pinned",
                          "@wide")
                self.same("delete", name, "key", *key)
                self.same("dump", name)
                self.same("dump", name, "-j")

    def test_what_goes_in_comes_out_as_in_bpftool(self):
        for name in ("queue", "stack"):
            with self.subTest(map=name):
                for i in range(4):  # the fourth finds it full
                    self.both("push" if i % 2 else "enqueue", name, "value",
                              str(i), "0", "0", "7")
                for verb in ("peek", "pop", "dequeue"):
                    self.same(verb, name, "-j")
                    self.same(verb, name)
                self.both("peek", name)
                self.both("pop", name, "-j")
                self.both("delete", name)
                self.both("getnext", name)

    def test_a_dump_takes_nothing_out(self):
        for name in ("queue", "stack"):
            for i in (1, 2):
                self.weir("map", "push", "pinned", "/t/" + name, "value",
                          str(i), "0", "0", "0")
            for _ in range(2):
                _, out = self.weir("map", "dump", "pinned", "/t/" + name, "-j")
                self.assertEqual([e["value"][0] for e in json.loads(out)],
                                 ["0x01", "0x02"])
            for _ in range(2):
                self.weir("map", "pop", "pinned", "/t/" + name)

    def test_a_set_says_whether(self):
        self.both("push", "set", "value", "1", "2", "3", "4")
        for value, there in ((["1", "2", "3", "4"], True),
                             (["9", "9", "9", "9"], False)):
            status, _ = self.weir("map", "peek", "pinned", "/t/set", "value",
                                  *value)
            self.assertEqual(status == 0, there)
        self.both("pop", "set")


if __name__ == "__main__":
    need_bpftool()
    own_namespaces(*OWN_MOUNTS)
    main("run")
