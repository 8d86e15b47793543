#!/usr/bin/env bash
# Evaluates page selection on needle-16k: writes one config per setting and hands them to `filigree eval`.
#
#   examples/eval/lserve.sh FOLDER SIZE PROMPTS_PER_TASK SETTING...
#
# FOLDER gets the configs, the state and the results; the same call goes on where it was interrupted. A setting is
#   dense-PRECISION | HEADS-PRECISION-bBUDGET-rREUSE[-LISTS]
# with PRECISION f16, int8 or int4, HEADS alone (every head selects) or duo (a quarter selects, the others stream), and
# LISTS query-head (default) or kv-group: alone-int8-b4096-r4, duo-int4-b2048-r8-kv-group.
#
# FILIGREE          the command line to call instead of this tree's launcher, such as a bundle's filigree.sh
# FILIGREE_BACKEND  the backend, else the first that serves
# FILIGREE_COMPUTE  activations, f32 if absent
set -euo pipefail

HERE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
FOLDER=$1 SIZE=$2 PROMPTS=$3
shift 3
mkdir -p "$FOLDER"

select_pages() { # indent budget reuse lists
    printf '%spolicy: lserve\n%sbudget: %s\n%sreuseInterval: %s\n%slists: %s\n' "$1" "$1" "$2" "$1" "$3" "$1" "$4"
}

attention() { # setting
    local heads precision budget reuse lists
    IFS=- read -r heads precision budget reuse lists <<<"$1"
    case $heads in
        dense) printf 'attention: dense\n' ;;
        alone) printf 'attention:\n' && select_pages '  ' "${budget#b}" "${reuse#r}" "${lists:-query-head}" ;;
        duo)
            printf 'attention:\n  policy: duoattention\n  gates: %s/../gates/needle-16k.tsv\n' "$HERE"
            printf '  sparsity: 0.75\n  sink: 64\n  recent: 256\n  retrieval:\n'
            select_pages '    ' "${budget#b}" "${reuse#r}" "${lists:-query-head}"
            ;;
        *) printf 'lserve.sh: settings begin with dense, alone or duo, not %s\n' "$1" >&2 && exit 2 ;;
    esac
    printf 'kvCache:\n  policy: paged\n  k: %s\n  v: %s\n' "$precision" "$precision"
}

CONFIGS=()
for setting in "$@"; do
    config=$FOLDER/$setting.yaml
    { printf 'model: %s/../models/needle-16k\n' "$HERE" && attention "$setting"; } >"$config"
    [[ -z ${FILIGREE_COMPUTE:-} ]] || printf 'compute: %s\n' "$FILIGREE_COMPUTE" >>"$config"
    printf 'limits:\n  maxContext: %s\n  prefillChunk: 1024\n' "$SIZE" >>"$config"
    CONFIGS+=("$config")
done
BACKEND=()
[[ -z ${FILIGREE_BACKEND:-} ]] || BACKEND=(--backend "$FILIGREE_BACKEND")
exec "${FILIGREE:-$HERE/../../filigree}" eval "${CONFIGS[@]}" "${BACKEND[@]+"${BACKEND[@]}"}" --sizes "$SIZE" --prompts-per-task "$PROMPTS" \
    --state "$FOLDER/eval-$SIZE.state" --json "$FOLDER/eval-$SIZE.json"
