#!/usr/bin/env bash
# Paints shapes-64's own captions with every 4-bit scheme, from the same noise, and compares with 16 bits.
#
#   examples/eval/shapes.sh FOLDER [SCHEME...]
#
# FOLDER gets the quantized checkpoints, the configs, a contact sheet (one row per scheme, 16 bits first) and scores.json.
# Checkpoints that are there are kept. Calibration paints other captions than those that are compared.
set -euo pipefail

HERE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
FILIGREE=$HERE/../../filigree
FOLDER=$(mkdir -p "$1" && cd "$1" && pwd)
shift
[[ $# -gt 0 ]] || set -- plain smooth rank8 rank16 rank32 gptq weights

options() {
    case $1 in
        plain) echo --smooth none --rank 0 ;;
        smooth) echo --rank 0 ;;
        rank*) echo --rank "${1#rank}" ;;
        gptq) echo --rank 32 --gptq ;;
        weights) echo --scheme w4a16 --smooth none --rank 0 ;;
        *) printf 'shapes.sh: no scheme %s\n' "$1" >&2 && return 2 ;;
    esac
}

printf 'model: %s/../models/shapes-64\nlimits:\n  maxSeqs: 8\n' "$HERE" >"$FOLDER/bf16.yaml"
AGAINST=()
for scheme in "$@"; do
    policy=svdquant && [[ $scheme == weights ]] && policy=w4a16
    given=$(options "$scheme")
    if [[ ! -e $FOLDER/$scheme/config.json ]]; then
        # shellcheck disable=SC2086 # options are words
        "$FILIGREE" quantize "$HERE/../models/shapes-64" --captions "$HERE/shapes-captions.txt" $given \
            -o "$FOLDER/$scheme" >"$FOLDER/$scheme.txt"
    fi
    printf 'model: %s\nlinear: %s\nlimits:\n  maxSeqs: 8\n' "$FOLDER/$scheme" "$policy" >"$FOLDER/$scheme.yaml"
    AGAINST+=(--against "$FOLDER/$scheme.yaml")
done
exec "$FILIGREE" paint --prompts --config "$FOLDER/bf16.yaml" "${AGAINST[@]}" -o "$FOLDER/sheet.png" \
    --json "$FOLDER/scores.json"
