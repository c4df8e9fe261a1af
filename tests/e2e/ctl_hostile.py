#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Clients that misbehave change nothing for the daemon or for others."""
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from weir import WEIR, Case, Client, b64, main, make_map

MAX_REQUEST = 8 << 20


class Hostile(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with Client(cls.daemon.sock) as c:
            make_map(c, "small", entries=100)
            make_map(c, "big", entries=300000)
            for start in range(0, 300000, 50000):
                keys = struct.pack("<50000I", *range(start, start + 50000))
                c.call("map.update_batch", map="big", keys=b64(keys),
                       values=b64(bytes(50000 * 8)))

    def one(self, line):
        """The one line that answers one line."""
        c = self.client()
        c.send(line + b"\n")
        return c.line()

    def bad(self, line, code):
        got = self.one(line)
        self.assertEqual(got["error"]["code"], code, got)
        return got

    def test_garbage_is_an_error_and_the_connection_goes_on(self):
        c = self.client()
        for line in (b"hello", b"", b"{", b"[1,2", b"\x00\x01\xff\xfe",
                     b"\xff" * 1000, b'{"id":1}}', b"null", b"[]", b"3",
                     b'"x"', b'{"id":1,"id":2,"method":"version"}'):
            c.send(line + b"\n")
            self.assertEqual(c.line()["error"]["code"], "EBADMSG", line)
        c.send(b'{"id":"a","method":"version"}\n')
        self.assertEqual(c.line()["id"], "a")

    def test_requests_with_wrong_members_are_refused(self):
        self.bad(b"{}", "EINVAL")
        self.bad(b'{"id":1.5,"method":"version"}', "EINVAL")
        self.bad(b'{"id":[1],"method":"version"}', "EINVAL")
        self.bad(b'{"id":1,"method":7}', "EINVAL")
        self.bad(b'{"id":1,"method":"version","arg":{}}', "EINVAL")
        self.bad(b'{"id":1,"method":"version","args":[]}', "EINVAL")
        self.bad(b'{"id":1,"method":"version","args":{"x":1}}', "EINVAL")
        self.bad(b'{"id":1,"method":"map.shoe"}', "EOPNOTSUPP")

    def test_arguments_of_wrong_types_are_refused(self):
        c = self.client()
        for ref in (None, True, 1.5, -1, 0, 1 << 40, "", [], {}, {"id": "x"},
                    {"id": 0}, {"name": 3}, {"id": 1, "name": "small"},
                    {"pinned": 5}, {"other": 1}):
            self.refused("EINVAL", c, "map.show", map=ref)
        for key in (None, True, {}, [], [1, 2, 3], [1, 2, 3, 256],
                    [1, 2, 3, "x"], [[1], 2, 3, 4], "0a000001", 1.5):
            self.refused("EINVAL", c, "map.lookup", map="small", key=key)
        for key in (3, "0a", "0a00000", "0a00000g", "0a0000010", ""):
            self.refused("EINVAL", c, "map.lookup", map="small", key_hex=key)
        self.refused("ERANGE", c, "map.lookup", map="small", key=1 << 32)
        self.refused("EINVAL", c, "map.lookup", map="small", key=1,
                     key_hex="00000001")
        for flags in ("often", -1, 1.5, [], 1 << 40):
            self.refused("EINVAL", c, "map.update", map="small", key=1,
                         value=1, flags=flags)
        for packed in (7, "a", "AAA", "AA=A", "====", "AAAAA", "\u00e9AAA"):
            self.refused("EINVAL", c, "map.update_batch", map="small",
                         keys=packed, values="")

    def test_deep_nesting_is_an_error(self):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            for depth in (100, 3000, 1000000):
                line = opening * depth + b"1" + closing * depth
                self.bad(b'{"id":1,"method":"map.show","args":{"map":' +
                         line + b"}}", "EBADMSG" if depth > 2048 else "EINVAL")

    def test_every_line_is_answered_whatever_is_in_it(self):
        """Requests with some bytes changed, removed or repeated."""
        rnd = random.Random(7)
        seeds = [
            b'{"id":1,"method":"map.list"}',
            b'{"id":1,"method":"map.lookup","args":{"map":{"name":"small"},'
            b'"key":[1,2,3,4],"format":"typed"}}',
            b'{"id":"x","method":"map.update","args":{"map":1,"key_hex":'
            b'"00000001","value":["0x01",2,3,4,5,6,7,8],"flags":"exist"}}',
            b'{"id":1,"method":"map.update_batch","args":{"map":"small",'
            b'"keys":"AAAAAAEAAAA=","values":"AAAAAAAAAAAAAAAAAAAAAA=="}}',
            b'{"id":1,"method":"map.lookup_batch","args":{"map":"small",'
            b'"keys":"AAAAAAEAAAA="}}',
            b'{"id":1,"method":"map.next_key","args":{"map":"small"}}',
            b'{"id":1,"method":"prog.attach","args":{"prog":1,"port":"p0",'
            b'"hook":"xdp","priority":3,"chain_actions":["XDP_PASS"]}}',
            b'{"id":1,"method":"prog.load","args":{"path":"/x","only":"y",'
            b'"overrides":["a.max_entries=3"]}}',
            b'{"id":1,"method":"prog.detach","args":{"attachment":9}}',
            b'{"id":1,"method":"port.stats","args":{"port":1}}',
            b'{"id":1,"method":"stats"}',
        ]
        c = self.client()
        for _ in range(5000):
            line = bytearray(rnd.choice(seeds))
            for _ in range(rnd.randint(0, 3)):
                at = rnd.randrange(len(line))
                cut = slice(at, at + rnd.randint(0, 6))
                line[cut] = rnd.choice([b"", bytes(line[cut]) * 2,
                                        bytes([rnd.randrange(256)]), b'"',
                                        b"-1", b"1e99", b"[", b"}", b"null",
                                        b"99999999999999999999"])
            line = line.replace(b"\n", b" ") or b" "
            c.send(line + b"\n")
            got = c.line()
            self.assertEqual(len({"result", "error"} & set(got)), 1,
                             (line, got))

    def test_a_half_line_is_no_request(self):
        c = self.client()
        c.send(b'{"id":1,"method":"map.delete"')
        c.sock.shutdown(socket.SHUT_WR)
        self.assertIsNone(c.line())

    def test_a_line_may_come_byte_by_byte(self):
        c = self.client()
        for byte in b'{"id":1,"method":"map.show","args":{"map":"small"}}\n':
            c.send(bytes([byte]))
        self.assertEqual(c.line()["result"]["name"], "small")

    def test_what_was_asked_before_the_end_is_answered(self):
        c = self.client()
        c.send(b'{"id":1,"method":"version"}\n{"id":2,"method":"map.dump",'
               b'"args":{"map":"big","format":"packed"}}\n')
        c.sock.shutdown(socket.SHUT_WR)
        self.assertEqual(c.line()["id"], 1)
        parts = []
        self.assertEqual(c.reply(parts)["result"]["count"], 300000)
        self.assertIsNone(c.line())

    def test_a_line_longer_than_the_limit_ends_the_connection(self):
        c = self.client()
        answers = []
        reader = threading.Thread(target=lambda: answers.append(c.line()))
        reader.start()
        try:
            for _ in range(MAX_REQUEST // (1 << 20) + 2):
                c.send(b"x" * (1 << 20))
        except OSError:
            pass
        reader.join(20)
        self.assertEqual(answers[0]["error"]["code"], "E2BIG")

    def test_a_thousand_requests_at_once_are_answered_in_order(self):
        c = self.client()
        c.send(b"".join(b'{"id":%d,"method":"map.show","args":{"map":"small"}}'
                        b"\n" % i for i in range(1000)))
        for i in range(1000):
            self.assertEqual(c.line()["id"], i)

    def rss(self):
        with open(f"/proc/{self.daemon.process.pid}/statm",
                  encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def test_who_does_not_read_waits_alone(self):
        before = self.rss()
        c = self.client(timeout=1)
        line = b'{"id":1,"method":"map.dump","args":{"map":"big"}}\n'
        with self.assertRaises(OSError):
            while True:
                c.send(line * 100)
        other = self.client(timeout=2)
        for _ in range(100):
            self.assertEqual(other.call("map.show", map="small")["name"],
                             "small")
            time.sleep(0.01)
        self.assertLess(self.rss() - before, 32 << 20)

    def test_dumps_do_not_hold_up_others(self):
        dumps = [subprocess.Popen([WEIR, "-s", self.daemon.sock, "map",
                                   "dump", "big", "-j"],
                                  stdout=subprocess.DEVNULL)
                 for _ in range(4)]
        other = self.client()
        worst, asked = 0, 0
        while any(d.poll() is None for d in dumps):
            began = time.monotonic()
            other.call("map.show", map="small")
            worst = max(worst, time.monotonic() - began)
            asked += 1
        self.assertEqual([d.returncode for d in dumps], [0] * 4)
        self.assertGreater(asked, 3)
        self.assertLess(worst, 0.5)

    def test_clients_killed_in_mid_request_change_nothing(self):
        script = ("import socket,sys,time\n"
                  "s=socket.socket(socket.AF_UNIX)\n"
                  "s.connect(sys.argv[1])\n"
                  "s.sendall(sys.argv[2].encode())\n"
                  "print('sent',flush=True)\n"
                  "time.sleep(60)\n")
        request = json.dumps({"id": 1, "method": "map.dump",
                              "args": {"map": "big"}})
        for text in (request[:20], request + "\n", (request + "\n") * 50,
                     '{"id":1,"method":"trace.subscribe"}\n',
                     "x" * 100000):
            with subprocess.Popen([sys.executable, "-c", script,
                                   self.daemon.sock, text],
                                  stdout=subprocess.PIPE) as p:
                p.stdout.readline()
                p.send_signal(signal.SIGKILL)
        c = self.client()
        self.assertEqual(c.call("map.show", map="big")["entries"], 300000)

    def test_more_clients_than_allowed_are_told_so(self):
        clients = []
        try:
            for _ in range(70):
                clients.append(Client(self.daemon.sock))
            clients[0].call("version")
            got = clients[-1].line()
            self.assertEqual(got["error"]["code"], "EUSERS")
            self.assertIsNone(clients[-1].line())
        finally:
            for c in clients:
                c.close()
        for _ in range(100):
            with Client(self.daemon.sock) as c:
                c.ask("version")
                got = c.reply()
            if "result" in got:
                return
            time.sleep(0.05)
        self.fail("no place came free")

    def test_connections_that_come_and_go_leave_nothing(self):
        before = len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))
        for _ in range(500):
            Client(self.daemon.sock).close()
        time.sleep(0.2)
        after = len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))
        self.assertLessEqual(after, before + 1)


if __name__ == "__main__":
    main("run")
