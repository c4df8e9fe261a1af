# SPDX-License-Identifier: BSD-3-Clause
"""What the end-to-end tests of the control socket share: a daemon of their
own, a client that speaks the protocol byte by byte, and the command line."""
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.path.abspath(os.environ.get("WEIR_BUILD", "build"))
WEIR = os.path.join(BUILD, "weir")
# where compiled programs are kept
os.environ.setdefault("XDG_CACHE_HOME", os.path.join(BUILD, "tests"))


class Daemon:
    """A weir run on null ports, without huge pages, that no other test sees."""

    def __init__(self, *args, ports=("p0=null", "p1=null")):
        self.dir = tempfile.mkdtemp(prefix="weir-ctl-")
        self.sock = os.path.join(self.dir, "sock")
        self.log = os.path.join(self.dir, "log")
        command = [WEIR, "run", "-s", self.sock, "--no-huge"]
        for port in ports:
            command += ["--port", port]
        self.command = command + list(args)
        self.process = None
        try:
            self.start()
        except RuntimeError:
            if self.alive():
                self.kill()
            shutil.rmtree(self.dir)
            raise

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log,
                                            stderr=log,
                                            stdin=subprocess.DEVNULL)
        for _ in range(300):
            if self.process.poll() is not None:
                break
            try:
                Client(self.sock).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("weir run did not start:\n" + self.text())

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it; the exit status."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def remove(self):
        if self.process:
            self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def weir(self, *words):
        """Run a command against it: status, standard output and error."""
        done = subprocess.run([WEIR, "-s", self.sock, *words], check=False,
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr


class Client:
    """A connection, with nothing between the test and the bytes."""

    def __init__(self, path, timeout=20):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.connect(path)
        except OSError:
            self.sock.close()
            raise
        self.sock.settimeout(timeout)
        self.file = self.sock.makefile("rb")
        self.last = 0

    def close(self):
        self.file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.sock.sendall(data)

    def line(self):
        """The next line as JSON, None at the end."""
        text = self.file.readline()
        return json.loads(text) if text else None

    def ask(self, method, **args):
        self.last += 1
        self.send(json.dumps({"id": self.last, "method": method,
                              "args": args}).encode() + b"\n")

    def reply(self, parts=None):
        while True:
            got = self.line()
            if got is None:
                raise EOFError("the daemon closed the connection")
            if "part" in got:
                parts.append(got["part"])
            elif "event" not in got:
                return got

    def call(self, method, **args):
        """The result; an error is an exception of this kind."""
        self.ask(method, **args)
        got = self.reply()
        if "error" in got:
            raise Refused(got["error"])
        return got["result"]

    def dump(self, **args):
        parts = []
        self.ask("map.dump", **args)
        got = self.reply(parts)
        if "error" in got:
            raise Refused(got["error"])
        return got["result"], parts


class Refused(Exception):
    def __init__(self, error):
        super().__init__(error["message"])
        self.error = error
        self.code = error["code"]


def b64(data):
    return base64.b64encode(data).decode()


def make_map(client, name, kind="hash", key=4, value=8, entries=1000, flags=0):
    return client.call("map.create", path="/test/" + name, name=name,
                       type=kind, key_size=key, value_size=value,
                       max_entries=entries, flags=flags)


class Case(unittest.TestCase):
    """A daemon for the whole class."""
    ports = ("p0=null", "p1=null")
    args = ()

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*cls.args, ports=cls.ports)
        cls.addClassCleanup(cls.daemon.remove)

    @classmethod
    def ask(cls, *words):
        got, out, err = cls.daemon.weir(*words, "-j")
        assert got == 0, (words, out, err)
        return json.loads(out) if out.strip() else None

    def client(self, **kw):
        c = Client(self.daemon.sock, **kw)
        self.addCleanup(c.close)
        return c

    def refused(self, code, client, method, **args):
        with self.assertRaises(Refused) as caught:
            client.call(method, **args)
        self.assertEqual(caught.exception.code, code,
                         caught.exception.error)
        return caught.exception.error

    def tearDown(self):
        self.assertTrue(self.daemon.alive(), self.daemon.text())
        with Client(self.daemon.sock) as c:
            self.assertIn("version", c.call("version"))


class TapCase(Case):
    """Its daemon has tap ports; the test has their other ends."""
    taps = ()
    protocol = 0  # what it receives there; 0: nothing

    @classmethod
    def setUpClass(cls):
        # The kernel sends nothing of its own.
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w",
                  encoding="ascii") as file:
            file.write("1")
        super().setUpClass()
        cls.wires = [cls.open_wire(name) for name in cls.taps]
        cls.wire = cls.wires[0]

    @classmethod
    def open_wire(cls, name):
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        cls.addClassCleanup(wire.close)
        wire.bind((name, cls.protocol))
        return wire


def has_command(name):
    done = subprocess.run([WEIR, "help", name], check=False,
                          capture_output=True)
    return done.returncode == 0


def skip(why):
    print(why)
    sys.exit(77)


def need_taps():
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        skip("needs root and /dev/net/tun, for tap ports")


def need_bpftool():
    if os.geteuid() != 0 or not shutil.which("bpftool"):
        skip("needs root and bpftool, to ask the kernel")


def own_namespaces(*flags):
    """Start the calling test over in namespaces of its own, as unshare(1)
    makes them, or skip it."""
    if "WEIR_TEST_NAMESPACES" in os.environ:
        return
    unshare = ["unshare", *flags]
    tried = subprocess.run([*unshare, "true"], check=False,
                           capture_output=True, text=True)
    if tried.returncode != 0:
        skip(f"no namespaces of its own: {tried.stderr.strip()}")
    os.environ["WEIR_TEST_NAMESPACES"] = "own"
    os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


OWN_MOUNTS = ("-m", "--propagation", "private")


def main(*commands):
    """Run the tests of the calling file if weir has these commands."""
    for command in commands:
        if not has_command(command):
            skip(f"this weir has no command '{command}'")
    unittest.main(verbosity=2)
