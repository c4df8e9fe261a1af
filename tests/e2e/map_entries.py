#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Entries by type, and dumps of maps that packets and other clients change."""
import base64
import json
import os
import struct
import threading

import capture
from weir import BUILD, Case, Client, b64, main

STABLE = 20000
OTHERS = 1 << 20  # keys that the other connection changes, from here on
BATCH = 500
DUMPS = 5


def plain_key(number):
    return struct.pack("<I", number)


def prefix_key(number):
    return struct.pack("<I", 32) + struct.pack(">I", number)


KEYS = {"hash": plain_key, "lru": plain_key, "lpm": prefix_key}


class Concurrent(Case):
    """churn.bpf.c on a port whose packets never end."""
    ports = ("p0=null",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        obj = capture.compile_bpf("churn", os.path.join(cls.daemon.dir,
                                                        "churn.o"))
        with Client(cls.daemon.sock) as c:
            cls.prog = c.call("prog.load", path=obj)["programs"][0]["id"]
            for name, key in KEYS.items():
                for first in range(0, STABLE, BATCH):
                    cls.update(c, name, key, range(first, first + BATCH))
            c.call("prog.attach", prog=cls.prog, port="p0", hook="xdp")

    @staticmethod
    def update(c, name, key, numbers):
        c.call("map.update_batch", map=name,
               keys=b64(b"".join(map(key, numbers))),
               values=b64(b"".join(struct.pack("<Q", n) for n in numbers)))

    def changes(self, c):
        got = c.call("map.lookup", map="changes", key=0, format="typed")
        return got["value"]

    def disturb(self, name, key, stop, rounds):
        """Inserts and deletes through a connection of its own."""
        numbers = range(OTHERS, OTHERS + BATCH)
        keys = b64(b"".join(map(key, numbers)))
        with Client(self.daemon.sock) as c:
            while not stop.is_set():
                self.update(c, name, key, numbers)
                c.call("map.delete_batch", map=name, keys=keys)
                rounds.append(1)

    def dump(self, c, name):
        """Stable keys in the dump, in its order."""
        size = len(KEYS[name](0))
        result, parts = c.dump(map=name, format="packed")
        keys = b"".join(base64.b64decode(p["keys"]) for p in parts)
        values = b"".join(base64.b64decode(p["values"]) for p in parts)
        self.assertEqual(result["count"], len(keys) // size)
        seen = []
        for i in range(result["count"]):
            number, = struct.unpack_from("<Q", values, 8 * i)
            self.assertEqual(keys[i * size:(i + 1) * size],
                             KEYS[name](number))
            if number < STABLE:
                seen.append(number)
        return seen

    def entries_that_stay_are_seen_once(self, name):
        c = self.client(timeout=60)
        stop, rounds = threading.Event(), []
        other = threading.Thread(target=self.disturb,
                                 args=(name, KEYS[name], stop, rounds))
        other.start()
        try:
            disturbed = 0  # dumps during which packets and others changed it
            while disturbed < DUMPS:
                before, turns = self.changes(c), len(rounds)
                seen = self.dump(c, name)
                self.assertEqual((len(seen), len(set(seen))),
                                 (STABLE, STABLE))
                disturbed += (self.changes(c) > before and
                              len(rounds) > turns)
        finally:
            stop.set()
            other.join()

    def test_of_a_hash_entries_that_stay_are_seen_once(self):
        self.entries_that_stay_are_seen_once("hash")

    def test_of_an_lru_hash_entries_that_stay_are_seen_once(self):
        self.entries_that_stay_are_seen_once("lru")

    def test_of_a_trie_entries_that_stay_are_seen_once(self):
        self.entries_that_stay_are_seen_once("lpm")


class Typed(Case):
    ports = ("p0=null",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with Client(cls.daemon.sock) as c:
            c.call("prog.load", path=os.path.join(BUILD, "progs/acl.bpf.o"))

    def test_ports_and_addresses_are_in_network_order(self):
        c = self.client()
        c.call("map.update", map="acl", value={"verdict": 1},
               key={"saddr": "10.0.0.1", "dport": 53, "proto": 17})
        key = bytes([10, 0, 0, 1, 0, 53, 17, 0]).hex()
        got = c.call("map.lookup", map="acl", key_hex=key)
        self.assertEqual(got["formatted"]["key"],
                         {"saddr": 0x0100000a, "dport": 53 << 8,
                          "proto": 17})
        got = c.call("map.lookup", map="acl", key_hex=key, format="typed")
        self.assertEqual(got, {"key": {"saddr": 0x0a000001, "dport": 53,
                                       "proto": 17},
                               "value": {"verdict": 1}})

    def test_what_was_read_may_be_written_back(self):
        c = self.client()
        numbers = [0, 1, 2**31, 2**63 - 1, 2**63, 2**64 - 1]
        for i, number in enumerate(numbers):
            key = struct.pack("<I", i % 5)
            c.call("map.update", map="acl_counts", key_hex=key.hex(),
                   value_hex=struct.pack("<QQ", number, i).hex())
            read = c.call("map.lookup", map="acl_counts", key_hex=key.hex(),
                          format="typed")
            c.call("map.update", map="acl_counts", key_hex=key.hex(),
                   value_hex="00" * 16)
            c.call("map.update", map="acl_counts", key=read["key"],
                   values=[slot["value"] for slot in read["values"]])
            got = c.call("map.lookup", map="acl_counts", key_hex=key.hex())
            self.assertEqual(
                bytes(int(b, 16) for b in got["values"][0]["value"]),
                struct.pack("<QQ", number, i))

    def test_numbers_beyond_signed_ones_are_printed_as_they_are(self):
        c = self.client()
        c.call("map.update", map="acl_counts", key=0,
               value_hex=struct.pack("<QQ", 2**64 - 1, 1).hex())
        for flags, number in (([], str(2**64 - 1)), (["-j"], 2**64 - 1),
                              (["-p"], 2**64 - 1)):
            for verb in (["dump"], ["lookup", "key", "0"]):
                status, out, err = self.daemon.weir(
                    "map", verb[0], "name", "acl_counts", *verb[1:], *flags)
                self.assertEqual((status, err), (0, ""))
                got = json.loads(out)
                got = got[0] if verb == ["dump"] else got
                got = got["formatted"] if flags else got
                self.assertEqual(got["values"][0]["value"]["packets"], number)


if __name__ == "__main__":
    main("run")
