#!/bin/sh
# What: JSONata writes a fraction as text with 15 significant digits, not with all that JSON has.
# Why it matters: a time in seconds with microseconds (logs, chat messages, audit feeds) has 16. `"..." & ts`,
#   as one builds a cursor, moves it by up to 5 microseconds: the next poll reads an event twice or never. The
#   number itself is untouched, so looking at the value shows nothing.
# Versions: jsonata 2.2.2; Node 20 or newer.
# Documented: otherwise; $string is said to use JSON.stringify. Integers were cut too once (issue 669).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    jsonata@2.2.2 >npm.log

cat >look.mjs <<'END'
import jsonata from 'jsonata';

const events = JSON.parse('{"ts": 1700000000.123456, "later": 1700000000.123458, "id": 1234567890123456}');
const text = (source) => jsonata(source).evaluate(events).then(String);
const cases = [
  ['ts', '1700000000.123456', '1700000000.123456', () => text('ts')],
  ['"after=" & ts', 'after=1700000000.123456', 'after=1700000000.12346', () => text('"after=" & ts')],
  ['$string({"ts": ts})', '{"ts":1700000000.123456}', '{"ts":1700000000.12346}',
    () => text('$string({"ts": ts})')],
  ['$string(ts) = $string(later)', 'false', 'true', () => text('$string(ts) = $string(later)')],
  ['$number($string(ts)) > ts', 'false', 'true', () => text('$number($string(ts)) > ts')],
  ['$string(id)', '1234567890123456', '1234567890123456', () => text('$string(id)')],
];
for (const [what, guess, known, run] of cases) {
  const seen = await run();
  console.log(`${what}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
END
node look.mjs
