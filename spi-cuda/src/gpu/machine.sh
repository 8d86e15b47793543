#!/usr/bin/env bash
# Runs on the machine with the GPU: conformance kit, main job, memory checker; writes reports and one table into a folder.
#
#   BUNDLE/machine.sh OUT [TIER]       from the root of the sources; TIER of the kit: smoke, core (default) or full
#
# Goes on after a failure, so that one call shows all of them; exits 1 if anything failed.
set -uo pipefail

BUNDLE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
OUT=${1:?usage: machine.sh OUT [TIER]}
TIER=${2:-core}
mkdir -p "$OUT"
failed=0
printf '| step | result | seconds |\n|---|---|---|\n' >"$OUT/table.md"

step() {
    local name=$1 start=$SECONDS result=ok
    shift
    timeout 240 "$@" >"$OUT/$name.log" 2>&1 || { result="failed ($?)"; failed=1; }
    printf '| %s | %s | %s |\n' "$name" "$result" "$((SECONDS - start))" >>"$OUT/table.md"
}

nvidia-smi --query-gpu=name,driver_version --format=csv,noheader >"$OUT/device.txt" 2>&1
step backends "$BUNDLE/filigree.sh" backends
FILIGREE_JAVA_OPTS="-Dfiligree.kit.tier=$TIER" step kit "$BUNDLE/filigree.sh" --kit run cuda
step needle-cuda "$BUNDLE/filigree.sh" run examples/needle.yaml --backend cuda
step needle-cpu "$BUNDLE/filigree.sh" run examples/needle.yaml --backend cpu-vector
if command -v compute-sanitizer >/dev/null; then
    FILIGREE_JAVA_OPTS="-Dfiligree.kit.tier=smoke" step sanitizer \
        compute-sanitizer --target-processes all --error-exitcode 9 "$BUNDLE/filigree.sh" --kit run cuda
fi
cat "$OUT/device.txt" "$OUT/table.md"
tail -n 3 "$OUT"/kit.log
exit $failed
