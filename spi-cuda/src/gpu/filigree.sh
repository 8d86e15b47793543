#!/usr/bin/env bash
# Runs the command line from a bundle (see bundle.sh), on a machine without Java:
#
#   BUNDLE/filigree.sh run examples/needle.yaml --backend cuda
#   BUNDLE/filigree.sh --kit run cuda          the conformance kit's main class instead
#
# Runtime and modules are unpacked once, into FILIGREE_RUNTIME (default: a folder under TMPDIR).
# FILIGREE_CPUS   CPUs for taskset, such as 0-7
# FILIGREE_JAVA_OPTS  further options for the JVM, such as -Dfiligree.kit.tier=full
set -euo pipefail

BUNDLE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RUNTIME=${FILIGREE_RUNTIME:-${TMPDIR:-/tmp}/filigree-runtime}
if [[ ! -x $RUNTIME/runtime/bin/java ]]; then
    mkdir -p "$RUNTIME"
    tar -C "$RUNTIME" -xJf "$BUNDLE/mods.tar.xz"
    tar -C "$RUNTIME" -xJf "$BUNDLE/runtime.tar.xz"
fi

MAIN=dev.filigree.host/dev.filigree.host.cli.Main
if [[ ${1:-} == --kit ]]; then
    MAIN=dev.filigree.conformance/dev.filigree.conformance.Main
    shift
fi
OPTIONS=()
while IFS= read -r line; do
    [[ -z $line ]] || OPTIONS+=("$line")
done <"$BUNDLE/jvm.options"
# The kit and the reference are on the module path only; nothing of the application requires them.
OPTIONS+=(--add-modules=ALL-MODULE-PATH "-Djava.io.tmpdir=$RUNTIME" "-Djava.library.path=$BUNDLE/lib")
[[ -z ${FILIGREE_CPUS:-} ]] || PIN=(taskset -c "$FILIGREE_CPUS")
# shellcheck disable=SC2086 # options are meant to be split
exec "${PIN[@]+"${PIN[@]}"}" "$RUNTIME/runtime/bin/java" "${OPTIONS[@]}" ${FILIGREE_JAVA_OPTS:-} -p "$RUNTIME/mods" -m "$MAIN" "$@"
