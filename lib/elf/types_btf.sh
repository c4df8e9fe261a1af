#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# types_btf.sh OBJCOPY OBJECT OUT - .BTF of an object as numbers for an array
set -eu
bytes=$(mktemp)
trap 'rm -f "$bytes"' EXIT
"$1" --dump-section ".BTF=$bytes" "$2" /dev/null
od -An -v -tu1 "$bytes" | sed 's/[0-9][0-9]*/&,/g' >"$3"
