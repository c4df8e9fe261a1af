#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ports that mirror devices of the host: bpf_fib_lookup() answers here what it
answers there, and follows what ip(8) changes."""
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import capture
from weir import OWN_MOUNTS, Case, Client, main, need_bpftool, own_namespaces

DEVICES = {"lan": 1, "wan": 2}  # names there, and numbers here
NONE, BLACKHOLE, UNREACHABLE, PROHIBIT, NOT_FWDED = range(5)
DIRECT, OUTPUT = 1, 2
LOOKUP = struct.Struct("<BBHHHI4x16s16sHH6s6s")  # struct bpf_fib_lookup

def run(*words, text=None):
    done = subprocess.run(words, check=False, capture_output=True, text=True,
                          input=text)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def ip(line):
    run("ip", *line.split())


def number_of(device):
    try:
        return socket.if_nametoindex(device)
    except OSError:
        return 0


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def packed(address):
    return socket.inet_pton(family(address), address).ljust(16, b"\0")


# from where, to where, how; by the names of devices
IPV4 = ["10.1.0.2", "10.1.0.3", "10.1.0.1", "10.1.0.255", "10.2.0.9",
        "20.0.0.1", "20.1.2.3", "20.1.0.1", "30.0.0.1", "40.0.0.1", "41.0.0.1",
        "42.0.0.1", "50.0.0.1", "50.9.9.9", "60.0.0.1", "70.0.0.1",
        "55.0.0.1", "8.8.8.8", "127.0.0.1", "224.0.0.5", "10.3.0.7", "20.200.0.5"]
IPV6 = ["fd01::2", "fd01::1", "fd02::9", "fd20::1", "fd20:1::1", "fd30::1",
        "fd40::1", "fd50::1", "2001:db8::1", "fd03::7"]


def questions():
    for to in IPV4 + IPV6:
        sender = "fd01::77" if ":" in to else "10.1.0.77"
        yield "lan", sender, to, 0
        if to in ("10.2.0.9", "20.0.0.1", "fd02::9", "fd20::1", "60.0.0.1"):
            yield "wan", sender, to, OUTPUT
            yield "lan", sender, to, DIRECT


class Mirror(Case):
    ports = ()
    several = ("50.",)  # destinations with several ways

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="weir-mirror-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.pins = cls.dir + "/bpf"
        os.mkdir(cls.pins)
        run("mount", "-t", "bpf", "bpf", cls.pins)
        cls.addClassCleanup(run, "umount", cls.pins)
        cls.network()
        cls.object = capture.compile_bpf("ask_fib", cls.dir + "/ask.o")
        run("bpftool", "prog", "loadall", cls.object, cls.pins + "/progs",
            "pinmaps", cls.pins)
        config = cls.dir + "/weir.yaml"
        with open(config, "w", encoding="ascii") as file:
            file.write("ports:\n" + "".join(
                f"  - {{ name: p{number}, spec: 'null', mirror: {name} }}\n"
                for name, number in DEVICES.items()))
        cls.args = ("-c", config)
        super().setUpClass()
        got = cls.ask("prog", "load", cls.object)
        cls.prog = str(got["programs"][0]["id"])
        cls.map = str(got["maps"][0]["id"])

    @classmethod
    def network(cls):
        ip("link set lo up")
        for name in ("lan", "wan", "other"):
            ip(f"link add {name} type veth peer name {name}_")
            ip(f"link set {name}_ up")
            ip(f"link set {name} up")
        for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            with open("/proc/sys/net/" + key, "w", encoding="ascii") as file:
                file.write("1")
        cls.addresses()
        ip("addr add 10.9.0.1/24 dev other")
        ip("route add blackhole 40.0.0.0/8")
        ip("route add unreachable 41.0.0.0/8")
        ip("route add prohibit 42.0.0.0/8")
        ip("route add blackhole fd40::/16")
        ip("route add 30.0.0.0/8 via 10.9.0.2")
        ip("rule add from 10.1.0.64/26 to 70.0.0.0/8 lookup 7 priority 100")
        ip("route add 70.0.0.0/8 dev wan table 7")

    @classmethod
    def addresses(cls):
        ip("addr replace 10.1.0.1/24 dev lan")
        ip("addr replace 10.2.0.1/24 dev wan")
        ip("addr replace fd01::1/64 dev lan nodad")
        ip("addr replace fd02::1/64 dev wan nodad noprefixroute")
        ip("route replace fd02::/64 dev wan metric 77")
        ip("neigh replace 10.1.0.2 lladdr 02:00:00:00:01:02 dev lan")
        ip("neigh replace 10.2.0.2 lladdr 02:00:00:00:02:02 dev wan")
        ip("neigh replace fd02::2 lladdr 02:00:00:00:02:06 dev wan")
        ip("route replace 20.0.0.0/8 via 10.2.0.2")
        ip("route replace 20.1.0.0/16 via 10.1.0.2 metric 5")
        ip("route replace 20.1.0.0/16 via 10.2.0.2 metric 9 mtu lock 1300")
        ip("route replace 60.0.0.0/8 dev wan src 10.2.0.1")
        ip("route replace fd20::/16 via fd02::2")
        ip("route replace fd20:1::/32 dev lan metric 3")

    def kernel(self):
        """(result, lookup) of each question there."""
        here = {number_of(name): number for name, number in DEVICES.items()}
        lines = ""
        for i, (device, sender, to, flags) in enumerate(questions()):
            lines += "map update pinned %s/asks key hex %s value hex %s\n" % (
                self.pins, struct.pack("<I", i).hex(" "),
                self.value(number_of(device), sender, to, flags).hex(" "))
        run("bpftool", "batch", "file", "-", text=lines)
        run("bpftool", "prog", "run", "pinned", self.pins + "/progs/ask_fib",
            "data_in", self.frame(), "repeat", "1")
        text = run("bpftool", "-j", "map", "dump", "pinned",
                   self.pins + "/asks")
        return self.answers(text, here)

    @staticmethod
    def addresses_there():
        """As `weir address list` has them, which leaves out full lengths."""
        found = set()
        for device in json.loads(run("ip", "-j", "addr")):
            number = DEVICES.get(device["ifname"])
            for a in device["addr_info"] if number else ():
                bits = 128 if a["family"] == "inet6" else 32
                length = "" if a["prefixlen"] == bits else \
                    f"/{a['prefixlen']}"
                found.add(f"{a['local']}{length} dev p{number}")
        return found

    def weir(self):
        with Client(self.daemon.sock) as c:
            for i, (device, sender, to, flags) in enumerate(questions()):
                c.call("map.update", map=int(self.map),
                       key_hex=struct.pack("<I", i).hex(),
                       value_hex=self.value(DEVICES[device], sender, to,
                                            flags).hex())
        self.ask("prog", "run", self.prog, "data_in", self.frame())
        _, text, _ = self.daemon.weir("map", "dump", self.map, "-j")
        return self.answers(text, {n: n for n in DEVICES.values()})

    def frame(self):
        path = self.dir + "/frame"
        with open(path, "wb") as file:
            file.write(bytes(64))
        return path

    @staticmethod
    def value(ifindex, sender, to, flags):
        return LOOKUP.pack(family(to), 17, 0, 0, 0, ifindex, packed(sender),
                           packed(to), 0, 0, bytes(6), bytes(6)) + \
            struct.pack("<iI", 0, flags)

    @staticmethod
    def answers(text, numbers):
        entries = json.loads(text)
        found = {}
        for entry in entries:
            key = bytes(int(b, 0) for b in entry["key"])
            raw = bytes(int(b, 0) for b in entry["value"])
            p = LOOKUP.unpack_from(raw)
            result, _ = struct.unpack_from("<iI", raw, LOOKUP.size)
            found[struct.unpack("<I", key)[0]] = (
                result, numbers.get(p[5], "another"), p[4], p[6], p[7], p[11])
        return [found[i] for i, _ in enumerate(questions())]

    def equal(self, about, seconds=10):
        """Here as there, soon after."""
        end = time.monotonic() + seconds
        while True:
            there, here = self.kernel(), self.weir()
            same = self.addresses_there() == set(self.ask("address", "list"))
            different = [
                (question, t, h)
                for question, t, h in zip(questions(), there, here)
                if t != h and not self.may_differ(question, t, h)]
            if (not different and same) or time.monotonic() > end:
                break
            time.sleep(0.1)
        self.assertEqual(self.addresses_there(),
                         set(self.ask("address", "list")), about)
        self.assertFalse(different, (about, different[:3]))
        return there

    def may_differ(self, question, there, here):
        """Out of a device that no port mirrors; one of several ways; into
        a device that is not there."""
        return (there[1] == "another" and here[0] == UNREACHABLE) or \
            (question[2].startswith(self.several) and there[0] in (0, 7)) or \
            not number_of(question[0])

    def result(self, there, to):
        (at,) = [i for i, q in enumerate(questions())
                 if q[2] == to and q[3] == 0]
        return there[at]

    def test_as_it_is_at_first(self):
        there = self.equal("at first")
        self.assertEqual(self.result(there, "20.0.0.1")[:2], (0, 2))
        self.assertEqual(self.result(there, "20.0.0.1")[5],
                         bytes.fromhex("020000000202"))
        self.assertEqual(self.result(there, "70.0.0.1")[1], 2)
        self.assertEqual(self.result(there, "40.0.0.1")[0], BLACKHOLE)
        self.assertEqual(self.result(there, "30.0.0.1")[1], "another")
        self.assertEqual(self.result(self.weir(), "30.0.0.1")[0], UNREACHABLE)

    def test_changes(self):
        for lines in (
                ("route replace 20.0.0.0/8 via 10.1.0.2",),
                ("nexthop add id 9 via 10.2.0.2 dev wan",
                 "route replace 20.0.0.0/8 nhid 9"),
                ("nexthop del id 9",),
                ("route add 20.0.0.0/8 via 10.1.0.2",),
                ("route add default via 10.2.0.2",
                 "-6 route add default via fd02::2"),
                ("neigh replace 10.2.0.2 lladdr 02:00:00:00:02:ee dev wan",),
                ("neigh del fd02::2 dev wan",),
                ("route del 20.1.0.0/16 metric 5",),
                ("route add 50.0.0.0/8 nexthop via 10.1.0.2 weight 3 "
                 "nexthop via 10.2.0.2",),
                ("route replace unreachable 50.9.0.0/16",),
                ("-6 route add fd50::/16 nexthop via fd01::2 "
                 "nexthop via fd02::3",),
                ("-6 route del fd50::/16 nexthop via fd01::2",),
                ("addr add 10.3.0.1/24 dev lan", "addr add fd03::1/64 dev lan"),
                ("route add 55.0.0.0/8 via 10.1.0.2 src 10.3.0.1",),
                ("addr del 10.3.0.1/24 dev lan", "addr del fd03::1/64 dev lan"),
                ("rule del priority 100",),
                ("-6 rule add from fd01::/64 to fd30::/16 lookup 8",
                 "-6 route add fd30::/16 dev lan table 8"),
                ("-6 rule del from fd01::/64 to fd30::/16 lookup 8",),
                ("rule add from 10.1.0.64/26 to 70.0.0.0/8 lookup 7 "
                 "priority 100",),
                ("route del default", "-6 route del default"),
                ("route replace 20.0.0.0/8 via 10.2.0.2",)):
            before = self.kernel()
            for line in lines:
                ip(line)
            self.several = ("50.", "fd50") if "route add fd50" in lines[0] \
                else ("50.",)
            after = self.equal(lines)
            if not lines[0].startswith(("rule add", "route replace unr")):
                self.assertFalse(before == after, lines)

    def test_devices_come_and_go(self):
        ip("link set wan down")
        self.equal("down")
        ip("link del wan")
        self.equal("deleted")
        ip("link add wan type veth peer name wan_")
        ip("link set wan_ up")
        ip("link set wan up")
        self.addresses()
        there = self.equal("another of the same name")
        self.assertEqual(self.result(there, "20.0.0.1")[:2], (0, 2))
        ip("link set wan down")
        ip("link set wan name wide")
        self.equal("renamed")
        ip("link set wide name wan")
        ip("link set wan up")
        self.addresses()
        self.equal("renamed back")

    def listed(self):
        return [r for r in self.ask("route", "list") if r.startswith("90.")]

    def test_more_than_the_socket_takes(self):
        many = 30000
        prefixes = [f"90.{i >> 8}.{i & 255}.0/24" for i in range(many)]
        run("ip", "-batch", "-", text="".join(
            f"route add {p} via 10.2.0.2 dev wan\n" for p in prefixes))
        self.count(many)
        run("ip", "-batch", "-", text="".join(
            f"route del {p}\n" for p in prefixes[:many // 2]))
        self.count(many - many // 2)
        ip("route flush root 90.0.0.0/8")
        self.count(0)
        self.equal("after many routes")

    def count(self, wanted):
        end = time.monotonic() + 60
        while len(self.listed()) != wanted and time.monotonic() < end:
            time.sleep(0.2)
        self.assertEqual(len(self.listed()), wanted)


if __name__ == "__main__":
    need_bpftool()
    own_namespaces("-n", *OWN_MOUNTS)
    main("route")
