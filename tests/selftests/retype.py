# SPDX-License-Identifier: BSD-3-Clause
"""Copies a folder's objects with the programs of other types as tc or XDP
ones: retype.py TYPE FROM TO.  What a verifier says of most of them is as good a
question for that type.

Sections get new names, in the object and in its BTF, whose records of lines and
functions go by them.
"""
import os
import re
import struct
import sys

import verify

TYPES = (b"tracepoint tp raw_tp raw_tracepoint tp_btf kprobe kretprobe ksyscall "
         b"uprobe cgroup cgroup_skb lwt_ sk_ sockops perf_event fentry fexit "
         b"fmod_ret lsm syscall flow_dissector netfilter socket iter struct_ops "
         b"freplace lirc xdp tc tcx classifier action").split()
OWN = {b"tc": b"tc tcx classifier action".split(), b"xdp": [b"xdp"]}
HEAD = struct.Struct("<IIQQQQIIQQ")  # of a section
PROGBITS = 1


def is_of(name, types):
    return re.match(rb"^\??(%s)(\b|_|/|\.|[0-9]|$)" % b"|".join(types), name)


def new_names(kind, names):
    """Of each section that is not the type's already, none longer than it was."""
    renamed = {}
    for name in names:
        if is_of(name, OWN[kind]) or not is_of(name, TYPES):
            continue
        at = len(renamed)
        for new in (b"%s/%c%c" % (kind, 97 + at // 26, 97 + at % 26),
                    b"%s/%c" % (kind, 97 + at % 26), kind):
            if len(new) <= len(name):
                renamed[name] = new
                break
    return renamed


def rename_in_btf(data, offset, renamed):
    head, _, _, strings, size = struct.unpack_from("<IIIII", data, offset + 4)
    start = offset + head + strings
    for name, new in renamed.items():
        at = data.find(b"\0" + name + b"\0", start, start + size)
        if at >= 0:
            data[at + 1:at + 1 + len(name)] = new.ljust(len(name), b"\0")


def rename(data, renamed):
    """The names of sections move to the end of the file, where there is room."""
    table, size, count, names = (
        int.from_bytes(data[a:b], "little")
        for a, b in ((40, 48), (58, 60), (60, 62), (62, 64)))
    heads = [HEAD.unpack_from(data, table + i * size) for i in range(count)]
    old = heads[names]
    text = bytearray(data[old[4]:old[4] + old[5]])
    for i, head in enumerate(heads):
        name = bytes(text[head[0]:text.index(0, head[0])])
        if name == b".BTF":
            rename_in_btf(data, head[4], renamed)
        if name in renamed and head[1] == PROGBITS:
            struct.pack_into("<I", data, table + i * size, len(text))
            text += renamed[name] + b"\0"
    struct.pack_into("<QQ", data, table + names * size + 24, len(data),
                     len(text))
    data += text


def main():
    kind, source, to = sys.argv[1:]
    for file in sorted(os.listdir(source)):
        path = os.path.join(source, file)
        if not file.endswith(".o"):
            continue
        renamed = new_names(kind.encode(),
                            dict.fromkeys(verify.sections(path)))
        if not renamed:
            continue
        with open(path, "rb") as f:
            data = bytearray(f.read())
        rename(data, renamed)
        with open(os.path.join(to, file), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
