#!/usr/bin/env bash
# Evaluates low-bit linear layers on needle-16k: quantizes what is missing, writes one config per setting and hands them to
# `filigree eval`.
#
#   examples/eval/svdquant.sh FOLDER SIZE PROMPTS_PER_TASK SETTING...
#
# FOLDER gets the quantized checkpoints, the configs, the state and the results; the same call goes on where it was
# interrupted. A setting is SCHEME-PRECISION of the KV cache, f16 or int4. SCHEME is
#   bf16    weights as stored
#   w4a4    INT4 on both sides, smoothed, rank 32       plain   the same without smoothing and branch
#   gptq    w4a4 with GPTQ on the residual              nvfp4   NVFP4 on both sides, smoothed, rank 32
#   w4a8    the file of w4a4 under 8-bit activations    w4a8g   QServe's groups, smoothed
#   w8a8    8 bits on both sides, smoothed              w4a16   u4 with zeros in groups of 64
#
# FILIGREE              the command line to call instead of this tree's launcher, such as a bundle's filigree.sh
# FILIGREE_BACKEND      the backend that evaluates, else the first that serves; cpu-vector quantizes
# FILIGREE_COMPUTE      activations, f32 if absent
# FILIGREE_CHECKPOINTS  folder of the quantized checkpoints, FOLDER if absent; calls beside each other may share it, as long as
#                       no two of them quantize one scheme
set -euo pipefail
shopt -s inherit_errexit

HERE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
FILIGREE=${FILIGREE:-$HERE/../../filigree}
absolute() { mkdir -p "$1" && cd "$1" && pwd; }
FOLDER=$(absolute "$1") SIZE=$2 PROMPTS=$3
CHECKPOINTS=$(absolute "${FILIGREE_CHECKPOINTS:-$FOLDER}")
shift 3

# Quantizes into CHECKPOINTS/$1 with the other arguments; a folder with a config.json is finished.
quantize() {
    local target=$CHECKPOINTS/$1
    shift
    [[ -e $target/config.json && -e $target/model.safetensors ]] && return
    "$FILIGREE" quantize "$HERE/../models/needle-16k" --backend cpu-vector --samples 8 --min-tokens 1024 \
        --max-tokens 1536 "$@" -o "$target" >"$target.txt"
}

# Makes the checkpoint of scheme $1 and prints model and policy.
model() {
    local file=$1 policy=$1
    case $1 in
        bf16) printf 'model: %s/../models/needle-16k\n' "$HERE" && return ;;
        w4a4) policy=svdquant && quantize w4a4 --rank 32 ;;
        plain) policy=svdquant && quantize plain --smooth none --rank 0 ;;
        gptq) policy=svdquant && quantize gptq --rank 32 --gptq ;;
        nvfp4) policy=svdquant && quantize nvfp4 --scheme nvfp4 --rank 32 ;;
        w4a8) file=w4a4 && quantize w4a4 --rank 32 ;;
        w4a8g) policy=w4a8 && quantize w4a8g --scheme w4a8-group --rank 0 ;;
        w8a8) quantize w8a8 --scheme w8a8 --rank 0 ;;
        w4a16) quantize w4a16 --scheme w4a16 --smooth none --rank 0 ;;
        *) printf 'svdquant.sh: no scheme %s\n' "$1" >&2 && return 2 ;;
    esac
    printf 'model: %s\nlinear: %s\n' "$CHECKPOINTS/$file" "$policy"
}

CONFIGS=()
for setting in "$@"; do
    scheme=${setting%-*} precision=${setting##*-}
    text=$(model "$scheme")
    config=$FOLDER/$setting.yaml
    {
        printf '%s\nattention: dense\nkvCache:\n  policy: paged\n  k: %s\n  v: %s\n' "$text" "$precision" "$precision"
        [[ -z ${FILIGREE_COMPUTE:-} ]] || printf 'compute: %s\n' "$FILIGREE_COMPUTE"
        printf 'limits:\n  maxContext: %s\n  prefillChunk: 512\n' "$SIZE"
    } >"$config"
    CONFIGS+=("$config")
done
BACKEND=()
[[ -z ${FILIGREE_BACKEND:-} ]] || BACKEND=(--backend "$FILIGREE_BACKEND")
exec "$FILIGREE" eval "${CONFIGS[@]}" "${BACKEND[@]+"${BACKEND[@]}"}" --sizes "$SIZE" --prompts-per-task "$PROMPTS" \
    --state "$FOLDER/eval-$SIZE.state" --json "$FOLDER/eval-$SIZE.json"
