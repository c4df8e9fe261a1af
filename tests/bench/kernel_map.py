# SPDX-License-Identifier: BSD-3-Clause
"""The few commands of bpf(2) that benchmarks of the control side need."""
import ctypes
import os
import struct

SYS_BPF = 321  # x86-64
MAP_GET_FD_BY_ID, MAP_UPDATE_BATCH = 14, 26
ATTR_BYTES = 144

_libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    room = ctypes.create_string_buffer(attr, ATTR_BYTES)
    result = _libc.syscall(SYS_BPF, command, room, len(attr))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result, room.raw


def by_id(number):
    return bpf(MAP_GET_FD_BY_ID, struct.pack("III", number, 0, 0))[0]


def update_batch(fd, keys, values, count, flags=0):
    """Keys and values are the entries' bytes, one after the other."""
    bpf(MAP_UPDATE_BATCH,
        struct.pack("QQQQIIQQ", 0, 0, _address(keys), _address(values),
                    count, fd, flags, 0))


def _address(data):
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
