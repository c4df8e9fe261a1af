#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir run from its start to its end: what it takes, refuses and leaves."""
import array
import fcntl
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile
import termios
import time
import unittest

import capture
from weir import BUILD, WEIR, Client, Daemon, main, own_namespaces

CAPTURE = os.path.join(capture.ROOT, "tests/data/mixed.pcap")


def obj(name):
    return os.path.join(BUILD, "progs", name + ".bpf.o")


class Scratch(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="weir-boot-")
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name, text=None):
        path = os.path.join(self.dir, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def run_weir(self, *words, huge=False):
        """Until it ends by itself: status, standard output and error."""
        command = [WEIR, "run", "-s", self.path("sock"), *words]
        if not huge:
            command.insert(2, "--no-huge")
        done = subprocess.run(command, check=False, text=True, timeout=60,
                              capture_output=True, cwd=self.dir)
        self.assertFalse(os.path.exists(self.path("sock")))
        self.assertFalse(os.path.exists(self.path("sock.lock")))
        return done.returncode, done.stdout, done.stderr


class Refusals(Scratch):
    """Each row: words, exit status, what is said."""

    def refused(self, rows):
        for words, status, *said in rows:
            with self.subTest(words=words):
                code, out, err = self.run_weir(*words)
                self.assertEqual(code, status, err)
                self.assertEqual(out, "")
                for text in said:
                    self.assertIn(text, err)

    def test_flags(self):
        self.refused((
            ([], 1, "there is no port", "--port NAME=SPEC"),
            (["--port", "null"], 2, "NAME=SPEC", "'null'"),
            (["--port", "=null"], 2, "name"),
            (["--port", "a b=null"], 2, "letters"),
            (["--port", "p" * 40 + "=null"], 2, "31 characters"),
            (["--port", "p0="], 2, "NAME=SPEC"),
            (["--port"], 2, "needs a value"),
            (["--prot", "p0=null"], 2, "did you mean --port?"),
            (["p0=null"], 2, "p0=null"),
            (["--port", "p0=null", "--port", "p0=null"], 2,
             "two ports are called 'p0'"),
            (["--port", "p0=null", "--xdp", "p1=x.o"], 3,
             "no port is called 'p1'", "did you mean 'p0'?"),
            (["--port", "p0=null", "--xdp", "x.o"], 2,
             "PORT=OBJECT[:PROGRAM]"),
            (["--port", "p0=null", "--xdp", "p0=x.o:"], 2,
             "OBJECT[:PROGRAM]"),
            (["--port", "p0=null", "--forward", "p0=nowhere"], 2,
             "nothing to forward to", "port:NAME"),
            (["--port", "p0=null", "--forward", "p0=port:p7"], 3, "p7"),
            (["--port", "p0=null", "--forward", "p7=back"], 3, "p7"),
            (["--port", "p0=null", "--memory", "12 apples"], 2, "no size"),
            (["--port", "p0=null", "--memory", "99999999999T"], 2,
             "no size"),
            (["--port", "p0=null", "--until-eof"], 1,
             "no port comes to an end", "pcap:FILE")))

    def test_lists_of_cpus(self):
        there = max(os.sched_getaffinity(0))
        self.refused([(["--port", "p0=null", "--lcores", text], 2, said)
                      for text, said in (
                          ("", "no list of CPUs"), ("x", "no list of CPUs"),
                          ("1-", "no list of CPUs"),
                          ("-1", "no list of CPUs"),
                          ("3-1", "no list of CPUs"),
                          ("0,,1", "no list of CPUs"),
                          (f"{there},{there}", "named twice"),
                          ("4095", "there is no CPU 4095"),
                          ("99999999999", "no list of CPUs"))])

    def test_objects(self):
        cut = self.path("cut.o")
        with open(obj("acl"), "rb") as whole, open(cut, "wb") as file:
            file.write(whole.read()[:900])
        none = ["--port", "p0=null", "--xdp"]
        self.refused((
            ([*none, "p0=none.o"], 3, "none.o", "No such file"),
            ([*none, "p0=" + self.path("text.o", "no object\n")], 5,
             "text.o"),
            ([*none, "p0=" + cut], 5, "cut.o"),
            ([*none, "p0=" + self.dir], 5, "no object file"),
            ([*none, f"p0={obj('acl')}:xdp_alc"], 3, "xdp_alc", "xdp_acl"),
            ([*none, f"p0={obj('vlan')}"], 5, "no program for xdp",
             "vlan_tag"),
            (["--port", "p0=null", "--tc-ingress", f"p0={obj('nat')}"], 2,
             "2 programs for tc-ingress", "nat_in", "nat_out")))

    def test_devices(self):
        self.refused((
            (["--port", "p0=net_nothing0"], 3, "net_nothing0", "p0"),
            (["--port", "p0=pcap:none.pcap"], 3, "none.pcap"),
            (["--port", "p0=af_packet:weir-none"], 3, "weir-none")))

    def test_a_port_that_fails_takes_the_others_with_it(self):
        code, _, err = self.run_weir("--port", "p0=pcap:" + CAPTURE +
                                     ",out.pcap", "--port",
                                     "p1=net_nothing0")
        self.assertEqual(code, 3, err)

    def test_what_does_not_start_empties_no_capture(self):
        bad = self.path("bad.o", "no object\n")
        kept = self.path("kept.pcap", "what was there\n")
        for out in ("kept.pcap", "new.pcap"):
            code, _, err = self.run_weir(
                "--port", f"p0=pcap:{CAPTURE},{out}", "--xdp", "p0=" + bad,
                "--until-eof")
            self.assertEqual(code, 5, err)
        with open(kept, encoding="ascii") as file:
            self.assertEqual(file.read(), "what was there\n")
        self.assertFalse(os.path.exists(self.path("new.pcap")))

    def test_json_has_the_error(self):
        code, out, err = self.run_weir("-j", "--port", "p0=null", "--xdp",
                                       "p0=none.o")
        self.assertEqual(code, 3, err)
        self.assertEqual(json.loads(out)["error"]["code"], "ENOENT")

    def test_a_cut_capture(self):
        with open(CAPTURE, "rb") as whole, \
                open(self.path("cut.pcap"), "wb") as file:
            file.write(whole.read()[:5000])
        code, out, err = self.run_weir("--port", "in=pcap:cut.pcap",
                                       "--until-eof")
        self.assertEqual(code, 1, err)
        self.assertRegex(err, r"cut\.pcap.*ends inside packet \d+")
        self.assertIn("packets received", out)


class Files(Scratch):
    """Configurations that are refused: with file, line and what to do."""
    ports = "ports:\n  - {name: p0, spec: null}\n"

    def refused(self, text, line, *said, status=1):
        path = self.path("weir.yaml", text)
        with self.subTest(text=text):
            code, _, err = self.run_weir("-c", path)
            self.assertEqual(code, status, err)
            self.assertIn(path + (f":{line}: " if line else ": "), err)
            for what in said:
                self.assertIn(what, err)

    def test_layout(self):
        self.refused("ports:\n  - name: p0\n    spec: 'null'\n"
                     "    quees: 3\n", 4, "quees", "did you mean 'queues'?")
        self.refused("ports:\n  - name: p0\n", 2, "'spec' is missing")
        self.refused("prots: []\n", 1, "did you mean 'ports'?")
        self.refused("ports:\n  - name: p0\n    spec: 'null'\n"
                     "    queues: many\n", 4, "many")
        self.refused("ports: 7\n", 1)
        self.refused("lcores: [1, 2]\n", 1)
        self.refused("ports:\n\t- name: p0\n", 1)
        self.refused("ports: &a []\nobjects: *a\n", 2, "alias")

    def test_values(self):
        port = "ports:\n  - name: p0\n    spec: 'null'\n    "
        self.refused(port + "mac: 01:02\n", 4, "no MAC address")
        self.refused(port + "mac: 01:00:00:00:00:00\n", 4, "group")
        self.refused(port + "replay: twice\n", 4, "once, loop, paced")
        self.refused(port + "replay: onec\n", 4, "did you mean 'once'?")
        self.refused(port + "forward: up\n", 4, "pair, back, drop")
        self.refused(port + "forward: port:p9\n", 2, "p9", status=3)
        self.refused("ports:\n  - {name: 'a b', spec: 'null'}\n", 2,
                     "letters")
        self.refused("log_level: loud\n", 1, "error, warn, info, debug")
        self.refused("memory: lots\n", 1, "no size")
        self.refused("\nlcores: 1-\n", 2, "no list of CPUs")
        self.refused("burst: 33\n", 1, "32")

    def test_programs(self):
        ports = "ports:\n  - {name: p0, spec: 'null'}\nprograms:\n  - "
        what = f"port: p0\n    object: {obj('acl')}\n    "
        self.refused(ports + what + "hook: xpd\n", 6, "did you mean 'xdp'?")
        self.refused(ports + f"{{port: p9, hook: xdp, object: {obj('acl')}}}",
                     4, "p9", "did you mean 'p0'?", status=3)
        self.refused(ports + what + "hook: xdp\n    style: tcx\n", 4,
                     "no such style")
        self.refused(ports + what + "hook: tc-ingress\n"
                     "    chain_actions: [XDP_PASS]\n", 4, "XDP programs")
        self.refused(ports + what + "hook: xdp\n"
                     "    chain_actions: [XDP_PSAS]\n", 7, "XDP_PASS")
        self.refused(ports + what + "hook: tc-ingress\n    classid: ten\n",
                     7, "no class")
        self.refused(ports + what + "hook: xdp\n    program: nope\n", 4,
                     "nope", "xdp_acl", status=3)
        self.refused(ports + what + "hook: tc-ingress\n", 4,
                     "no program for tc-ingress", status=5)

    def test_objects(self):
        text = ("ports:\n  - {name: p0, spec: 'null'}\nobjects:\n"
                f"  - path: {obj('acl')}\n    ")
        self.refused(text + "overrides: [acl.max_entries=-1]\n", 5,
                     "'-1' is no number")
        self.refused(text + "overrides: [acl]\n", 5)
        path = self.path("weir.yaml",
                         text + "overrides: [nope.max_entries=1]\n")
        code, _, err = self.run_weir("-c", path)
        self.assertEqual(code, 3, err)
        self.assertIn("no map nope to override", err)
        self.refused(text + "pins: [{map: nope, path: /x}]\n", 4, "nope",
                     status=3)

    def test_files_that_are_none(self):
        code, _, err = self.run_weir("-c", self.path("none.yaml"))
        self.assertEqual(code, 3, err)
        self.assertIn("none.yaml", err)
        code, _, err = self.run_weir("-c", self.dir)
        self.assertEqual(code, 1, err)

    def test_flags_win(self):
        path = self.path("weir.yaml", "ports:\n  - {name: in, spec: 'pcap:"
                         f"{CAPTURE}', forward: back}}\nhuge_pages: true\n"
                         "socket: other\n")
        code, out, err = self.run_weir("-c", path, "--forward", "in=drop",
                                       "--until-eof", "-j")
        self.assertEqual(code, 0, err)
        port, = json.loads(out)["ports"]
        self.assertEqual(port["drops"], {"forward_drop": port["rx_packets"]})
        self.assertFalse(os.path.exists(self.path("other")))


class Life(Scratch):
    def daemon(self, *args, **kw):
        d = Daemon(*args, **kw)
        self.addCleanup(d.remove)
        return d

    def test_signals_end_it_in_order(self):
        for sig in (signal.SIGTERM, signal.SIGINT):
            d = self.daemon()
            d.process.send_signal(sig)
            self.assertEqual(d.process.wait(20), 0, d.text())
            self.assertEqual(os.listdir(d.dir), ["log"])

    def test_a_signal_ends_a_capture_that_loops(self):
        path = self.path("weir.yaml", "ports:\n  - {name: in, replay: loop, "
                         f"spec: 'pcap:{CAPTURE}'}}\n")
        d = self.daemon("-c", path, ports=())
        with Client(d.sock) as c:
            while c.call("port.stats")[0]["rx_packets"] < 5000:
                time.sleep(0.01)
            self.assertFalse(c.call("port.list")[0]["ended"])
        self.assertEqual(d.stop(), 0)

    def test_the_second_signal_ends_at_once(self):
        """Of a daemon that cannot get to its end: nobody reads its result."""
        path = self.path("weir.yaml", "ports:\n  - {name: in, replay: paced, "
                         f"spec: 'pcap:{CAPTURE}'}}\nprograms:\n  - {{port: "
                         f"in, hook: xdp, object: {obj('parse')}, program: "
                         "parse}\n")
        read, write = os.pipe()
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        process = subprocess.Popen(
            [WEIR, "run", "--no-huge", "-s", self.path("sock"), "-c", path,
             "--until-eof", "--dump-maps", "-j"], stdout=write,
            stderr=subprocess.DEVNULL)
        try:
            self.wait_for(lambda: os.path.exists(self.path("sock")))
            process.send_signal(signal.SIGTERM)
            # the pipe is full: it has come to its result, and stays there
            self.wait_for(lambda: self.in_pipe(read) == 4096)
            self.assertIsNone(process.poll())
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), -signal.SIGTERM)
        finally:
            process.kill()
            process.wait()
            os.close(read)
            os.close(write)

    @staticmethod
    def in_pipe(fd):
        size = array.array("i", [0])
        fcntl.ioctl(fd, termios.FIONREAD, size)
        return size[0]

    def wait_for(self, condition):
        for _ in range(400):
            if condition():
                return
            time.sleep(0.05)
        self.fail("it does not happen")

    @unittest.skipUnless(os.geteuid() == 0, "EAL's files are elsewhere")
    def test_what_a_killed_daemon_left_goes_at_the_next_start(self):
        d = self.daemon()
        d.kill()
        dead, full, alive = (f"/run/dpdk/weir-{n}" for n in (
            d.process.pid, "2147483647", os.getpid()))
        for path in (dead, full, alive):
            os.makedirs(path, exist_ok=True)
            self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        with open(os.path.join(full, "file"), "w", encoding="ascii"):
            pass
        self.assertEqual(self.daemon().stop(), 0)
        self.assertFalse(os.path.exists(dead))
        self.assertTrue(os.path.exists(full))
        self.assertTrue(os.path.exists(alive))

    def test_a_client_that_hangs_up_is_no_end(self):
        d = self.daemon()
        d.process.send_signal(signal.SIGPIPE)
        with Client(d.sock) as c:
            self.assertEqual(c.call("version")["pid"], d.process.pid)

    @unittest.skipUnless(os.geteuid() == 0, "only root has capabilities")
    def test_no_thread_keeps_capabilities(self):
        d = self.daemon()
        tasks = glob.glob(f"/proc/{d.process.pid}/task/*/status")
        self.assertGreaterEqual(len(tasks), 3)
        for task in tasks:
            with open(task, encoding="ascii") as file:
                fields = dict(line.split(":\t", 1) for line in file)
            for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                self.assertEqual(int(fields[name], 16), 0,
                                 (fields["Name"], name))
            self.assertEqual(fields["NoNewPrivs"].strip(), "1")

    def test_lcores_run_where_they_should(self):
        cpu = min(os.sched_getaffinity(0))
        d = self.daemon("--lcores", str(cpu))
        with Client(d.sock) as c:
            self.assertEqual(c.call("stats")["lcores"], 1)
        pinned = [os.sched_getaffinity(int(task)) for task in
                  os.listdir(f"/proc/{d.process.pid}/task")]
        self.assertIn({cpu}, pinned)

    def test_a_second_daemon_harms_nobody(self):
        d = self.daemon()
        with Client(d.sock) as c:
            before = c.call("port.stats")[0]["rx_packets"]
        done = subprocess.run(d.command, check=False, text=True, timeout=60,
                              capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"another weir serves {d.sock}, pid {d.process.pid}",
                      done.stderr)
        # before it touched any device
        self.assertNotIn("link up", done.stderr)
        with Client(d.sock) as c:
            self.assertGreater(c.call("port.stats")[0]["rx_packets"], before)

    def test_one_object_on_several_hooks_is_loaded_once(self):
        d = self.daemon("--xdp", f"p0={obj('acl')}", "--xdp",
                        f"p1={obj('acl')}:xdp_acl")
        with Client(d.sock) as c:
            self.assertEqual(
                [m["name"] for m in c.call("map.list")].count("acl"), 1)
            prog, = c.call("prog.list")
            self.assertEqual([a["port"] for a in prog["attached"]],
                             ["p0", "p1"])

    def test_arguments_for_eal(self):
        d = self.daemon("--", "--log-level=lib.eal:info")
        self.assertTrue(d.alive())


class Pages(Scratch):
    NR = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or not os.path.exists(self.NR):
            self.skipTest("needs root and 2 MB pages")

    def reserve(self, pages):
        with open(self.NR, encoding="ascii") as file:
            before = file.read()
        self.addCleanup(self.write, before)
        self.write(str(pages))
        with open(self.NR, encoding="ascii") as file:
            if int(file.read()) < pages:
                self.skipTest(f"the machine has no {pages} pages of 2 MB")

    def write(self, text):
        with open(self.NR, "w", encoding="ascii") as file:
            file.write(text)

    @staticmethod
    def free():
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("HugePages_Free"):
                    return int(line.split()[1])
        return 0

    def files(self):
        with open("/proc/mounts", encoding="ascii") as file:
            mounts = [line.split()[1] for line in file
                      if line.split()[2] == "hugetlbfs"]
        return sorted(name for m in mounts for name in
                      glob.glob(m + "/**", recursive=True))

    def test_a_killed_daemon_leaves_no_huge_page(self):
        self.reserve(128)
        files, free = self.files(), self.free()
        process = subprocess.Popen(
            [WEIR, "run", "-s", self.path("sock"), "--port", "p0=null",
             "--xdp", "p0=" + obj("acl")], stderr=subprocess.DEVNULL)
        try:
            for _ in range(400):
                if os.path.exists(self.path("sock")):
                    break
                time.sleep(0.05)
            self.assertLess(self.free(), free, "no huge page is in use")
        finally:
            process.kill()
            process.wait()
        self.assertEqual(self.files(), files)
        for _ in range(100):
            if self.free() == free:
                break
            time.sleep(0.05)
        self.assertEqual(self.free(), free)

    def test_too_few_are_said_once_and_do_without(self):
        code, out, err = self.run_weir(
            "--port", "in=pcap:" + CAPTURE, "--xdp", "in=" + obj("acl"),
            "--until-eof", "-j", huge=True)
        self.assertEqual(code, 0, err)
        self.assertEqual(err.count("warn:"), err.count("ordinary pages"), err)
        self.assertLessEqual(err.count("ordinary pages"), 1, err)
        self.assertEqual(json.loads(out)["ports"][0]["verdicts"]["xdp"],
                         {"XDP_PASS": 1329})


class Samples(Scratch):
    """What is in config/ works as it stands."""

    def daemon(self, name):
        d = Daemon("-c", os.path.join(capture.ROOT, "config", name), ports=())
        self.addCleanup(d.remove)
        return d

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
            self.skipTest("needs root and /dev/net/tun, for tap ports")

    def test_weir_yaml(self):
        d = self.daemon("weir.yaml")
        with Client(d.sock) as c:
            acl = c.call("map.show", map={"pinned": "/weir/acl"})
            self.assertEqual(acl["max_entries"], 4096)
            ports = {p["name"]: p for p in c.call("port.list")}
            self.assertEqual(ports["inside"]["forward"], "port:outside")
            self.assertEqual(ports["inside"]["mac"], "02:00:00:00:00:01")
            self.assertEqual([a["name"] for a in
                              ports["outside"]["hooks"]["xdp"]], ["xdp_acl"])
        self.assertEqual(d.stop(), 0)

    def test_gateway_yaml(self):
        d = self.daemon("gateway.yaml")
        with Client(d.sock) as c:
            hooks = {p["name"]: p["hooks"] for p in c.call("port.list")}
            self.assertEqual([(a["name"], a["priority"])
                              for a in hooks["wan"]["xdp"]],
                             [("xdp_acl", 10), ("xdp_rate_limit", 20)])
            self.assertEqual(hooks["lan"]["tc-egress"][0]["style"],
                             "cls_bpf")
        self.assertEqual(d.stop(), 0)

    def test_capture_yaml(self):
        config = os.path.join(capture.ROOT, "config/capture.yaml")
        done = subprocess.run(
            [WEIR, "run", "-c", config, "--until-eof", "-j", "-s",
             self.path("sock")], check=False, text=True, timeout=60,
            capture_output=True, cwd=capture.ROOT)
        self.assertEqual(done.returncode, 0, done.stderr)
        port, = json.loads(done.stdout)["ports"]
        self.assertEqual(port["drops"], {"forward_drop": 1329})

    def test_every_sample_is_tested(self):
        names = os.listdir(os.path.join(capture.ROOT, "config"))
        tests = [t.removeprefix("test_") for t in dir(self)]
        for name in names:
            self.assertIn(name.replace(".", "_"), tests)

    def test_weir_service(self):
        unit = os.path.join(capture.ROOT, "config/weir.service")
        with open(unit, encoding="utf-8") as file:
            text = file.read().replace("/usr/local/bin/weir", WEIR)
        words = next(line for line in text.splitlines()
                     if line.startswith("ExecStart=")).split()[1:]
        self.assertEqual(words, ["run", "-c", "/etc/weir/weir.yaml"])
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze")
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no",
             self.path("weir.service", text)], check=False, text=True,
            capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    if os.geteuid() == 0:
        own_namespaces("-n")
    main("run")
