#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The commands in the documentation run.

In docs/**/*.md a fence marked `sh run` is run by bash, all of a file's in order
and in one directory; `sh run root` only as root.  `c file=NAME` is a file that
they find there.  A command that fails fails the test.
"""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from weir import BUILD, WEIR

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+) (.+?)\n(.*?)^```$", re.M | re.S)


class Examples(unittest.TestCase):
    def run_block(self, text, where):
        env = dict(os.environ, PATH=f"{os.path.dirname(WEIR)}:"
                   + os.environ["PATH"])
        done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", text],
                              cwd=where, env=env, check=False, text=True,
                              stdin=subprocess.DEVNULL, timeout=120,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, f"\n{text}\n{done.stdout}")

    def run_document(self, path):
        with tempfile.TemporaryDirectory() as where:
            os.symlink(BUILD, os.path.join(where, "build"))
            for name in ("tests", "progs", "config"):
                os.symlink(ROOT / name, os.path.join(where, name))
            for language, mark, text in FENCE.findall(path.read_text()):
                words = mark.split()
                if words[0].startswith("file="):
                    file = os.path.join(where, words[0][len("file="):])
                    pathlib.Path(file).write_text(text)
                elif language == "sh" and words[0] == "run":
                    if "root" in words and os.geteuid() != 0:
                        continue
                    with self.subTest(document=path.name, block=text):
                        self.run_block(text, where)

    def test_documents(self):
        for path in sorted((ROOT / "docs").glob("**/*.md")):
            self.run_document(path)

    def test_links_lead_somewhere(self):
        for path in [ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")]:
            for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
                self.assertTrue((path.parent / link).exists(),
                                f"{path.name}: {link}")


if __name__ == "__main__":
    unittest.main()
