#!/usr/bin/env bash
# Proves what a release promises: two builds of the committed tree in different folders give equal jars, and the sample
# backend and the sample policy build from what was installed.
#
#   check.sh [FOLDER]     FOLDER is made, and kept; a temporary one is removed
#
# MAVEN_REPOSITORY  where libraries and plugins are found that were downloaded before
# RELEASE_MODULES   what is built, for a shorter run; all but the integration tests by default
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
if [[ $# -gt 0 ]]; then
    mkdir -p "$1"
    WORK=$(cd "$1" && pwd)
else
    WORK=$(mktemp -d)
    trap 'rm -rf "$WORK"' EXIT
fi
TAIL=${MAVEN_REPOSITORY:-$HOME/.m2/repository}

# Maven over copy $1's own repository, the rest of the arguments handed on.
maven() {
    local copy=$1
    shift
    ./mvnw -B -ntp -q -Dmaven.repo.local="$WORK/repository-$copy" -Dmaven.repo.local.tail="$TAIL" "$@"
}

for copy in one two; do
    rm -rf "${WORK:?}/$copy" "$WORK/repository-$copy"
    mkdir -p "$WORK/$copy" "$WORK/repository-$copy"
    git -C "$ROOT" archive HEAD | tar -x -C "$WORK/$copy"
    (cd "$WORK/$copy" && maven "$copy" -Dmaven.test.skip=true -Djacoco.skip -pl "${RELEASE_MODULES:-!integration-tests}" install)
done

different=0
while IFS= read -r jar; do
    if cmp -s "$WORK/repository-one/$jar" "$WORK/repository-two/$jar"; then
        echo "equal      $(sha256sum <"$WORK/repository-one/$jar" | cut -c 1-16)  $(basename "$jar")"
    else
        echo "different                    $(basename "$jar")"
        different=1
    fi
done < <(cd "$WORK/repository-one" && find dev/filigree -name '*.jar' | sort)
[[ $different == 0 ]] || { echo "the builds differ" >&2; exit 1; }

for sample in backend policy; do
    (cd "$WORK/one" && maven one -f "integration-tests/samples/$sample/pom.xml" verify)
    echo "built      sample $sample, from the installed artifacts"
done
