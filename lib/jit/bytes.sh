#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# bytes.sh FILE OUT - a file as numbers for an array
set -eu
od -An -v -tu1 "$1" | sed 's/[0-9][0-9]*/&,/g' >"$2"
