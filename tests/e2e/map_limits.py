#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Maps that are too large or too many are refused over the control socket, and
leave nothing: no memory, no descriptor, no id."""
import os
import re
import time

from weir import Case, Client, Refused, main, make_map

SLACK = 16 << 20
GIB2 = 1 << 31
# kind, bytes of key and value, flags
FAMILIES = [
    ("hash", 4, 8, 0), ("percpu_hash", 4, 8, 0), ("lru_hash", 4, 8, 0),
    ("lru_percpu_hash", 4, 8, 0), ("lpm_trie", 8, 8, 1), ("array", 4, 8, 0),
    ("percpu_array", 4, 8, 0), ("prog_array", 4, 4, 0), ("queue", 0, 8, 0),
    ("stack", 0, 8, 0), ("bloom_filter", 0, 8, 0), ("ringbuf", 0, 0, 0),
    ("perf_event_array", 4, 4, 0), ("devmap", 4, 4, 0),
    ("devmap_hash", 4, 4, 0), ("cpumap", 4, 4, 0), ("xskmap", 4, 4, 0),
    ("stack_trace", 4, 8, 0), ("reuseport_sockarray", 4, 8, 0),
]
MILLION = 1000000


class Limits(Case):
    args = ("--memory", "16M")

    def state(self, c):
        """What must not change: descriptors but those of clients, maps,
        charged memory."""
        return (self.descriptors(),
                [m["id"] for m in c.call("map.list")],
                c.call("stats")["memory"]["used"])

    def descriptors(self):
        folder, n = f"/proc/{self.daemon.process.pid}/fd", 0
        for fd in os.listdir(folder):
            try:
                n += not os.readlink(f"{folder}/{fd}").startswith("socket:")
            except FileNotFoundError:
                pass  # closed meanwhile
        return n

    def most_memory(self):
        with open(f"/proc/{self.daemon.process.pid}/status",
                  encoding="ascii") as f:
            return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) << 10

    def test_a_map_beyond_all_sizes_is_refused(self):
        c = self.client()
        before, memory = self.state(c), self.most_memory()
        for kind, key, _, flags in FAMILIES:
            for value in (GIB2, 2 * GIB2 - 1):
                with self.assertRaises(Refused) as caught:
                    make_map(c, "m", kind, key, value, GIB2, flags)
                self.assertIn(caught.exception.code,
                              ("E2BIG", "ENOMEM", "EINVAL"), kind)
                self.assertEqual(self.state(c), before, kind)
        self.assertLess(self.most_memory(), memory + SLACK)

    def test_a_map_beyond_the_budget_is_refused(self):
        c = self.client()
        before, memory = self.state(c), self.most_memory()
        for kind in ("hash", "percpu_hash", "lru_hash", "lru_percpu_hash",
                     "array", "percpu_array", "queue", "stack"):
            key = 0 if kind in ("queue", "stack") else 4
            self.refused("ENOMEM", c, "map.create", path="/t/m", name="m",
                         type=kind, key_size=key, value_size=4096,
                         max_entries=1 << 20)
            self.assertEqual(self.state(c), before, kind)
        self.assertLess(self.most_memory(), memory + SLACK)

    def test_many_maps_are_refused_when_memory_ends(self):
        c = self.client(timeout=60)
        for kind, key, value, flags in FAMILIES:
            before, made = self.state(c), 0
            while made < MILLION:
                try:
                    entries = 4096 if kind == "ringbuf" else 1
                    make_map(c, f"m{made}", kind, key, value, entries, flags)
                except Refused as refused:
                    self.assertEqual(refused.code, "ENOMEM", kind)
                    break
                made += 1
            self.assertLess(made, MILLION, kind)
            self.assertLessEqual(c.call("stats")["memory"]["used"], 16 << 20)
            with Client(self.daemon.sock) as other:  # nobody is locked out
                other.call("version")
            for number in range(made):
                c.call("map.unpin", path=f"/test/m{number}")
            for _ in range(1000):  # maps go after a grace period
                if self.state(c) == before:
                    break
                time.sleep(0.01)
            self.assertEqual(self.state(c), before, kind)


class Entries(Case):
    def test_what_is_wrong_with_an_entry_is_said(self):
        c = self.client()
        for name, kind, key, flags in (
                ("wrong_array", "array", 4, 0), ("wrong_hash", "hash", 4, 0),
                ("wrong_trie", "lpm_trie", 8, 1),
                ("wrong_port", "devmap", 4, 0)):
            make_map(c, name, kind, key=key, value=4, entries=1, flags=flags)

        def wrong(method, name, key, **args):
            error = self.refused(args.pop("code"), c, "map." + method,
                                 map=name, key_hex=key, **args)
            return error["message"] + " " + error.get("hint", "")
        value = {"value_hex": "63000000"}
        self.assertRegex(wrong("update", "wrong_array", "01000000",
                               code="E2BIG", **value),
                         "1 entries has no such index.* from 0 to 0")
        self.assertRegex(wrong("delete", "wrong_array", "00000000",
                               code="EINVAL"), "always there: write zeros")
        c.call("map.update", map="wrong_hash", key_hex="00000000", **value)
        self.assertIn("is full", wrong("update", "wrong_hash", "01000000",
                                       code="E2BIG", **value))
        self.assertIn("prefix's length", wrong(
            "update", "wrong_trie", "2100000001020304", code="EINVAL",
            **value))
        self.assertIn("number of a port", wrong(
            "update", "wrong_port", "00000000", code="EINVAL", **value))


if __name__ == "__main__":
    main("run")
