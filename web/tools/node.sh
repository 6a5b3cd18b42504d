#!/bin/sh
# Prints the directory of a Node new enough for the pinned Nuxt (>= 22.19): the machine's own when it is, else the pinned
# npm package of tools/node (checked by integrity), installed once beside its lock file.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

new_enough() {
    "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 19) ? 0 : 1)' \
        >/dev/null 2>&1
}

own=$(command -v node || true)
if [ -n "$own" ] && new_enough "$own"; then
    dirname -- "$own"
    exit 0
fi
case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) echo "web: no pinned Node for $(uname -m); install Node 22.19 or later" >&2; exit 1 ;;
esac
bin="$here/node/node_modules/node-linux-$arch/bin"
if ! new_enough "$bin/node"; then
    command -v npm >/dev/null || { echo "web: npm is missing (Debian: apt-get install npm)" >&2; exit 1; }
    npm ci --prefix "$here/node" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
fi
echo "$bin"
