#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The long form of verify-embed: programs made at random run inside the states
# of their verification, until so many runs were counted.  An interrupt ends it
# with what it knows; in the background, where a shell ignores it, SIGTERM does.
#
#   tests/verifier/embed.sh BUILD_DIR [RUNS [SEED]]
set -u
embed=$1/tests/verifier/verify-embed
wanted=${2:-10000000} seed=${3:-1}
programs=0 runs=0 steps=0 slow=0 wrong=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
trap 'wanted=0' INT TERM

while [ "$runs" -lt "$wanted" ]; do
	# One batch that takes long is counted and left.
	if line=$(timeout 120 "$embed" 50 "$seed" 400 2>"$log"); then
		set -- $line
		programs=$((programs + $1)) runs=$((runs + $5))
		steps=$((steps + $7))
	elif [ $? -eq 124 ]; then
		slow=$((slow + 1))
	else
		wrong=$((wrong + 1))
		cat "$log"
	fi
	seed=$((seed + 50))
done
echo "$programs programs, $runs runs, $steps steps, $wrong batches wrong," \
	"$slow left"
[ "$wrong" -eq 0 ]
