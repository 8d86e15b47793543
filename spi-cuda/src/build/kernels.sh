#!/usr/bin/env bash
# Compiles the CUDA kernels into compressed fatbins, or leaves them out where there is no nvcc.
#
#   kernels.sh SOURCES WORK OUTPUT
#
# SOURCES holds <op>/*.cu. Everything but *_sm90a.cu is one unit for every target, OUTPUT/kernels.fatbin; each *_sm90a.cu is
# built by itself for sm_90a, OUTPUT/<name>.fatbin. OUTPUT/index.txt names every fatbin and its kernels. WORK keeps the report (registers,
# shared memory, spills per kernel), the machine code for sm_90a (cubin/, which a test reads) and what makes a second run with
# equal sources do nothing.
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
    rm -rf "$OUTPUT"
    exit 0
fi

mkdir -p "$WORK" "$OUTPUT"
stamp=$( (cat "${BASH_SOURCE[0]}" "$HERE/spill-budget.txt"; echo "$ARCHS"; "$NVCC" --version; cd "$SOURCES" && find . -type f | sort | xargs cat) | sha256sum | cut -d ' ' -f 1)
if [[ -f $OUTPUT/index.txt && -f $WORK/stamp && $(cat "$WORK/stamp") == "$stamp" ]]; then
    exit 0
fi
rm -rf "$WORK/stamp" "$WORK/ptxas" "$WORK/cubin" "$WORK/keep" "${OUTPUT:?}"/*
mkdir -p "$WORK/ptxas" "$WORK/cubin" "$WORK/keep"

# compile NAME SOURCE TARGETS...
compile() {
    local name=$1 source=$2
    shift 2
    mkdir "$WORK/keep/$name"
    if ! "$NVCC" -std=c++17 -O3 -fatbin "$@" -Xfatbin=-compress-all -Xptxas -v -I "$SOURCES" -o "$OUTPUT/$name.fatbin" "$source" \
        --keep --keep-dir "$WORK/keep/$name" 2>"$WORK/ptxas/$name.log"; then
        grep -v 'ptxas info' "$WORK/ptxas/$name.log" >&2
        return 1
    fi
    # With one target its name is not in the name of the cubin.
    local cubins=("$WORK/keep/$name"/*.cubin)
    ((${#cubins[@]} == 1)) || cubins=("$WORK/keep/$name"/*90a*.cubin)
    [[ $ARCHS != *90a* || ! -f ${cubins[0]} ]] || mv "${cubins[0]}" "$WORK/cubin/$name.cubin"
}

start=$SECONDS
(cd "$SOURCES" && find . -name '*.cu' ! -name '*_sm90a.cu' | sort | sed 's|^\./\(.*\)$|#include "\1"|') >"$WORK/all.cu"
targets=(--threads 2)
for arch in $ARCHS; do
    targets+=(-gencode "arch=compute_$arch,code=sm_$arch")
done
# PTX for what comes later; the driver compiles it at load.
[[ $ARCHS == *80* ]] && targets+=(-gencode arch=compute_80,code=compute_80)
compile kernels "$WORK/all.cu" "${targets[@]}"
if [[ $ARCHS == *90a* ]]; then
    while IFS= read -r source; do
        name=$(basename "$source" .cu)
        compile "$name" "$source" -gencode arch=compute_90a,code=sm_90a
    done < <(find "$SOURCES" -name '*_sm90a.cu' | sort)
fi
rm -rf "$WORK/keep"
for log in "$WORK"/ptxas/*.log; do
    echo "$(basename "$log" .log).fatbin" $(sed -n "s/.*Compiling entry function '\([^']*\)'.*/\1/p" "$log" | sort -u)
done >"$OUTPUT/index.txt"
cat "$WORK"/ptxas/*.log >"$WORK/ptxas.log"
python3 "$HERE/report.py" "$WORK/ptxas.log" "$HERE/spill-budget.txt" "$WORK/kernels.txt"
echo "$stamp" >"$WORK/stamp"
echo "kernels: $(grep -c . "$WORK/kernels.txt") kernels, $(du -sb "$OUTPUT" | cut -f 1) bytes, $((SECONDS - start)) s; report in $WORK/kernels.txt"
