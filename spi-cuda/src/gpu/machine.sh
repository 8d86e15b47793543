#!/usr/bin/env bash
# Runs on the machine with the GPU: conformance kit, main job, memory checker, and our times beside those of PyTorch (cuDNN and
# cuBLAS) in the same call; writes reports and one table into a folder.
#
#   BUNDLE/machine.sh OUT [TIER]       from the root of the sources; TIER of the kit: smoke, core (default) or full
#
#   BUNDLE/machine.sh OUT rates        the times alone
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
rates() {
    step rates "$BUNDLE/filigree.sh" --kit rates cuda
    if python3 -c 'import torch' 2>/dev/null; then
        step peers python3 "$BUNDLE/peers.py"
    else
        printf '| peers | python3 has no torch: nothing to compare with | 0 |\n' >>"$OUT/table.md"
        : >"$OUT/peers.log"
    fi
    python3 "$BUNDLE/ratios.py" "$OUT/rates.log" "$OUT/peers.log" >"$OUT/ratios.md"
    { echo; head -n 1 "$OUT/rates.log"; head -n 1 "$OUT/peers.log"; cat "$OUT/ratios.md"; } >>"$OUT/table.md"
}

if [[ $TIER == rates ]]; then
    rates
    cat "$OUT/device.txt" "$OUT/table.md"
    exit $failed
fi
step backends "$BUNDLE/filigree.sh" backends
FILIGREE_JAVA_OPTS="-Dfiligree.kit.tier=$TIER" step kit "$BUNDLE/filigree.sh" --kit run cuda
step needle-cuda "$BUNDLE/filigree.sh" run examples/needle.yaml --backend cuda
step needle-cpu "$BUNDLE/filigree.sh" run examples/needle.yaml --backend cpu-vector
if command -v compute-sanitizer >/dev/null; then
    FILIGREE_JAVA_OPTS="-Dfiligree.kit.tier=smoke" step sanitizer \
        compute-sanitizer --target-processes all --error-exitcode 9 "$BUNDLE/filigree.sh" --kit run cuda
fi
rates
cat "$OUT/device.txt" "$OUT/table.md"
tail -n 3 "$OUT"/kit.log
exit $failed
