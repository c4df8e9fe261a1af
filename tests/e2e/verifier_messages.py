#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""docs/verifier-messages.md says what the two verifiers say.

A fence marked `c mistake=NAME` is a program of tests/verifier/mistakes.bpf.c,
`text linux=NAME` what the live kernel says of it, `text weir=NAME` what Weir
says.  With --write the fences are written anew."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from weir import WEIR

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "verifier-messages.md"
SOURCE = ROOT / "tests" / "verifier" / "mistakes.bpf.c"
CODES = ROOT / "lib" / "verify" / "code.h"
FENCE = re.compile(r"^```(c|text) (mistake|linux|weir)=(\w+)\n(.*?)^```$",
                   re.M | re.S)
CLASS = {"UNSAFE": "unsafe", "UNPROVEN": "unproven", "LACKING": "unsupported"}


def programs():
    found = re.finditer(r'^SEC\("xdp"\) int (\w+)\(.*?^}\n',
                        SOURCE.read_text(), re.M | re.S)
    return {m.group(1): m.group(0) for m in found}


def build(folder):
    shutil.copy(SOURCE, folder)
    subprocess.run(["clang-19", "-O2", "-g", "-target", "bpf",
                    "-I/usr/include/x86_64-linux-gnu", "-c", SOURCE.name,
                    "-o", "mistakes.o"], cwd=folder, check=True)
    return pathlib.Path(folder, "mistakes.o")


def weir(*words):
    return subprocess.run([WEIR, "verify", *map(str, words)], check=False,
                          text=True, capture_output=True,
                          timeout=120).stdout


def what_weir_says(path, name):
    """All but the line of totals, and where the file happened to be."""
    text = weir(path, "--prog", name).split("\n", 1)[1]
    return re.sub(r"^  ", "", text.replace(f"{path.parent}/", ""), flags=re.M)


def what_linux_says(path):
    """The log's end: from the source line on."""
    said = {}
    for prog in json.loads(weir(path, "--vs", "kernel", "-j"))["programs"]:
        lines = prog["kernel"]["log"].split("\n")
        start = max(i for i, line in enumerate(lines)
                    if line.startswith("; "))
        said[prog["name"]] = "\n".join(lines[start:]) + "\n"
    return said


def answers(folder, with_linux):
    path = build(folder)
    said = {("mistake", name): text for name, text in programs().items()}
    for name in programs():
        said["weir", name] = what_weir_says(path, name)
    if with_linux:
        for name, text in what_linux_says(path).items():
            said["linux", name] = text
    return said


class Messages(unittest.TestCase):
    maxDiff = None

    def test_the_page_quotes_both(self):
        quoted = {(kind, name): text for _, kind, name, text
                  in FENCE.findall(PAGE.read_text())}
        with tempfile.TemporaryDirectory() as folder:
            said = answers(folder, os.geteuid() == 0)
        for key, text in said.items():
            with self.subTest(what=key):
                self.assertEqual(quoted.get(key), text)
        self.assertEqual({name for _, name in quoted}, set(programs()))

    def test_the_page_has_every_code(self):
        rows = re.findall(r'X\(\w+, "([^"]+)", (\w+), (\w+)\)',
                          CODES.read_text())
        want = [(name, CLASS[known] if known == of_range
                 else f"{CLASS[known]} or {CLASS[of_range]}")
                for name, known, of_range in rows if name != "ok"]
        have = re.findall(r"^\| `([a-z-]+)` \| ([a-z ]+) \|",
                          PAGE.read_text(), re.M)
        self.assertEqual(have, want)


def write():
    with tempfile.TemporaryDirectory() as folder:
        said = answers(folder, True)

    def fresh(match):
        language, kind, name, _ = match.groups()
        return f"```{language} {kind}={name}\n{said[kind, name]}```"

    PAGE.write_text(FENCE.sub(fresh, PAGE.read_text()))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        unittest.main(verbosity=2)
