#!/usr/bin/env bash
# Compiles the CUDA kernels into one compressed fatbin, or leaves it out where there is no nvcc.
#
#   kernels.sh SOURCES WORK OUTPUT
#
# SOURCES holds <op>/*.cu; *_sm90a.cu is built for sm_90a alone, everything else is one unit for every target. WORK keeps the
# report (registers, shared memory, spills per kernel) and what makes a second run with equal sources do nothing.
# FILIGREE_CUDA_ARCHS narrows the targets of a build in development, such as "90a".
set -euo pipefail

SOURCES=$(cd "$1" && pwd)
WORK=$2
OUTPUT=$3
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ARCHS=${FILIGREE_CUDA_ARCHS:-80 86 89 90a}
NVCC=$(command -v nvcc || true)
[[ -n $NVCC ]] || for home in "${CUDA_HOME:-}" "${CUDA_PATH:-}" /usr/local/cuda; do
    [[ -z $home || ! -x $home/bin/nvcc ]] || { NVCC=$home/bin/nvcc; break; }
done
if [[ -z $NVCC ]]; then
    echo "kernels: no nvcc on the path or under CUDA_HOME: the CUDA backend is left out"
    rm -f "$OUTPUT"
    exit 0
fi

mkdir -p "$WORK" "$(dirname "$OUTPUT")"
stamp=$( (cat "${BASH_SOURCE[0]}" "$HERE/spill-budget.txt"; echo "$ARCHS"; "$NVCC" --version; cd "$SOURCES" && find . -type f | sort | xargs cat) | sha256sum | cut -d ' ' -f 1)
if [[ -f $OUTPUT && -f $WORK/stamp && $(cat "$WORK/stamp") == "$stamp" ]]; then
    exit 0
fi
rm -f "$WORK/stamp"

(cd "$SOURCES" && find . -name '*.cu' ! -name '*_sm90a.cu' | sort | sed 's|^\./\(.*\)$|#include "\1"|') >"$WORK/all.cu"
targets=()
for arch in $ARCHS; do
    targets+=(-gencode "arch=compute_$arch,code=sm_$arch")
done
# PTX for what comes later; the driver compiles it at load.
[[ $ARCHS == *80* ]] && targets+=(-gencode arch=compute_80,code=compute_80)
start=$SECONDS
if ! "$NVCC" -std=c++17 -O3 -fatbin "${targets[@]}" --threads 2 -Xfatbin=-compress-all -Xptxas -v -I "$SOURCES" \
    -o "$WORK/all.fatbin" "$WORK/all.cu" 2>"$WORK/ptxas.log"; then
    grep -v 'ptxas info' "$WORK/ptxas.log" >&2
    exit 1
fi
python3 "$HERE/report.py" "$WORK/ptxas.log" "$HERE/spill-budget.txt" "$WORK/kernels.txt"
cp "$WORK/all.fatbin" "$OUTPUT"
echo "$stamp" >"$WORK/stamp"
echo "kernels: $(grep -c . "$WORK/kernels.txt") kernels, $(stat -c %s "$OUTPUT") bytes, $((SECONDS - start)) s; report in $WORK/kernels.txt"
