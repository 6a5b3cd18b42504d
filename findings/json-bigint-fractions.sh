#!/bin/sh
# What: json-bigint, which is there to keep long integers, turns ordinary fractions into objects, and with
#   native BigInt refuses documents that hold one.
# Why it matters: 0.1 + 0.2 written by any JSON library has 17 digits. Who parses answers of APIs with this
#   package to keep ids whole gets objects for prices and coordinates, which add up as text; with
#   useNativeBigInt the whole answer is lost.
# Versions: json-bigint 1.0.0; Node 20 or newer.
# Documented: no; the README speaks of integers beyond what a double holds.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    json-bigint@1.0.0 >npm.log

cat >look.mjs <<'END'
import JSONbig from 'json-bigint';

const text = JSON.stringify({ price: 0.1 + 0.2 }); // {"price":0.30000000000000004}
const attempt = (run) => {
  try {
    return String(run());
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const cases = [
  ['typeof JSONbig.parse(text).price', 'number', 'object',
    () => typeof JSONbig.parse(text).price],
  ['JSONbig.parse(text).price + 1', '1.3', '0.300000000000000041',
    () => String(JSONbig.parse(text).price + 1)],
  ['useNativeBigInt: parse(text).price', '0.30000000000000004',
    'SyntaxError: Cannot convert 0.30000000000000004 to a BigInt',
    () => attempt(() => JSONbig({ useNativeBigInt: true }).parse(text).price)],
  ['typeof parse({"id":1234567890123456}).id, which a double holds exactly', 'number', 'object',
    () => typeof JSONbig.parse('{"id":1234567890123456}').id],
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
