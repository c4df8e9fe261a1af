# SPDX-License-Identifier: BSD-3-Clause
"""Real programs with a few instructions changed, asked of Weir and Linux:
mutate.py WEIR ROUNDS SEED OBJECT...  Fails where the two differ, and keeps
the object in the current folder.  An interrupt ends it with what it knows."""
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../selftests"))
import verify

EXECINSTR = 4
PROGBITS = 1
RELOCATIONS = (4, 9)
NUMBERS = (0, 1, -1, 2, 7, 8, 14, 16, 31, 32, 63, 64, 255, 256, 511, 512, -8,
           -16, -512, -513, 0x7fffffff, -0x80000000, 65535, 65536)
OFFSETS = (0, 1, -1, 2, 3, 4, 8, -8, -4, -16, -512, 76, 80)
LD_IMM64, CALL, EXIT = 0x18, 0x85, 0x95
ALU, JUMP, MEMORY = (4, 7), (5, 6), (1, 2, 3)


def heads(data):
    at, = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    for i in range(count):
        yield struct.unpack_from("<IIQQQQIIQQ", data, at + i * size)


def code(data):
    """Where instructions are that nothing but their bytes says."""
    tables = list(heads(data))
    places = []
    for i, head in enumerate(tables):
        if head[1] != PROGBITS or not head[2] & EXECINSTR:
            continue
        taken = set()
        for other in tables:
            if other[1] in RELOCATIONS and other[7] == i:
                for at in range(other[4], other[4] + other[5], other[9]):
                    taken.add(struct.unpack_from("<Q", data, at)[0] // 8)
        second = False
        for n in range(head[5] // 8):
            at = head[4] + n * 8
            wide = data[at] == LD_IMM64
            if n not in taken and not wide and not second:
                places.append(at)
            second = wide
    return places


def change(data, at, rng):
    """One field of one instruction, as a mistake would."""
    op = data[at]
    kind = op & 7
    what = rng.randrange(6)
    if what == 0:
        struct.pack_into("<i", data, at + 4, rng.choice(NUMBERS))
    elif what == 1 and (kind in MEMORY or op not in (CALL, EXIT)):
        struct.pack_into("<h", data, at + 2, rng.choice(OFFSETS))
    elif what == 2:
        data[at + 1] = data[at + 1] & 0xf0 | rng.randrange(11)
    elif what == 3 and op != CALL:
        data[at + 1] = data[at + 1] & 0x0f | rng.randrange(11) << 4
    elif what == 4 and kind in ALU:
        data[at] = op & 0x0f | rng.randrange(14) << 4
    elif what == 5 and kind in JUMP and op not in (CALL, EXIT):
        data[at] = op & 0x0f | rng.choice((1, 2, 3, 4, 5, 6, 7, 10, 11, 12,
                                           13)) << 4


def mutant(source, rng):
    data = bytearray(source)
    places = code(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        change(data, rng.choice(places), rng)
    return data


def ask(weir, path, name, table):
    """False: the two differ."""
    try:
        programs, reason = verify.ask(weir, path)
    except subprocess.TimeoutExpired:
        programs, reason = [], "it takes too long"
    if reason:
        table.cannot_read(name, reason)
    for p in programs:
        table.add(name, p)
    return not any(verify.kind_of(p) in verify.WRONG for p in programs)


def main():
    weir, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    objects = [(path, open(path, "rb").read()) for path in sys.argv[4:]]
    table = verify.Table()
    done = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "mutant.o")
        try:
            for n in range(seed, seed + rounds):
                rng = random.Random(n)
                source, data = rng.choice(objects)
                with open(path, "wb") as f:
                    f.write(mutant(data, rng))
                name = "%s#%d" % (os.path.basename(source), n)
                if not ask(weir, path, name, table):
                    shutil.copy(path, "mutant-%d.o" % n)
                done += 1
        except KeyboardInterrupt:
            pass
    print("%6d  objects" % done)
    table.work.clear()
    table.show()
    return 1 if any(table.count[kind] for kind in verify.WRONG) else 0


if __name__ == "__main__":
    sys.exit(main())
