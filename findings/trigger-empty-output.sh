#!/bin/sh
# What: between tasks of Trigger.dev an empty text becomes undefined, while all other values stay as they are.
# Why it matters: a task that returns a trimmed name, a file's content or a body gives '' now and then. Who waits
#   for it gets undefined: output.length throws, and JSON made of it lacks the field. Even undefined, null, dates,
#   maps and BigInts inside of objects come through, so nobody tests the empty text.
# Versions: @trigger.dev/core 4.8.3 (its stringifyIO and parsePacket carry payloads and outputs); Node 20 or newer.
# Documented: no.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    @trigger.dev/core@4.8.3 >npm.log

cat >look.mjs <<'END'
import { inspect } from 'node:util';
import { parsePacket, stringifyIO } from '@trigger.dev/core/v3';

const cases = [
  ['x', "'x'"],
  ['', 'undefined'],
  [{ name: '' }, "{ name: '' }"],
  [0, '0'],
  [null, 'null'],
  [{ at: new Date(0), big: 5n, none: undefined }, '{ at: 1970-01-01T00:00:00.000Z, big: 5n, none: undefined }'],
];
for (const [value, known] of cases) {
  const seen = inspect(await parsePacket(await stringifyIO(value)));
  console.log(`${inspect(value)}\n  guess: ${inspect(value)}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
END
node look.mjs
