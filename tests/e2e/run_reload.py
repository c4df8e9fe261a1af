#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The configuration read again: what changed takes effect between two bursts,
as a whole; what cannot be taken over changes nothing."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import capture
from weir import BUILD, WEIR, Client, Daemon, main


def obj(name):
    return os.path.join(BUILD, "progs", name + ".bpf.o")


class Reload(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="weir-reload-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.daemon = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def build(self, generation, entries=4):
        """generation.o, put in place of the one before at once."""
        built = self.path(f"built-{generation}-{entries}.o")
        if not os.path.exists(built):
            capture.compile_bpf("generation", built,
                                f"-DGENERATION={generation}",
                                f"-DENTRIES={entries}")
        shutil.copy(built, self.path("new.o"))
        os.rename(self.path("new.o"), self.path("generation.o"))

    def configure(self, text):
        with open(self.path("weir.yaml"), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, *args):
        self.daemon = Daemon("-c", self.path("weir.yaml"), *args, ports=())
        self.addCleanup(self.daemon.remove)
        self.client = Client(self.daemon.sock)
        self.addCleanup(self.client.close)

    def reload(self, status=0):
        """What the command says; a client gets the same."""
        code, out, err = self.daemon.weir("reload")
        self.assertEqual(code, status, err)
        self.assertEqual(out, "")
        return err

    def state(self):
        c = self.client
        return json.dumps([c.call("port.list"),
                           [(p["id"], p["name"], p["attached"])
                            for p in c.call("prog.list")],
                           [(m["id"], m["name"], m.get("pinned"))
                            for m in c.call("map.list")]])

    def hooks(self, port):
        for p in self.client.call("port.list"):
            if p["name"] == port:
                return p["hooks"]
        return None

    def until(self, condition):
        for _ in range(400):
            if condition():
                return
            time.sleep(0.02)
        self.fail("it does not happen")

    NULLS = "ports:\n  - {name: p0, spec: 'null'}\n" \
            "  - {name: p1, spec: 'null'%s}\n"

    def nulls(self, programs="", forward=""):
        text = self.NULLS % (", forward: " + forward if forward else "")
        self.configure(text + (f"programs:\n{programs}" if programs else ""))

    @staticmethod
    def program(port, hook, path, extra=""):
        return f"  - {{port: {port}, hook: {hook}, object: {path}{extra}}}\n"

    def test_what_did_not_change_stays(self):
        self.nulls(self.program("p0", "xdp", obj("acl")))
        self.start()
        before = self.state()
        self.reload()
        self.assertEqual(self.state(), before)

    def test_programs_come_and_go(self):
        acl = self.program("p0", "xdp", obj("acl"))
        self.nulls(acl)
        self.start()
        first = self.hooks("p0")["xdp"][0]
        self.nulls(self.program("p0", "xdp", obj("pass"),
                                ", program: xdp_pass, priority: 10") + acl +
                   self.program("p1", "tc-egress", obj("pass"),
                                ", program: tc_pass, style: tcx"))
        self.reload()
        hooks = self.hooks("p0")["xdp"]
        self.assertEqual([a["name"] for a in hooks], ["xdp_pass", "xdp_acl"])
        self.assertEqual(hooks[1], first)
        self.assertEqual(self.hooks("p1")["tc-egress"][0]["style"], "tcx")
        self.nulls(acl)
        self.reload()
        self.assertEqual(self.hooks("p0")["xdp"], [first])
        self.assertEqual(self.hooks("p1")["tc-egress"], [])
        self.until(lambda: len(self.client.call("prog.list")) == 1)

    def test_forwarding_changes(self):
        self.nulls()
        self.start()
        self.nulls(forward="drop")
        self.reload()
        forward = [p["forward"] for p in self.client.call("port.list")]
        self.assertEqual(forward, ["pair", "drop"])

    def test_the_log_level_changes(self):
        self.nulls()
        self.start()
        self.configure("log_level: error\n" + self.NULLS % "")
        self.reload()
        lines = len(self.daemon.text().splitlines())
        self.reload()
        self.assertEqual(len(self.daemon.text().splitlines()), lines)

    def test_sighup_does_the_same(self):
        self.nulls()
        self.start()
        self.nulls(forward="back")
        self.daemon.process.send_signal(signal.SIGHUP)
        self.until(lambda: self.client.call("port.list")[1]["forward"] ==
                   "back")
        self.configure("ports: 7\n")
        self.daemon.process.send_signal(signal.SIGHUP)
        self.until(lambda: "nothing is changed" in self.daemon.text())
        self.assertIn("weir.yaml:1", self.daemon.text())
        self.assertTrue(self.daemon.alive())

    def test_without_a_file_flags_are_read_again(self):
        d = Daemon("--xdp", "p0=" + obj("pass"))
        self.addCleanup(d.remove)
        with Client(d.sock) as c:
            at = c.call("port.list")[0]["hooks"]["xdp"][0]["attachment"]
            c.call("prog.detach", attachment=at)
            c.call("reload")
            self.assertEqual(
                [a["name"] for a in c.call("port.list")[0]["hooks"]["xdp"]],
                ["xdp_pass"])

    def test_what_clients_attached_stays(self):
        self.nulls(self.program("p0", "xdp", obj("acl")))
        self.start()
        loaded = self.client.call("prog.load", path=obj("mac_swap"))
        mine = self.client.call("prog.attach", port="p0", hook="xdp",
                                prog=loaded["programs"][0]["id"],
                                priority=90)["attachment"]
        self.nulls()
        self.reload()
        self.assertEqual([a["attachment"] for a in self.hooks("p0")["xdp"]],
                         [mine])

    def generations(self):
        """A capture that loops passes every program on its way to nowhere."""
        self.configure(
            "ports:\n  - {name: in, replay: loop, spec: 'pcap:"
            f"{self.path('in.pcap')}'}}\n  - {{name: out, spec: 'null', "
            "forward: drop}\nprograms:\n" + "".join(
                self.program(port, hook, "generation.o", ", program: " + name)
                for port, hook, name in (("in", "xdp", "first"),
                                         ("in", "tc-ingress", "ingress"),
                                         ("out", "tc-egress", "egress"))) +
            "objects:\n  - path: generation.o\n"
            "    pins: [{map: hits, path: /hits}, "
            "{map: generati.bss, path: /since}]\n")
        capture.write(self.path("in.pcap"),
                      [(n, bytes(100)) for n in range(200)])
        self.build(1)

    def value(self, name, key=0):
        raw = self.client.call("map.lookup", map=name, key=key,
                               format="bpftool")["value"]
        return int.from_bytes(bytes(int(v, 0) for v in raw), "little")

    def test_no_packet_sees_two_generations(self):
        self.generations()
        self.start()
        ids = {a["attachment"] for h in self.hooks("in").values() for a in h}
        hits = self.value("hits")
        for n in range(300):
            self.build(2 - n % 2)
            self.client.call("reload")
            now = self.value("hits")
            self.assertGreaterEqual(now, hits)  # state is kept
            hits = now
        self.until(lambda: self.value("hits") > hits)
        self.assertGreater(self.value("mixed"), 0)
        self.assertEqual(self.value("mixed", 1), 0)
        # global data is new with each build
        self.assertLess(self.value({"pinned": "/since"}), hits)
        self.assertEqual({a["attachment"] for h in self.hooks("in").values()
                          for a in h}, ids)
        self.until(lambda: len(self.client.call("prog.list")) == 4)
        port = self.client.call("port.stats")[0]
        self.assertEqual(port["drops"], {})
        self.assertEqual(list(port["verdicts"]["xdp"]), ["XDP_PASS"])

    def test_maps_that_do_not_match_are_refused_with_the_difference(self):
        self.generations()
        self.start()
        before = self.state()
        self.build(2, entries=8)
        err = self.reload(status=5)
        for text in ("hits", "max_entries", "4", "8", "generation.o"):
            self.assertIn(text, err)
        self.until(lambda: self.state() == before)
        self.build(3)
        self.reload()

    def test_what_is_wrong_changes_nothing(self):
        good = self.program("p0", "xdp", obj("acl"))
        self.nulls(good)
        self.start()
        before = self.state()
        more = self.program("p1", "xdp", obj("pass"))
        ports = self.NULLS % ""
        for text, status, *said in (
                (ports + "prgrams: []\n", 1, "weir.yaml:4", "programs"),
                (ports + "programs:\n" + more +
                 self.program("p1", "xdp", "none.o"), 3, "none.o"),
                (ports + "programs:\n" + more +
                 self.program("p9", "xdp", obj("acl")), 3, "p9"),
                (ports + "programs:\n" + more +
                 self.program("p1", "tc-ingress", obj("acl")), 5,
                 "no program for tc-ingress"),
                (ports + "programs:\n" + more +
                 self.program("p1", "tc-ingress", obj("nat")), 2,
                 "2 programs for tc-ingress"),
                (ports + "  - {name: p2, spec: 'null'}\n", 1,
                 "the ports cannot change"),
                (ports.replace("p1, spec", "p1, mtu: 900, spec"), 1,
                 "a port cannot change", "weir.yaml:3"),
                ("memory: 64M\n" + ports, 1, "the memory cannot change"),
                ("burst: 8\n" + ports, 1, "the burst cannot change"),
                ("lcores: 0-99\n" + ports, 1, "no CPU"),
                (ports + "objects:\n  - path: " + obj("acl") +
                 "\n    pins: [{map: acl, path: /a}, {map: nope, path: /b}]"
                 "\n", 3, "nope")):
            with self.subTest(text=text):
                self.configure(text)
                err = self.reload(status=status)
                for what in said:
                    self.assertIn(what, err)
                # what was loaded in vain is on its way out
                self.until(lambda: self.state() == before)
        self.nulls(good + more)
        self.reload()
        self.assertEqual(len(self.hooks("p1")["xdp"]), 1)

    def test_a_rejected_object_is_told_from_other_failures(self):
        self.nulls()
        self.start()
        with open(self.path("text.o"), "w", encoding="ascii") as file:
            file.write("no object\n")
        self.nulls(self.program("p0", "xdp", "text.o"))
        self.assertIn("text.o", self.reload(status=5))
        status, out, _ = self.daemon.weir("prog", "load", "-j",
                                          self.path("text.o"))
        self.assertEqual(status, 5)
        self.assertIs(json.loads(out)["error"]["rejected"], True)
        status, out, _ = self.daemon.weir("prog", "load", "-j",
                                          self.path("none.o"))
        self.assertEqual(status, 3)
        self.assertNotIn("rejected", json.loads(out)["error"])

    @unittest.skipUnless(os.geteuid() == 0, "only root has capabilities")
    def test_objects_are_read_without_capabilities_from_the_start(self):
        """What boots can be reloaded."""
        os.mkdir(self.path("theirs"), 0o700)
        theirs = shutil.copy(obj("acl"), self.path("theirs/acl.o"))
        os.chown(self.path("theirs"), 65534, 65534)
        self.nulls(self.program("p0", "xdp", theirs))
        done = subprocess.run(
            [WEIR, "run", "--no-huge", "-s", self.path("sock"), "-c",
             self.path("weir.yaml")], check=False, text=True, timeout=60,
            capture_output=True)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("Permission denied", done.stderr)
        self.assertIn("without capabilities: user 0", done.stderr)
        os.chmod(self.path("theirs"), 0o755)
        self.start()
        self.reload()
        os.chmod(self.path("theirs"), 0o700)
        self.assertIn("without capabilities", self.reload(status=5))
        status, _, err = self.daemon.weir("prog", "load", theirs)
        self.assertEqual(status, 5, err)
        self.assertIn("without capabilities", err)


if __name__ == "__main__":
    main("run")
