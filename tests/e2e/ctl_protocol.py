#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""docs/protocol.md says what the daemon does: its examples are run, every
method is in it, and so are the limits."""
import json
import os
import re

from weir import Case, Client, main

DOC = os.path.join(os.path.dirname(__file__), "../../docs/protocol.md")


def matches(shown, got):
    """Equal but for "...", which stands for anything."""
    if shown == "...":
        return True
    if isinstance(shown, dict) and isinstance(got, dict):
        return list(shown) == list(got) and \
            all(matches(shown[k], got[k]) for k in shown)
    if isinstance(shown, list) and isinstance(got, list):
        return len(shown) == len(got) and all(map(matches, shown, got))
    return type(shown) is type(got) and shown == got


class Protocol(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(DOC, encoding="utf-8") as f:
            cls.text = f.read()

    def test_the_examples_are_what_happens(self):
        lines = [line for block in re.findall(r"```\n(.*?)```", self.text,
                                              re.S)
                 for line in block.splitlines()]
        self.assertGreater(len(lines), 40)
        c = self.client()
        for line in lines:
            if line.startswith("> "):
                c.send(line[2:].encode() + b"\n")
            else:
                self.assertTrue(line.startswith("< "), line)
                got = c.line()
                self.assertTrue(matches(json.loads(line[2:]), got),
                                f"{line}\n  {json.dumps(got)}")

    def test_every_method_is_described(self):
        with Client(self.daemon.sock) as c:
            methods = c.call("version")["methods"]
        missing = [m for m in methods if m not in self.text]
        self.assertEqual(missing, [])
        self.assertEqual(len(set(methods)), len(methods))


if __name__ == "__main__":
    main("run")
