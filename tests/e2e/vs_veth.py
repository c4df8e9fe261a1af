#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What programs see of a device is what `weir test` shows them: the same
object on a veth of the kernel's, the same frames, the same maps.

Here are the frames that BPF_PROG_TEST_RUN does not take, and what it shows
otherwise than a device does: tags, lengths, who a frame is for.
"""
import ctypes
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from weir import OWN_MOUNTS, WEIR, own_namespaces, skip
from weir_test import Case, frame

NS = f"weir-veth-{os.getpid()}"
CLONE_NEWNET = 0x40000000
MAC = "02:00:00:00:00:0b"  # the destination of frame()

# Every frame ends with its number.  What a program sees of it goes to `seen`.
HEADERS = """
#include <linux/if_ether.h>
struct seen {
	__u32 len, linear, last, pkt_type, protocol, vlan_present;
	__u32 vlan_tci, vlan_proto, mark, priority, cb, hash, tc_index;
	__u32 tc_classid, gso_segs, gso_size, wire_len, meta;
	__u8 bytes[14];
	__u8 pad[2];
};
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64);
	 __type(key, __u32); __type(value, struct seen); } seen SEC(".maps");
static __always_inline void look(void *data, void *data_end, struct seen *s)
{
	__u32 n = s->last;

	s->linear = data_end - data;
	if (data + 14 <= data_end)
		__builtin_memcpy(s->bytes, data, 14);
	bpf_map_update_elem(&seen, &n, s, 0);
}
"""
XDP = HEADERS + """
SEC("xdp") int at_device(struct xdp_md *ctx)
{
	struct seen s = { .len = ctx->data_end - ctx->data,
			  .meta = ctx->data - ctx->data_meta };
	__u8 last = 0;

	bpf_xdp_load_bytes(ctx, s.len - 1, &last, 1);
	s.last = last;
	look((void *)(long)ctx->data, (void *)(long)ctx->data_end, &s);
	return XDP_DROP;
}
char LICENSE[] SEC("license") = "GPL";
"""
TC = HEADERS + """
SEC("tc") int at_device(struct __sk_buff *skb)
{
	struct seen s = { .len = skb->len };
	__u8 last = 0;

	bpf_skb_load_bytes(skb, s.len - 1, &last, 1);
	s.last = last;
	s.pkt_type = skb->pkt_type;
	s.protocol = skb->protocol;
	s.vlan_present = skb->vlan_present;
	s.vlan_tci = skb->vlan_tci;
	s.vlan_proto = skb->vlan_proto;
	s.mark = skb->mark;
	s.priority = skb->priority;
	s.cb = skb->cb[0];
	s.hash = skb->hash;
	s.tc_index = skb->tc_index;
	s.tc_classid = skb->tc_classid;
	s.gso_segs = skb->gso_segs;
	s.gso_size = skb->gso_size;
	s.wire_len = skb->wire_len;
	look((void *)(long)skb->data, (void *)(long)skb->data_end, &s);
	return 2;
}
SEC("tc") int forward(struct __sk_buff *skb)
{
	return bpf_redirect(77, 0); /* out */
}
char LICENSE[] SEC("license") = "GPL";
"""


def numbered(n, data):
    return data + bytes([n])


def tagged(*tags, proto=0x88b5, size=40):
    data = frame()[:12]
    for tpid, tci in tags:
        data += struct.pack("!HH", tpid, tci)
    return (data + struct.pack("!H", proto)).ljust(size, b"\x5a")


FRAMES = [numbered(n, data) for n, data in enumerate((
    frame(size=14),
    frame(0x0800, 20), frame(0x0800, 32), frame(0x86dd, 40),
    frame(0x0806, 41), frame(size=59), frame(size=60), frame(size=1400),
    b"\xff" * 6 + frame()[6:],
    b"\x01\x00\x5e\x00\x00\x01" + frame()[6:],
    tagged((0x8100, 0x2064)), tagged((0x8100, 0)),
    tagged((0x88a8, 0x1005), (0x8100, 7)),
    tagged((0x8100, 1), (0x8100, 2), proto=0x0800),
    tagged((0x8100, 9), size=19), tagged((0x8100, 9), size=18),
    tagged((0x9100, 9)),
    frame(0x0030), frame(0x0005, 20),
    frame(0x0010, 14) + b"\xff\xff" + bytes(20),
    frame(0x0600), frame(0x05ff),
), 1)]


def run(*words):
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done


class Device(Case):
    def setUp(self):
        super().setUp()
        self.pins = self.path("bpf")
        os.mkdir(self.pins)
        run("mount", "-t", "bpf", "bpf", self.pins)
        self.addCleanup(run, "umount", self.pins)
        run("ip", "netns", "add", NS)
        self.addCleanup(run, "ip", "netns", "delete", NS)
        self.ip("link", "add", "sender", "type", "veth", "peer", "name",
                "device")
        self.ip("link", "set", "device", "address", MAC)
        for name in ("sender", "device"):
            self.ip("link", "set", name, "addrgenmode", "none")
            self.ip("link", "set", name, "up")

    @staticmethod
    def ip(*words):
        return run("ip", "-n", NS, *words)

    def load(self, obj):
        run("bpftool", "prog", "loadall", obj, self.pins + "/progs",
            "pinmaps", self.pins + "/maps")
        return self.pins + "/progs/"

    def inside(self, function, *args):
        """In a child in the namespace that sees our mounts."""
        child = os.fork()
        if child == 0:
            try:
                fd = os.open(f"/run/netns/{NS}", os.O_RDONLY)
                enter_network(fd)
                function(*args)
                os._exit(0)
            except BaseException as error:  # pylint: disable=broad-except
                print(error, getattr(error, "stderr", ""), file=sys.stderr)
                os._exit(1)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]),
                         0)

    @staticmethod
    def send():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind(("sender", 0))
            for data in FRAMES:
                sock.send(data)

    def dump(self):
        done = run("bpftool", "-j", "map", "dump", "pinned",
                   self.pins + "/maps/seen")
        return entries(json.loads(done.stdout))

    def kernel(self, obj, attach):
        progs = self.load(obj)
        self.inside(attach, progs)
        self.inside(self.send)
        seen = {}
        for _ in range(500):
            seen = self.dump()
            if len(FRAMES) in seen:  # they come in order
                break
            time.sleep(0.02)
        return seen

    def weir_test(self, obj, hook):
        path = self.pcap(*enumerate(FRAMES))
        done = subprocess.run([WEIR, "test", obj, "--prog", "at_device", "--hook",
                               hook, "-r", path, "--dump-maps", "-j"], check=True,
                              capture_output=True, text=True)
        return entries(next(m["entries"]
                            for m in json.loads(done.stdout)["maps"]
                            if m["name"] == "seen"))

    def same(self, source, hook, attach):
        obj = self.build(source)
        linux = self.kernel(obj, attach)
        mine = self.weir_test(obj, hook)
        for n, data in enumerate(FRAMES, 1):
            with self.subTest(frame=n, data=data[:24].hex(" ")):
                self.assertEqual(mine.get(n), linux.get(n))
        self.assertEqual(set(mine), set(linux))
        self.assertGreaterEqual(len(linux), len(FRAMES) - 2)

    def test_xdp_of_the_stack(self):
        self.same(XDP, "xdp", lambda progs: run(
            "ip", "link", "set", "device", "xdpgeneric", "pinned",
            progs + "at_device"))

    def test_xdp_of_the_driver(self):
        self.same(XDP, "xdp", lambda progs: run(
            "ip", "link", "set", "device", "xdpdrv", "pinned",
            progs + "at_device"))

    @staticmethod
    def attach_tc(device, direction, prog):
        run("tc", "qdisc", "add", "dev", device, "clsact")
        run("tc", "filter", "add", "dev", device, direction, "bpf",
            "direct-action", "object-pinned", prog)

    def test_tc_ingress(self):
        self.same(TC, "tc-ingress", lambda progs: self.attach_tc(
            "device", "ingress", progs + "at_device"))

    def test_tc_egress(self):
        # of another device, to which everything is forwarded
        self.ip("link", "add", "out", "index", "77", "type", "veth", "peer",
                "name", "receiver")
        for name in ("out", "receiver"):
            self.ip("link", "set", name, "addrgenmode", "none")
            self.ip("link", "set", name, "up")

        def attach(progs):
            self.attach_tc("device", "ingress", progs + "forward")
            self.attach_tc("out", "egress", progs + "at_device")
        self.same(TC, "tc-egress", attach)


def enter_network(fd):
    # Python 3.11 has no os.setns(); `ip netns exec` would hide our mounts.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def entries(dumped):
    return {e["formatted"]["key"]: e["formatted"]["value"] for e in dumped}


def missing():
    if os.geteuid() != 0:
        return "a namespace takes root"
    for tool in ("bpftool", "ip", "tc", "clang-19"):
        if not shutil.which(tool):
            return f"{tool} is missing"
    where = tempfile.mkdtemp()
    done = subprocess.run(["mount", "-t", "bpf", "bpf", where], check=False,
                          capture_output=True, text=True)
    if not done.returncode:
        run("umount", where)
    os.rmdir(where)
    return done.stderr.strip() or None


if __name__ == "__main__":
    why = missing()
    if why:
        skip(why)
    own_namespaces(*OWN_MOUNTS)
    unittest.main(verbosity=2)
