#!/bin/sh
# Installs the locked packages when the lock file changed, then prints the directory of the Node to use.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
web=$(dirname -- "$here")
bin=$("$here/node.sh")
PATH="$bin:$PATH"
export PATH
lock=$(sha256sum "$web/package-lock.json" | cut -c1-64)
stamp="$web/node_modules/.weft-lock"
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$lock" ]; then
    echo "web: installing packages" >&2
    # npm leaves out optional packages (the native parts of the build) that its own Node is too old for, whatever Node
    # builds later; so npm itself runs on the chosen Node, even where its first line names another.
    cli=$(readlink -f "$(command -v npm)")
    case $cli in
        *.js) set -- "$bin/node" "$cli" ;;
        *) set -- npm ;;
    esac
    "$@" ci --prefix "$web" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    echo "$lock" >"$stamp"
fi
echo "$bin"
