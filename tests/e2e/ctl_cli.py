#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The command line without a daemon: help, mistakes, exit codes, completion,
the manual page."""
import json
import re
import shutil
import subprocess
import unittest

from weir import WEIR, main

NO_SOCKET = "/nonexistent/weir.sock"


def weir(*words):
    done = subprocess.run([WEIR, *words], check=False, text=True,
                          capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def names():
    """Every command, from the help."""
    text = weir("help")[1]
    body = text.split("\n\n", 2)[2].split("Options,")[0]
    return [re.match(r"  (\S+(?: \S+)?)", line).group(1)
            for line in body.splitlines() if line.startswith("  ")]


class CommandLine(unittest.TestCase):
    def test_help_is_for_standard_output(self):
        for words in (["help"], ["-h"], ["--help"], ["map", "help"],
                      ["help", "map"], ["map", "list", "-h"],
                      ["help", "map", "list"]):
            status, out, err = weir(*words)
            self.assertEqual((status, err), (0, ""), words)
            self.assertIn("map list", out)

    def test_every_command_has_help(self):
        self.assertGreater(len(names()), 20)
        for name in names():
            status, out, _ = weir("help", *name.split())
            self.assertEqual(status, 0, name)
            self.assertIn("usage: weir " + name, out)

    def test_mistakes_are_json_too(self):
        for words, said in (
                (["-j"], "no command is named"),
                (["map", "-j"], "no command is named"),
                (["-j", "mpa"], "there is no command 'mpa'"),
                (["map", "zzz", "--json"], "there is no command 'map zzz'"),
                (["-j", "help", "zzz"], "there is no command 'zzz'"),
                (["--scoket", "-j", "stats"], "there is no option --scoket"),
                (["stats", "--log-level", "loud", "-j"], "loud"),
                (["stats", "more", "-j"], "'more' is one word too many"),
                (["run", "-p", "--port"], "needs a value"),
                (["test", "-j"], "")):
            status, out, err = weir(*words)
            self.assertEqual(status, 2, words)
            error = json.loads(out)["error"]
            self.assertEqual(error["code"], "EINVAL", words)
            self.assertIn(said, error["message"])
            self.assertIn(error["message"], err)
        for words in (["mpa"], ["stats", "more"]):
            self.assertEqual(weir(*words)[1], "")

    def test_mistakes_are_explained(self):
        for words, said in (
                ([], "usage: weir"),
                (["mpa", "list"], "did you mean 'map'?"),
                (["map", "dmp"], "did you mean 'map dump'?"),
                (["map", "zzz"], "no command 'map zzz'"),
                (["zzz"], "weir help"),
                (["map"], "weir map dump"),
                (["map", "list", "--jsno"], "did you mean --json?"),
                (["--scoket", "x", "stats"], "did you mean --socket?"),
                (["map", "list", "-x"], "no option -x"),
                (["map", "list", "-s"], "-s needs a value"),
                (["map", "list", "--json=yes"], "takes no value"),
                (["--log-level", "loud", "stats"], "log level"),
                (["map", "dump"], "which map?"),
                (["map", "show", "id", "x"], "'x' is no id"),
                (["map", "show", "name"], "needs a word"),
                (["map", "list", "a", "b"], "one word too many"),
                (["prog", "attach", "3", "p0"], "which hook?")):
            status, out, err = weir(*words)
            self.assertEqual((status, out), (2, ""), words)
            self.assertIn(said, err)

    def test_options_may_stand_anywhere(self):
        for words in (["-s", NO_SOCKET, "map", "list", "-j"],
                      ["map", "list", "--json", "-s" + NO_SOCKET],
                      ["-j", "--socket=" + NO_SOCKET, "map", "list"],
                      ["map", "dump", "name", "acl", "-j", "-s", NO_SOCKET],
                      ["map", "delete", "name", "acl", "key", "hex", "00",
                       "-s", NO_SOCKET, "-j"],
                      ["map", "pin", "name", "acl", "/a", "-j", "-s",
                       NO_SOCKET],
                      ["prog", "attach", "name", "acl", "p0", "xdp", "-s",
                       NO_SOCKET, "-j"]):
            status, out, err = weir(*words)
            self.assertEqual(status, 4, err)
            error = json.loads(out)["error"]
            self.assertEqual(error["code"], "ENOENT")
            self.assertIn(NO_SOCKET, error["message"])
            self.assertIn(error["message"], err)

    def test_without_a_daemon_the_exit_code_is_4(self):
        for name in ("map list", "prog list", "port list", "port stats",
                     "stats", "trace", "reload", "map dump 1"):
            status, out, err = weir("-s", NO_SOCKET, *name.split())
            self.assertEqual((status, out), (4, ""), name)
            self.assertIn("weir run", err)

    def test_the_version_needs_no_daemon(self):
        status, out, _ = weir("-s", NO_SOCKET, "version", "-j")
        self.assertEqual(status, 0)
        self.assertRegex(json.loads(out)["version"], r"^\d+\.\d+\.\d+$")

    def test_an_object_that_is_not_there_is_not_found(self):
        status, _, err = weir("prog", "load", "/nonexistent.o")
        self.assertEqual(status, 3)
        self.assertIn("/nonexistent.o", err)

    def test_completion_is_a_script_that_completes(self):
        script = weir("completion")[1] + """
        COMP_WORDS=(weir map du) COMP_CWORD=2; _weir
        echo "${COMPREPLY[@]}"
        COMP_WORDS=(weir ma) COMP_CWORD=1; _weir; echo "${COMPREPLY[@]}"
        COMP_WORDS=(weir map list --js) COMP_CWORD=3; _weir
        echo "${COMPREPLY[@]}"
        """
        done = subprocess.run(["bash", "-euc", script], check=True, text=True,
                              capture_output=True, cwd="/proc/self/task")
        self.assertEqual(done.stdout.split("\n")[:3],
                         ["dump", "map manual", "--json"])

    def test_the_manual_page_has_every_command(self):
        page = weir("manual")[1]
        for name in names():
            self.assertIn(f".SS weir {name}\n", page)
        for code in range(7):
            self.assertIn(f".TP\n.B {code}\n", page)

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_troff_takes_the_manual_page(self):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], text=True,
                              input=weir("manual")[1], check=True,
                              capture_output=True)
        self.assertEqual(done.stderr, "")
        self.assertIn("EXIT STATUS", re.sub(".\x08", "", done.stdout))


if __name__ == "__main__":
    main()
