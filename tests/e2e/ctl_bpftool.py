#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir map takes bpftool's words and gives bpftool's answers: the same commands
on a kernel map and on Weir's, side by side."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from weir import Case, main

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
        for name, kind, key, value, entries, flags in MAPS:
            spec = ["type", kind, "key", str(key), "value", str(value),
                    "entries", str(entries), "name", name, "flags",
                    str(flags)]
            for create in (cls.kernel, cls.weir):
                status, out = create("map", "create", cls.path(create, name),
                                     *spec)
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
        for name, _, key, value, entries, _ in MAPS:
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
        for name, *_ in MAPS:
            k, w = map(json.loads, self.both("show", name, "-j"))
            self.assertEqual([k[f] for f in fields], [w[f] for f in fields])
            k, w = self.both("show", name)
            self.assertEqual(k.split(": ")[1].splitlines()[0],
                             w.split(": ")[1].splitlines()[0])

    def test_keys_are_walked_the_same(self):
        for key in ([], ["key"] + words([0] * 4), ["key"] + words([1] * 4)):
            self.same_text(*self.both("getnext", "array", *key), "array")
            k, w = self.both("getnext", "array", *key, "-j")
            self.assertEqual(json.loads(k), json.loads(w))
        self.both("getnext", "array", "key", *words([2, 0, 0, 0]))


if __name__ == "__main__":
    if os.geteuid() != 0 or not shutil.which("bpftool"):
        print("needs root and bpftool, to ask the kernel")
        sys.exit(77)
    if "WEIR_TEST_MOUNTS" not in os.environ:
        os.environ["WEIR_TEST_MOUNTS"] = "own"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private",
                              sys.executable] + sys.argv)
    main("run")
