#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""bpf_redirect_neigh(), bpf_redirect_peer() and bpf_clone_redirect() over real
ports: the same object, the same addresses, routes and neighbours on veths of the
kernel's and on Weir's taps; what comes out where is the same, byte by byte."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

import capture
from weir import Case, main, need_bpftool, need_taps, own_namespaces

NS = f"weir-redirect-{os.getpid()}"
PORTS = range(3)
MACS = [f"02:00:00:00:00:1{i}" for i in PORTS]
NOTHING, NEIGH, NEXT, NEXT6, PEER, CLONE, CLONES, CLONE_IN, SHORT = range(9)
MAGIC = b"weir"

ADDRESSES = [f"10.0.{i}.1/24 dev p{i}" for i in PORTS] + \
    ["fd00::1/64 dev p0", "fd00:0:0:1::1/64 dev p1",
     "fd00:0:0:2::1/64 dev p2"]
ROUTES = [
    "20.0.0.0/8 via 10.0.1.9 dev p1", "20.2.0.0/16 via 10.0.2.9 dev p2",
    "20.3.0.0/16 dev p2", "blackhole 30.0.0.0/8",
    "fd20::/16 via fd00:0:0:1::9 dev p1", "fd21::/16 dev p2",
    "blackhole fd30::/16",
]
NEIGHBOURS = [
    "10.0.1.9 lladdr 02:00:00:00:01:09 dev p1",
    "10.0.2.9 lladdr 02:00:00:00:02:09 dev p2",
    "10.0.1.77 lladdr 02:00:00:00:01:77 dev p1",
    "10.0.2.50 lladdr 02:00:00:00:02:50 dev p2",
    "20.3.0.1 lladdr 02:00:00:00:20:31 dev p2",
    "20.2.0.1 lladdr 02:00:00:00:20:21 dev p1",
    "30.0.0.1 lladdr 02:00:00:00:30:01 dev p2",
    "fd00:0:0:1::9 lladdr 02:00:00:00:06:19 dev p1",
    "fd00:0:0:2::77 lladdr 02:00:00:00:06:27 dev p2",
    "fd21::1 lladdr 02:00:00:00:06:21 dev p2",
    "fd30::1 lladdr 02:00:00:00:06:30 dev p2",
]


def ipv4(to, source="99.0.0.1"):
    head = bytearray(b"\x45\0\0\x38\0\1\0\0\x40\x11\0\0")
    head += socket.inet_aton(source) + socket.inet_aton(to)
    return b"\x08\0" + bytes(head)


def ipv6(to, source="fd99::1"):
    return b"\x86\xdd\x60\0\0\0\0\x10\x11\x40" + \
        socket.inet_pton(socket.AF_INET6, source) + \
        socket.inet_pton(socket.AF_INET6, to)


def frames():
    """Each has a number of its own; the last bytes say what becomes of it."""
    bodies = [ipv4(to) for to in (
        "10.0.1.9", "10.0.1.8", "10.0.2.50", "20.0.0.1", "20.2.0.1", "20.3.0.1",
        "30.0.0.1", "99.1.1.1", "10.0.1.1", "224.0.0.5", "255.255.255.255")]
    bodies += [ipv4("20.0.0.1", source) for source in (
        "0.0.0.0", "224.0.0.1", "10.0.1.1", "255.255.255.255")]
    bodies += [ipv6(to) for to in (
        "fd00:0:0:1::9", "fd00:0:0:1::8", "fd20::1", "fd21::1", "fd30::1",
        "fd77::1")]
    bodies += [b"\x88\xb5", b"\x81\0\0\x07" + ipv4("20.0.0.1"),
               b"\x81\0\0\x07" + ipv6("fd20::1")]
    orders = [(what, where, 0) for what in (NEIGH, NEXT, NEXT6, PEER, CLONE,
                                            CLONES)
              for where in (0, 1, 2, 3)]
    orders += [(CLONE_IN, where, then) for where in (1, 2)
               for then in (NEIGH, PEER, CLONE)]
    orders.append((SHORT, 1, 0))
    out = []
    for body in bodies:
        for order in orders:
            mac = bytes.fromhex(MACS[0].replace(":", ""))
            out.append((mac + bytes.fromhex("020000000b0b") + body).ljust(
                90, b"\x5a") + MAGIC + len(out).to_bytes(4, "big") +
                bytes([0, *order]))
    for order in orders:  # to many
        out.append((b"\xff" * 6 + bytes.fromhex("020000000b0b") +
                    ipv4("20.0.0.1")).ljust(90, b"\x5a") + MAGIC +
                   len(out).to_bytes(4, "big") + bytes([0, *order]))
    return out


def run(*words):
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


class Wires:
    """The other ends, in the test's own namespace."""

    def __init__(self, names):
        self.socks = []
        for name in names:
            run("ip", "link", "set", name, "addrgenmode", "none")
            run("ip", "link", "set", name, "up")
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
            sock.setsockopt(263, 8, 1)  # PACKET_AUXDATA: tags
            sock.bind((name, 3))
            sock.setblocking(False)
            self.socks.append(sock)

    def close(self):
        for sock in self.socks:
            sock.close()

    def exchange(self, sent, settled):
        """What came out of each, in order of the frames' numbers."""
        got = [[] for _ in self.socks]
        for at in range(0, len(sent), 16):
            for data in sent[at:at + 16]:
                self.socks[0].send(data)
            time.sleep(0.002)
            self.receive(got)
        for _ in range(200):
            before = sum(map(len, got))
            time.sleep(0.05)
            self.receive(got)
            if settled() and sum(map(len, got)) == before:
                break
        return [sorted(g, key=lambda d: (d[d.rfind(MAGIC):], d)) for g in got]

    def receive(self, got):
        for sock, frames_got in zip(self.socks, got):
            while True:
                try:
                    data, extra, _, address = sock.recvmsg(4096, 256)
                except BlockingIOError:
                    break
                if address[2] != socket.PACKET_OUTGOING and MAGIC in data:
                    frames_got.append(untold(data, extra))


def untold(data, extra):
    """With the tag that the kernel tells of beside the frame."""
    for level, kind, aux in extra:
        if (level, kind) == (263, 8) and len(aux) >= 20:
            status = int.from_bytes(aux[:4], "little")
            if status & 0x10:  # TP_STATUS_VLAN_VALID
                tpid = int.from_bytes(aux[18:20], "little")
                tci = int.from_bytes(aux[16:18], "little")
                return data[:12] + tpid.to_bytes(2, "big") + \
                    tci.to_bytes(2, "big") + data[12:]
    return data


class Redirects(Case):
    ports = ()

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="weir-vs-redirect-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        config = os.path.join(cls.dir, "weir.json")
        with open(config, "w", encoding="ascii") as file:
            json.dump({  # YAML, too
                "ports": [{"name": f"p{i}", "spec": f"tap:weirvr{i}",
                           "mac": MACS[i], "forward": "drop"} for i in PORTS],
                "addresses": ADDRESSES, "routes": ROUTES,
                "neighbours": NEIGHBOURS}, file)
        cls.args = ("-c", config)
        super().setUpClass()
        cls.object = capture.compile_bpf("skb_redirect",
                                         os.path.join(cls.dir, "object.o"))
        cls.pins = os.path.join(cls.dir, "bpf")
        os.mkdir(cls.pins)
        run("mount", "-t", "bpf", "bpf", cls.pins)
        cls.addClassCleanup(run, "umount", cls.pins)

    def set_up_kernel(self):
        """Devices in NS, their other ends here."""
        run("ip", "netns", "add", NS)
        self.addCleanup(run, "ip", "netns", "delete", NS)
        run("bpftool", "prog", "loadall", self.object, self.pins + "/progs",
            "pinmaps", self.pins + "/maps")
        for i in PORTS:
            run("ip", "link", "add", f"weirw{i}", "type", "veth", "peer", "name",
                f"p{i}", "address", MACS[i], "netns", NS)
            index = json.loads(self.inside("ip", "-j", "link", "show",
                                           f"p{i}"))[0]["ifindex"]
            run("bpftool", "map", "update", "pinned", self.pins + "/maps/ports",
                "key", str(i), "0", "0", "0", "value", str(index), "0", "0", "0")
            self.inside("ip", "link", "set", f"p{i}", "addrgenmode", "none")
            self.inside("ip", "link", "set", f"p{i}", "up")
            self.inside("tc", "qdisc", "add", "dev", f"p{i}", "clsact")
            for hook, prog in (("ingress", "follow_order"), ("egress", "leave")):
                self.inside("tc", "filter", "add", "dev", f"p{i}", hook, "bpf",
                            "direct-action", "object-pinned",
                            f"{self.pins}/progs/{prog}")
        for noun, lines, more in (("addr", ADDRESSES, ()),
                                  ("route", ROUTES, ()),
                                  ("neigh", NEIGHBOURS, ("nud", "permanent"))):
            for line in lines:
                nodad = ("nodad",) if noun == "addr" and ":" in line else ()
                self.inside("ip", noun, "add", *line.split(), *more, *nodad)

    @staticmethod
    def inside(*words):
        """`ip netns exec` would hide the pins."""
        return run("nsenter", f"--net=/run/netns/{NS}", *words)

    def kernel(self, sent):
        self.set_up_kernel()
        wires = Wires([f"weirw{i}" for i in PORTS])
        self.addCleanup(wires.close)
        time.sleep(0.1)
        return wires.exchange(sent, lambda: True)

    def weir(self, sent):
        got = self.ask("prog", "load", self.object)
        progs = {p["name"]: str(p["id"]) for p in got["programs"]}
        ports, = (str(m["id"]) for m in got["maps"] if m["name"] == "ports")
        for i in PORTS:
            self.ask("map", "update", ports, "key", str(i), "0", "0", "0",
                     "value", str(i + 1), "0", "0", "0")
            self.ask("prog", "attach", progs["follow_order"], f"p{i}",
                     "tc-ingress")
            self.ask("prog", "attach", progs["leave"], f"p{i}", "tc-egress")
        wires = Wires([f"weirvr{i}" for i in PORTS])
        self.addCleanup(wires.close)

        def settled():
            return self.total()["rx_packets"] >= len(sent) and \
                self.accounted()
        return wires.exchange(sent, settled)

    def total(self):
        return self.ask("stats")["total"]

    def accounted(self):
        t = self.total()
        return t["rx_packets"] + t.get("copies", 0) == \
            t["tx_packets"] + sum(t["drops"].values())

    def test_what_comes_out_is_the_same(self):
        sent = frames()
        mine = self.weir(sent)
        linux = self.kernel(sent)
        self.assertGreater(min(map(len, linux)), 100)
        for port in PORTS:
            with self.subTest(port=port):
                differ = set(mine[port]) ^ set(linux[port])
                for data in sorted(differ)[:10]:
                    print("weir " if data in mine[port] else "linux", port,
                          data[:50].hex(), data[-12:].hex(" "))
                self.assertEqual(mine[port], linux[port])
        total = self.total()
        self.assertTrue(self.accounted(), total)
        self.assertGreater(total["copies"], 100)
        for reason in ("no_neighbour", "no_route", "redirect_failed"):
            self.assertIn(reason, total["drops"])

    def test_words_are_listed_and_deleted(self):
        routes = self.ask("route", "list")
        for line in ROUTES:
            want = line.replace("fd20::/16", "fd20::/16 metric 1024").replace(
                "fd21::/16", "fd21::/16 metric 1024").replace(
                "fd30::/16", "fd30::/16 metric 1024")
            self.assertIn(want, routes)
        self.assertCountEqual(self.ask("neigh", "list"), NEIGHBOURS)
        self.assertCountEqual(self.ask("address", "list"), ADDRESSES)
        self.assertEqual(len(self.ask("rule", "list")), 5)
        self.ask("route", "add", "77.0.0.0/8", "dev", "p1")
        code, _, err = self.daemon.weir("route", "add", "77.0.0.0/8", "dev",
                                        "p1")
        self.assertNotEqual(code, 0)
        self.assertIn("there is such a route already", err)
        self.ask("route", "replace", "77.0.0.0/8", "dev", "p2")
        self.assertIn("77.0.0.0/8 dev p2", self.ask("route", "list"))
        self.ask("route", "del", "77.0.0.0/8")
        self.assertNotIn("77.0.0.0/8 dev p2", self.ask("route", "list"))
        code, _, err = self.daemon.weir("route", "add", "77.0.0.0/8", "dev",
                                        "p9")
        self.assertNotEqual(code, 0)
        self.assertIn("no port is called 'p9'", err)


if __name__ == "__main__":
    need_taps()
    need_bpftool()
    own_namespaces("-n", "-m", "--propagation", "private")
    main("route")
