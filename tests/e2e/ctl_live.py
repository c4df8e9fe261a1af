#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the control socket changes while packets flow: programs come, are
replaced and go, map entries take effect, and no packet is lost over it."""
import ipaddress
import os
import struct
import time

from weir import (BUILD, Client, TapCase, b64, main, need_taps,
                  own_namespaces)

TAP = "weirctl0"


def udp(saddr, dport, size=100):
    """An Ethernet frame with a UDP datagram of that source."""
    data = bytes(size)
    head = struct.pack("!HHHH", 1000, dport, 8 + size, 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + size, 0, 0, 64, 17, 0,
                     ipaddress.ip_address(saddr).packed, bytes(4))
    return bytes(12) + b"\x08\x00" + ip + head + data


def obj(name):
    return os.path.join(BUILD, "progs", name + ".bpf.o")


class Live(TapCase):
    taps = (TAP,)
    ports = ("t0=tap:" + TAP, "n0=null")

    def weir(self, *words, status=0):
        got, out, err = self.daemon.weir(*words)
        self.assertEqual(got, status, (words, out, err))
        return out if not status else err

    def setUp(self):
        self.before = {p["id"] for p in self.ask("prog", "list")}
        self.addCleanup(self.sweep)

    def sweep(self):
        with Client(self.daemon.sock) as c:
            for o in c.call("prog.objects"):
                for p in o["programs"]:
                    shown = c.call("prog.show", prog=p["id"])
                    for a in shown["attached"]:
                        c.call("prog.detach", attachment=a["attachment"])
                c.call("prog.unload", object=o["object"])

    def load(self, name):
        """The object of the name: its number, its programs' and maps' ids."""
        got = self.ask("prog", "load", obj(name))
        return (got["object"], {p["name"]: p["id"] for p in got["programs"]},
                {m["name"]: m["id"] for m in got["maps"]})

    def counts(self, port="t0"):
        return self.ask("port", "stats", port)[0]

    def until(self, condition, what):
        for _ in range(200):
            if condition():
                return
            time.sleep(0.02)
        self.fail(what)

    def send(self, frames):
        """All frames, and what the port counted of them."""
        first = self.counts()
        for frame in frames:
            self.wire.send(frame)
        self.until(lambda: self.counts()["rx_packets"] -
                   first["rx_packets"] >= len(frames), "packets are missing")
        return first, self.counts()

    def verdicts(self, frames):
        first, last = self.send(frames)
        hook = "xdp"
        return {name: n - first["verdicts"][hook].get(name, 0)
                for name, n in last["verdicts"][hook].items()
                if n > first["verdicts"][hook].get(name, 0)}

    def test_a_program_comes_runs_and_goes(self):
        number, progs, _ = self.load("pass")
        name, prog = next(iter(progs.items()))
        shown = self.ask("prog", "show", "id", str(prog))
        self.assertEqual((shown["name"], shown["type"], shown["attached"]),
                         (name, "xdp", []))
        got = self.ask("prog", "attach", "id", str(prog), "n0", "xdp",
                       "--priority", "7")
        shown = self.ask("prog", "show", str(prog))
        self.assertEqual(shown["attached"],
                         [{"attachment": got["attachment"], "port": "n0",
                           "hook": "xdp", "priority": 7}])
        self.until(lambda: self.ask("prog", "show", str(prog))["run_cnt"],
                   "it does not run")
        hooks = {p["name"]: p["hooks"] for p in self.ask("port", "list")}
        self.assertEqual(hooks["n0"]["xdp"][0]["prog"], prog)
        self.weir("prog", "detach", str(got["attachment"]))
        runs = self.ask("prog", "show", str(prog))["run_cnt"]
        time.sleep(0.1)
        late = self.ask("prog", "show", str(prog))["run_cnt"]
        self.assertLessEqual(late - runs, 64)
        self.weir("prog", "unload", str(number))
        self.until(lambda: {p["id"] for p in self.ask("prog", "list")} <=
                   self.before, "its program stays")
        self.weir("prog", "show", str(prog), status=3)

    def test_what_is_attached_outlives_its_object(self):
        number, progs, _ = self.load("pass")
        prog = next(iter(progs.values()))
        got = self.ask("prog", "attach", str(prog), "n0", "xdp")
        self.weir("prog", "unload", str(number))
        self.weir("prog", "show", str(prog))
        self.weir("prog", "detach", str(prog), "n0", "xdp")
        self.weir("prog", "detach", str(got["attachment"]), status=3)

    def test_a_rule_takes_effect_and_goes(self):
        _, progs, maps = self.load("acl")
        prog = next(iter(progs.values()))
        acl = str(maps["acl"])
        self.weir("prog", "attach", str(prog), "t0", "xdp")
        frames = [udp("10.0.0.1", 53)] * 10
        self.assertEqual(self.verdicts(frames), {"XDP_PASS": 10})
        key = ["key", "hex", *"0a 00 00 01 00 35 11 00".split()]
        typed = ["key", '{"saddr":"10.0.0.1","dport":53,"proto":17}']
        for put, take in ((key, typed), (typed, key)):
            self.weir("map", "update", acl, *put, "value", "1", "0", "0", "0")
            self.assertEqual(self.verdicts(frames), {"XDP_DROP": 10})
            self.weir("map", "delete", acl, *take)
            self.assertEqual(self.verdicts(frames), {"XDP_PASS": 10})

    def test_ten_thousand_rules_at_once_lose_no_packet(self):
        _, progs, maps = self.load("acl")
        prog = next(iter(progs.values()))
        self.weir("prog", "attach", str(prog), "t0", "xdp")
        keys = b"".join(struct.pack("!IHBB", 0x0a000000 + i, 53, 17, 0)
                        for i in range(10000))
        values = struct.pack("<I", 1) * 10000
        c = self.client()
        first = self.counts()
        sent = 0
        for _ in range(20):
            c.ask("map.update_batch", map=maps["acl"], keys=b64(keys),
                  values=b64(values))
            for _ in range(100):
                self.wire.send(udp("192.0.2.1", 53))
                sent += 1
            self.assertEqual(c.reply()["result"], {"count": 10000})
        self.until(lambda: self.counts()["rx_packets"] -
                   first["rx_packets"] >= sent, "packets are missing")
        last = self.counts()
        self.assertEqual(last["rx_packets"] - first["rx_packets"], sent)
        self.assertEqual(last["drops"], first["drops"])
        self.assertEqual(self.ask("map", "show", str(maps["acl"]))["entries"],
                         10000)
        self.assertEqual(self.verdicts([udp("10.0.39.15", 53),
                                        udp("10.0.39.16", 53)]),
                         {"XDP_DROP": 1, "XDP_PASS": 1})

    def test_replacing_a_program_loses_no_packet(self):
        _, one, _ = self.load("pass")
        _, two, _ = self.load("pass")
        progs = [next(iter(one.values())), next(iter(two.values()))]
        c = self.client()
        at = c.call("prog.attach", prog=progs[0], port="t0",
                    hook="xdp")["attachment"]
        first = self.counts()
        for i in range(500):
            self.wire.send(udp("192.0.2.1", 53))
            c.call("prog.replace", attachment=at, prog=progs[(i + 1) % 2])
        self.until(lambda: self.counts()["rx_packets"] -
                   first["rx_packets"] >= 500, "packets are missing")
        runs = [c.call("prog.show", prog=p)["run_cnt"] for p in progs]
        self.assertEqual(sum(runs), 500)

    def test_killed_clients_cost_no_packet(self):
        _, progs, maps = self.load("acl")
        self.weir("prog", "attach", str(next(iter(progs.values()))), "t0",
                  "xdp")
        first = self.counts()
        for i in range(50):
            with Client(self.daemon.sock) as c:
                c.send(b'{"id":1,"method":"map.dump","args":{"map":%d}}\n'
                       b'{"id":2,"method":"map.upd' % maps["acl"])
            self.wire.send(udp("192.0.2.1", 53))
        self.until(lambda: self.counts()["rx_packets"] -
                   first["rx_packets"] >= 50, "packets are missing")
        self.assertEqual(self.counts()["drops"], first["drops"])

    def test_what_is_wrong_with_a_load_is_said(self):
        path = os.path.join(self.daemon.dir, "bad.o")
        with open(obj("acl"), "rb") as good, open(path, "wb") as bad:
            bad.write(good.read()[:1000])
        err = self.weir("prog", "load", path, status=5)
        self.assertIn("bad.o", err)
        with open(path, "wb") as bad:
            bad.write(b"#!/bin/sh\n")
        self.assertIn("bad.o", self.weir("prog", "load", path, status=5))
        self.assertLessEqual({p["id"] for p in self.ask("prog", "list")},
                             self.before)

    def test_what_is_wrong_with_an_attachment_is_said(self):
        _, progs, _ = self.load("pass")
        prog = str(next(iter(progs.values())))
        for words, status, said in (
                (["attach", prog, "n7", "xdp"], 3, "n7"),
                (["attach", prog, "n0", "xpd"], 1, "tc-ingress"),
                (["attach", prog, "n0", "tc-ingress"], 1, ""),
                (["attach", "999999", "n0", "xdp"], 3, "999999"),
                (["detach", "999999"], 3, "999999"),
                (["detach", prog, "n0", "xdp"], 3, "not attached"),
                (["replace", "999999", prog], 3, "999999")):
            err = self.weir("prog", *words, status=status)
            self.assertIn(said, err)


if __name__ == "__main__":
    need_taps()
    own_namespaces("-n")
    main("run")
