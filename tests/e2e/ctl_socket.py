#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The control socket in the file system: whose it is, who may use it."""
import fcntl
import os
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

from weir import WEIR, Client, Daemon, main

NOBODY = 65534


class Socket(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon()
        self.addCleanup(self.daemon.remove)

    def second(self):
        """What another daemon on the same socket says: status and text."""
        done = subprocess.run(self.daemon.command, check=False, text=True,
                              stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def until_it_answers(self):
        for _ in range(400):
            try:
                return Client(self.daemon.sock).close()
            except OSError:
                time.sleep(0.05)
        self.fail("it does not answer")

    def works(self):
        with Client(self.daemon.sock) as c:
            self.assertEqual(c.call("version")["pid"],
                             self.daemon.process.pid)

    def test_only_the_owner_may_open_it(self):
        mode = os.stat(self.daemon.sock).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_stopping_leaves_nothing(self):
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(os.listdir(self.daemon.dir), ["log"])

    def test_a_second_daemon_is_told_who_serves(self):
        status, text = self.second()
        self.assertEqual(status, 1, text)
        self.assertIn("another weir serves", text)
        self.assertIn(str(self.daemon.process.pid), text)
        self.works()

    def test_a_stale_socket_is_replaced(self):
        self.daemon.kill()
        self.assertTrue(os.path.exists(self.daemon.sock))
        self.daemon.start()
        self.works()

    def test_of_daemons_that_start_at_once_one_serves(self):
        self.daemon.kill()
        rivals = [subprocess.Popen(self.daemon.command,
                                   stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
                  for _ in range(3)]
        try:
            for _ in range(400):
                over = [r for r in rivals if r.poll() is not None]
                if len(over) == 2:
                    break
                time.sleep(0.05)
            self.assertEqual([r.returncode for r in over], [1, 1])
            left = [r for r in rivals if r.poll() is None]
            self.assertEqual(len(left), 1)
            self.daemon.process = left[0]
            self.until_it_answers()
            self.works()
        finally:
            for r in rivals:
                if r.poll() is None:
                    r.send_signal(signal.SIGTERM)
                r.wait(20)

    def test_who_holds_the_lock_has_the_path(self):
        """Also before it has made its socket: of two that find a stale one,
        the second must not remove the first's."""
        self.daemon.kill()
        with open(self.daemon.sock + ".lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            status, text = self.second()
            self.assertEqual(status, 1, text)
            self.assertIn("another weir serves", text)
            self.assertTrue(os.path.exists(self.daemon.sock))
        self.daemon.start()
        self.works()

    def test_a_file_in_its_place_is_not_touched(self):
        self.daemon.stop()
        with open(self.daemon.sock, "w", encoding="ascii") as f:
            f.write("precious")
        status, text = self.second()
        self.assertEqual(status, 1, text)
        self.assertIn("no socket", text)
        with open(self.daemon.sock, encoding="ascii") as f:
            self.assertEqual(f.read(), "precious")

    def test_a_socket_of_somebody_else_is_left_alone(self):
        """Both at the start, while it answers, and at the end."""
        self.daemon.stop()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(self.daemon.sock)
            other.listen()
            status, text = self.second()
            self.assertEqual(status, 1, text)
            self.assertTrue(os.path.exists(self.daemon.sock))
        os.unlink(self.daemon.sock)
        self.daemon.start()
        os.unlink(self.daemon.sock)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(self.daemon.sock)
            self.assertEqual(self.daemon.stop(), 0)
            self.assertTrue(os.path.exists(self.daemon.sock))

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_a_directory_that_takes_capabilities_is_refused(self):
        """They are gone when the socket is bound, and when it is removed."""
        self.daemon.stop()
        os.chmod(self.daemon.dir, 0o755)
        os.chown(self.daemon.dir, NOBODY, NOBODY)
        status, text = self.second()
        self.assertEqual(status, 1, text)
        self.assertIn("capabilities", text)
        self.assertEqual(os.listdir(self.daemon.dir), ["log"])

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_another_user_is_refused(self):
        os.chmod(self.daemon.dir, 0o755)
        os.chmod(self.daemon.sock, 0o666)
        read, write = os.pipe()
        child = os.fork()
        if not child:
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(5)
                    s.connect(self.daemon.sock)
                    os.write(write, s.makefile("rb").read())
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        with open(read, encoding="ascii") as f:
            said = f.read()
        self.assertIn('"EPERM"', said)
        self.works()

    def test_without_a_daemon_clients_say_how_to_start_one(self):
        self.daemon.stop()
        status, out, err = self.daemon.weir("map", "list")
        self.assertEqual((status, out), (4, ""))
        self.assertIn("no weir answers on " + self.daemon.sock, err)
        self.assertIn("weir run", err)


class Path(unittest.TestCase):
    def test_paths_that_cannot_be(self):
        with tempfile.TemporaryDirectory() as top:
            for path, what in ((top + "/x" * 60, "characters"),
                               (top + "/none/sock", "none")):
                done = subprocess.run(
                    [WEIR, "run", "-s", path, "--no-huge", "--port",
                     "p0=null"], check=False, timeout=60, text=True,
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(what, done.stdout)
            self.assertEqual(os.listdir(top), [])


if __name__ == "__main__":
    main("run")
