# SPDX-License-Identifier: BSD-3-Clause
"""The same maps with the same entries in the kernel and in a daemon: an object
with maps `raw` (without types) and `typed`, loaded into both."""
import base64
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

import kernel_map
import runner

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "e2e"))

CHUNK = 50000
KEY_BYTES = VALUE_BYTES = 16


def add_options(parser):
    parser.add_argument("--build", default="build")
    parser.add_argument("--entries", type=int, default=1000000)


def make(entries):
    """Keys and values of so many flows, the same ones every time."""
    pick = random.Random(1)
    keys, values = bytearray(), bytearray()
    for number in range(entries):
        keys += struct.pack("<IIHHI", pick.getrandbits(32), number,
                            pick.getrandbits(16), pick.getrandbits(16), 6)
        values += struct.pack("<QQ", pick.getrandbits(20),
                              pick.getrandbits(32))
    return bytes(keys), bytes(values)


def chunks(keys, values, size):
    """In pieces of so many entries."""
    entries = len(keys) // KEY_BYTES
    for first in range(0, entries, size):
        count = min(size, entries - first)
        yield (keys[first * KEY_BYTES:(first + count) * KEY_BYTES],
               values[first * VALUE_BYTES:(first + count) * VALUE_BYTES],
               count)


def text(data):
    return base64.b64encode(data).decode()


class Pair:
    """Both, empty.  The daemon polls null ports at full speed, so it is frozen
    while the kernel is measured."""

    def __init__(self, build, objects="tests/bench/batch_map.bpf.o"):
        os.environ["WEIR_BUILD"] = build
        from weir import Client, Daemon  # reads the environment
        if os.geteuid() != 0:
            raise runner.Failed("the kernel's side needs root")
        path = os.path.abspath(os.path.join(build, objects))
        self.weir = os.path.join(build, "weir")
        self.bpffs = tempfile.mkdtemp(prefix="weir-bench-")
        self.daemon = None
        subprocess.run(["mount", "-t", "bpf", "bpf", self.bpffs], check=True)
        try:
            subprocess.run(["bpftool", "prog", "load", path, self.pin("prog"),
                            "pinmaps", self.bpffs], check=True)
            self.daemon = Daemon(ports=("p0=null",))
            self.client = Client(self.daemon.sock, timeout=300)
            self.client.call("prog.load", path=path)
        except BaseException:
            self.remove()
            raise

    def pin(self, name):
        return os.path.join(self.bpffs, name)

    def kernel_fd(self, name):
        shown = subprocess.run(["bpftool", "-j", "map", "show", "pinned",
                                self.pin(name)], check=True,
                               capture_output=True)
        return kernel_map.by_id(json.loads(shown.stdout)["id"])

    def fill(self, name, entries):
        keys, values = make(entries)
        fd = self.kernel_fd(name)
        for k, v, count in chunks(keys, values, CHUNK):
            kernel_map.update_batch(fd, k, v, count)
            self.client.call("map.update_batch", map=name, keys=text(k),
                             values=text(v))
        os.close(fd)

    def remove(self):
        if self.daemon:
            self.daemon.remove()
        subprocess.run(["umount", self.bpffs], check=True)
        os.rmdir(self.bpffs)
