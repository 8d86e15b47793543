#!/usr/bin/env bash
# Packs what a machine with a GPU and no Java needs to run Filigree: a trimmed Java runtime, the modules, this folder.
#
#   bundle.sh FOLDER [--vulkan]
#
# FOLDER then holds runtime.tar.xz, mods.tar.xz, jvm.options and the scripts that run there (see machine.sh). About 25 MiB, or 30
# with --vulkan. Build first: ./mvnw -DskipTests -pl host,conformance-kit -am package
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../../.." && pwd)
OUT=$(mkdir -p "${1:?usage: bundle.sh FOLDER [--vulkan]}" && cd "$1" && pwd)
VULKAN=${2:-}
JAVA_MODULES=java.base,java.logging,java.management,java.xml,java.instrument,java.naming,java.net.http,jdk.management
JAVA_MODULES+=,jdk.unsupported,jdk.incubator.vector,jdk.jfr,jdk.zipfs,jdk.nio.mapmode,jdk.jcmd

[[ -n ${JAVA_HOME:-} ]] || { echo "bundle: JAVA_HOME must name a JDK 25" >&2; exit 1; }
[[ -d $ROOT/host/target/filigree/mods ]] || { echo "bundle: host/target/filigree/mods is missing: package host first" >&2; exit 1; }

mkdir -p "$OUT"
rm -rf "$OUT/mods"
mkdir "$OUT/mods"
cp "$ROOT"/host/target/filigree/mods/*.jar "$OUT/mods/"
for module in spi-cpu-reference conformance-kit; do
    cp "$(ls -t "$ROOT/$module"/target/filigree-*-SNAPSHOT.jar | head -n 1)" "$OUT/mods/"
done

# Of the JCuda libraries only the driver's is used; the PTX compiler alone is nine tenths of them. It is found by path.
rm -rf "$OUT/lib"
unzip -q -j "$OUT"/mods/jcuda-natives-*.jar 'lib/libJCudaDriver-*' -d "$OUT/lib"
rm "$OUT"/mods/jcuda-natives-*.jar

# ojAlgo requires java.desktop for parts that nothing here uses, 7 MiB of runtime: without a descriptor it asks for nothing.
zip -q -d "$OUT"/mods/ojalgo-*.jar module-info.class

grep -v '^#' "$ROOT/host/src/main/launcher/jvm.options" >"$OUT/jvm.options"
sed -i 's/,jcuda\.natives//' "$OUT/jvm.options"
if [[ $VULKAN != --vulkan ]]; then
    rm -f "$OUT"/mods/lwjgl*.jar "$OUT"/mods/filigree-vulkan*.jar
    sed -i 's/,org\.lwjgl[a-z.]*//g' "$OUT/jvm.options"
fi

# Uncompressed inside and xz outside is half the size of jlink's own compression.
if [[ ! -f $OUT/runtime.tar.xz ]]; then
    image=$(mktemp -d)
    "$JAVA_HOME/bin/jlink" --add-modules "$JAVA_MODULES" --compress zip-0 --strip-debug --no-man-pages --no-header-files \
        --output "$image/runtime"
    tar -C "$image" -c runtime | xz -6 -T 2 >"$OUT/runtime.tar.xz"
    rm -rf "$image"
fi
# The same for the modules: jars stored, not deflated, and one archive around them.
for jar in "$OUT"/mods/*.jar; do
    unpacked=$(mktemp -d)
    unzip -q "$jar" -d "$unpacked"
    rm "$jar"
    (cd "$unpacked" && zip -q -0 -r "$jar" .)
    rm -rf "$unpacked"
done
tar -C "$OUT" -c mods | xz -6 -T 2 >"$OUT/mods.tar.xz"
rm -rf "$OUT/mods"
cp "$HERE"/*.sh "$HERE"/*.py "$OUT/" 2>/dev/null || cp "$HERE"/*.sh "$OUT/"
du -sh "$OUT"
