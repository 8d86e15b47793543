#!/usr/bin/env bash
# Runs on a machine with a Vulkan GPU: the conformance kit and the rates, on the plain path, on fragments and on matrices of a work
# group, and the main job; writes logs and one table into a folder. All rates run on the last path alone, since plain prefill of
# long prompts takes minutes.
#
#   machine.sh OUT FILIGREE [TIER]     from the root of the sources
#
# FILIGREE is filigree.sh of a bundle (spi-cuda/src/gpu/bundle.sh FOLDER --vulkan); TIER of the kit: smoke, core or full (default).
# The CUDA backend's rates stand beside Vulkan's where its driver answers. A step has 280 s (STEP_SECONDS). Goes on after a
# failure, so that one call shows all of them; exits 1 if anything failed.
set -uo pipefail

OUT=${1:?usage: machine.sh OUT FILIGREE [TIER]}
FILIGREE=${2:?usage: machine.sh OUT FILIGREE [TIER]}
TIER=${3:-full}
mkdir -p "$OUT"
failed=0
printf '| step | result | seconds |\n|---|---|---|\n' >"$OUT/table.md"

# step NAME JVM_OPTIONS ARGUMENTS...
step() {
    local name=$1 options=$2 start=$SECONDS result=ok
    shift 2
    FILIGREE_JAVA_OPTS=$options timeout "${STEP_SECONDS:-280}" "$FILIGREE" "$@" >"$OUT/$name.log" 2>&1 ||
        { result="failed ($?)"; failed=1; }
    printf '| %s | %s | %s |\n' "$name" "$result" "$((SECONDS - start))" >>"$OUT/table.md"
}

step backends "" backends
FILIGREE_JAVA_OPTS="-Dfiligree.kit.case=Add" "$FILIGREE" --kit run vulkan >"$OUT/probe.log" 2>&1
if [[ $? == 3 ]]; then # no backend of that name can be opened
    cat "$OUT/probe.log"
    echo "machine: no Vulkan device answers; install libvulkan1 and the driver, or set VK_DRIVER_FILES to its JSON file" >&2
    exit 1
fi
level=0
for path in plain fragments workgroup; do
    options="-Dfiligree.kit.options=cooperative=$level"
    step "kit-$path" "-Dfiligree.kit.tier=$TIER $options" --kit run vulkan
    lines=$([[ $path == workgroup ]] || echo "-Dfiligree.kit.case=4096") # lines whose name contains it
    step "rates-$path" "$options $lines" --kit rates vulkan
    level=$((level + 1))
done
step needle "" run examples/needle.yaml --backend vulkan
step rates-cuda "" --kit rates cuda # prints nothing where that backend cannot be opened
cat "$OUT/table.md"
for log in "$OUT"/kit-*.log; do
    echo "$log: $(tail -n 1 "$log")"
done
cat "$OUT"/rates-*.log
exit $failed
