#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# engines.sh [PROGRAMS [SEED]] - the long form of verify-engines: a million
set -u
cd "$(dirname "$0")/../.." || exit 1
programs=${1:-1000000}
seed=${2:-$(date +%s)}
failed=0
end=$((seed + programs))
while [ "$seed" -lt "$end" ]; do
	build/tests/verifier/verify-engines 10000 "$seed" || failed=1
	seed=$((seed + 10000))
done
exit $failed
