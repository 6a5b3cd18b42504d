#!/bin/sh
# What: to_number('') is 0 in JMESPath's JavaScript library and null in its Python one; so are other texts.
# Why it matters: mappings move between tools that use either. A blank cell becomes an amount of 0 instead of
#   "no amount": sums stay plausible, and `amount == null` no longer finds the row. "0x10" is 16.
# Versions: npm jmespath 0.16.0, PyPI jmespath 1.0.1; Node 20, Python 3 with venv.
# Documented: otherwise; the specification wants JSON's grammar of numbers, and null for all else.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    jmespath@0.16.0 >npm.log
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check jmespath==1.0.1

cat >look.mjs <<'END'
import { execFileSync } from 'node:child_process';
import jmespath from 'jmespath';

const python = 'import sys, json, jmespath; print(json.dumps(jmespath.search(sys.argv[1], {})))';
const cases = [
  ["to_number('')", '0'],
  ["to_number(' ')", '0'],
  ["to_number('0x10')", '16'],
  ["to_number('12')", '12'],
].map(([source, known]) => {
  const guess = execFileSync('python/bin/python', ['-c', python, source], { encoding: 'utf8' }).trim();
  return [source, guess, known, () => String(jmespath.search({}, source))];
});
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
