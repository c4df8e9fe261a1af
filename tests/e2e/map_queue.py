#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Entries of an xskmap are queues that a process reads: frames come out in
order and whole, a ring that is full drops, and every packet is counted."""
import array
import json
import mmap
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import capture
from weir import Client, TapCase, WEIR, main, need_taps, own_namespaces

TAP = "weirq0"
PAGE = 4096
HERE = ["key", "0", "0", "0", "0"]


def frame(number, size=60, how=2):
    return (bytes(6) + bytes([how]) + bytes(5) + b"\x88\xb5" +
            struct.pack("=I", number)).ljust(size, b"\x33")


def receive(client, method, **args):
    """The result and the descriptor that came with it."""
    client.ask(method, **args)
    text, fds = b"", array.array("i")
    while not text.endswith(b"\n"):
        data, control, _, _ = client.sock.recvmsg(65536, 1024)
        text += data
        for level, kind, content in control:
            assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
            fds.frombytes(content[:4])
    got = json.loads(text)
    assert len(fds) == ("result" in got), got
    return got, fds[0] if fds else -1


class Queues(TapCase):
    taps = (TAP,)
    ports = [f"t0=tap:{TAP}", "p1=null"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dir = tempfile.mkdtemp(prefix="weir-queue-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        got = cls.ask("prog", "load", capture.compile_bpf(
            "queues", os.path.join(cls.dir, "queues.o")))
        cls.maps = {m["name"]: str(m["id"]) for m in got["maps"]}
        cls.progs = {p["name"]: str(p["id"]) for p in got["programs"]}

    def setUp(self):
        prog = self.progs["with_metadata" if "metadata" in self.id() else
                          "to_socket"]
        self.ask("prog", "attach", prog, "t0", "xdp")
        self.addCleanup(self.ask, "prog", "detach", prog, "t0", "xdp")

    def make(self, path, slots=64, port="t0"):
        self.ask("queue", "create", path, port, "-n", str(slots))
        self.addCleanup(self.ask, "queue", "unpin", path)
        return path

    def use(self, path):
        where = [self.maps["sockets"], *HERE]
        self.ask("map", "update", *where, "value", "pinned", path)
        self.addCleanup(self.daemon.weir, "map", "delete", *where)

    def counts(self):
        return self.ask("port", "stats", "t0")[0]

    def send(self, frames):
        """Sends, and waits until all were counted; what that added."""
        before = self.counts()
        for data in frames:
            self.wire.send(data)
        for _ in range(1000):
            after = self.counts()
            queued = after.get("queued", 0) - before.get("queued", 0)
            drops = {k: v - before["drops"].get(k, 0)
                     for k, v in after["drops"].items()
                     if v > before["drops"].get(k, 0)}
            if queued + sum(drops.values()) == len(frames):
                break
            time.sleep(0.01)
        return queued, drops

    def read(self, path, count):
        out = os.path.join(self.dir, "out.pcap")
        self.ask("queue", "read", path, "-w", out, "-c", str(count))
        return capture.read(out)

    def test_frames_come_out_in_order(self):
        path = self.make("/q/order")
        self.use(path)
        frames = [frame(i, 60 + 31 * i, 2 + 2 * (i & 1)) for i in range(40)]
        before = time.time_ns()
        self.assertEqual(self.send(frames), (40, {}))
        shown = self.ask("queue", "list")
        self.assertEqual(shown, [{"port": "t0", "queue": 0, "slots": 64,
                                  "waiting": 40, "pinned": [path]}])
        got = self.read(path, 40)
        self.assertEqual([data for _, data in got], frames)
        stamps = [ns for ns, _ in got]
        self.assertEqual(stamps, sorted(stamps))
        self.assertTrue(before <= stamps[0] and
                        stamps[-1] <= time.time_ns())
        ids = self.ask("map", "dump", "name", "queues.bss")
        self.assertEqual(ids[0]["value"][:4], ["0x64", "0x00", "0x00", "0x00"])

    def test_the_reader_follows_what_comes(self):
        path = self.make("/q/follow")
        self.use(path)
        out = os.path.join(self.dir, "live.pcap")
        with subprocess.Popen([WEIR, "-s", self.daemon.sock, "queue", "read",
                               path, "-w", out]) as reader:
            self.addCleanup(reader.kill)
            sent = 0
            while sent < 300:  # more than there are slots
                sent += self.send([frame(sent + i) for i in range(20)])[0]
            while not os.path.exists(out) or \
                    len(capture.read(out)) < sent:
                time.sleep(0.02)
            status, _, err = self.daemon.weir("queue", "read", path, "-w",
                                              out + "2")
            self.assertEqual(status, 1)
            self.assertIn("another process reads", err)
            reader.terminate()
            self.assertEqual(reader.wait(), 0)
        numbers = [struct.unpack_from("=I", data, 14)[0]
                   for _, data in capture.read(out)]
        self.assertEqual(numbers, list(range(sent)))

    def test_a_full_ring_drops(self):
        path = self.make("/q/full", 8)
        self.use(path)
        self.assertEqual(self.send([frame(i) for i in range(10)]),
                         (8, {"queue_full": 2}))
        self.assertEqual([data for _, data in self.read(path, 8)],
                         [frame(i) for i in range(8)])
        self.assertEqual(self.send([frame(10)]), (1, {}))

    def test_nobody_there(self):
        self.assertEqual(self.send([frame(1)]), (0, {"xdp_drop": 1}))
        self.assertEqual(self.send([frame(1, how=4)]), (0, {"xdp_aborted": 1}))

    def test_a_queue_of_another_port_takes_nothing(self):
        self.use(self.make("/q/foreign", port="p1"))
        self.assertEqual(self.send([frame(1)]), (0, {"queue_foreign": 1}))

    def test_a_deleted_entry_is_gone_and_the_queue_stays(self):
        path = self.make("/q/gone")
        self.use(path)
        self.assertEqual(self.send([frame(1)]), (1, {}))
        self.ask("map", "delete", self.maps["sockets"], *HERE)
        self.assertEqual(self.send([frame(2)]), (0, {"xdp_drop": 1}))
        self.assertEqual(len(self.read(path, 1)), 1)

    def test_metadata_comes_along(self):
        path = self.make("/q/meta")
        self.use(path)
        self.assertEqual(self.send([frame(1)]), (1, {}))
        with self.client() as c:
            got, fd = receive(c, "queue.open", queue=path)
            with mmap.mmap(fd, 65 * PAGE) as memory:
                self.assertEqual(got["result"]["waiting"], 1)
                _, meta, size = struct.unpack_from("=QII", memory, PAGE)
                self.assertEqual((meta, size), (4, 60))
                self.assertEqual(memory[PAGE + 16:PAGE + 80],
                                 bytes.fromhex("44332211") + frame(1))
            with self.assertRaises(OSError):
                os.ftruncate(fd, 0)
            os.close(fd)

    def test_what_a_reader_writes_hurts_nobody(self):
        path = self.make("/q/hostile", 8)
        self.use(path)
        with self.client() as c:
            _, fd = receive(c, "queue.open", queue=path)
            with mmap.mmap(fd, 9 * PAGE) as memory:
                memory[:] = b"\xff" * len(memory)
                queued, drops = self.send([frame(i) for i in range(20)])
                self.assertEqual(queued + drops.get("queue_full", 0) +
                                 drops.get("queue_foreign", 0), 20)
            os.close(fd)

    def test_what_cannot_be_is_said(self):
        with self.client() as c:
            for args in ({"port": "t0", "queue": 99}, {"port": "t0",
                                                       "slots": 0},
                         {"port": "t0", "slots": 1 << 20}):
                self.refused("EINVAL", c, "queue.create", path="/q/no", **args)
            self.refused("ENOENT", c, "queue.create", path="/q/no", port="x")
            self.refused("ENOENT", c, "queue.open", queue="/q/none")
            self.refused("EINVAL", c, "map.update",
                         map=int(self.maps["sockets"]), key_hex="00000000",
                         value_hex="00000000")
            self.refused("ENOENT", c, "map.update",
                         map=int(self.maps["sockets"]), key_hex="00000000",
                         queue="/q/none")
            path = self.make("/q/some")
            where = {"map": int(self.maps["sockets"]), "queue": path}
            self.refused("E2BIG", c, "map.update", key_hex="04000000", **where)
            self.refused("ENOENT", c, "map.update", key_hex="00000000",
                         flags="exist", **where)
            self.use(path)
            c.call("map.update", key_hex="00000000", flags="noexist", **where)
            where["queue"] = self.make("/q/other")
            self.refused("EEXIST", c, "map.update", key_hex="00000000",
                         flags="noexist", **where)
            self.refused("EOPNOTSUPP", c, "map.lookup", map=where["map"],
                         key_hex="00000000")

    # ---- memory of maps ----

    def create(self, name, kind, key, value, entries, flags=0):
        with Client(self.daemon.sock) as c:
            c.call("map.create", path=f"/m/{name}", name=name, type=kind,
                   key_size=key, value_size=value, max_entries=entries,
                   flags=flags)
        self.addCleanup(self.ask, "map", "unpin", f"/m/{name}")
        return {"pinned": f"/m/{name}"}

    def test_an_array_is_mapped(self):
        where = self.create("arr", "array", 4, 8, 600, 1024)
        with self.client() as c:
            got, fd = receive(c, "map.memory", map=where, write=True)
            self.assertEqual(got["result"], {"size": 2 * PAGE})
            with mmap.mmap(fd, 2 * PAGE) as memory:
                struct.pack_into("=Q", memory, 8 * 599, 77)
                self.assertEqual(c.call("map.lookup", map=where,
                                        key=599)["value"][0], "0x4d")
                c.call("map.update", map=where, key=1, value=5)
                self.assertEqual(struct.unpack_from("=Q", memory, 8)[0], 5)
            os.close(fd)
            _, fd = receive(c, "map.memory", map=where)
            with self.assertRaises(PermissionError):
                mmap.mmap(fd, PAGE)
            with mmap.mmap(fd, PAGE, prot=mmap.PROT_READ) as memory:
                self.assertEqual(struct.unpack_from("=Q", memory, 8)[0], 5)
            os.close(fd)

    def test_who_maps_a_map_to_write_keeps_it_from_being_frozen(self):
        where = self.create("live", "array", 4, 8, 1, 1024)
        with self.client() as c:
            with self.client() as reader:
                _, fd = receive(reader, "map.memory", map=where)
                os.close(fd)
                with self.client() as writer:
                    _, fd = receive(writer, "map.memory", map=where,
                                    write=True)
                    os.close(fd)
                    self.refused("EBUSY", c, "map.freeze", map=where)
            for _ in range(200):  # it has to be noticed that they went
                c.ask("map.freeze", map=where)
                if "result" in c.reply():
                    break
                time.sleep(0.01)
            self.assertEqual(c.call("map.show", map=where)["frozen"], 1)
            self.refused("EPERM", c, "map.memory", map=where, write=True)
            _, fd = receive(c, "map.memory", map=where)
            os.close(fd)

    def test_what_has_no_memory_to_map_says_so(self):
        with self.client() as c:
            for kind, flags in (("array", 0), ("hash", 0)):
                where = self.create(f"no_{kind}", kind, 4, 8, 1, flags)
                self.refused("EOPNOTSUPP", c, "map.memory", map=where)
            where = self.create("rdonly", "array", 4, 8, 1, 1024 | 128)
            self.refused("EACCES", c, "map.memory", map=where, write=True)
            ring = self.create("ring", "ringbuf", 0, 0, PAGE)
            got, fd = receive(c, "map.memory", map=ring)
            self.assertEqual(got["result"]["size"], 3 * PAGE)
            os.close(fd)

    def test_descriptors_come_in_their_order(self):
        """Behind answers that nobody has read yet."""
        where = self.create("order", "array", 4, 8, 1, 1024)
        c = self.client()
        for i in range(2000):
            c.send(b'{"id":%d,"method":"version"}\n' % i)
        c.last = 4999
        got, fd = b"", -1
        c.ask("map.memory", map=where)
        c.send(b'{"id":5001,"method":"map.list"}\n')
        while b'"id":5001' not in got or not got.endswith(b"\n"):
            data, control, _, _ = c.sock.recvmsg(16384, 1024)
            if control:  # with the answer, or in front of it
                self.assertIn(b'{"id":5000,', got + data)
                self.assertNotIn(b'"id":5001', got + data)
                fd = array.array("i", control[0][2][:4])[0]
            got += data
        self.assertEqual(os.fstat(fd).st_size, PAGE)
        os.close(fd)
        ids = [json.loads(line)["id"] for line in got.splitlines()]
        self.assertEqual(ids, [*range(2000), 5000, 5001])


if __name__ == "__main__":
    need_taps()
    own_namespaces("-n")
    main("queue")
