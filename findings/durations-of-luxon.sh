#!/bin/sh
# What: half of the ISO 8601 durations that luxon writes are no "duration" to a JSON Schema validator.
# Why it matters: a form or SDK makes a timeout with Duration.toISO(), the workflow's schema says
#   "format": "duration", and all is well until one is 90.5 seconds, a week and a day, or negative. JSON Schema
#   means the grammar in appendix A of RFC 3339, which has neither fractions, signs, nor weeks beside others.
# Versions: luxon 3.7.2, ajv 8.20.0, ajv-formats 3.0.1; Node 20 or newer.
# Documented: in the specification of JSON Schema, by reference; not by luxon or ajv-formats.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    luxon@3.7.2 ajv@8.20.0 ajv-formats@3.0.1 >npm.log

cat >look.mjs <<'END'
import Ajv from 'ajv';
import formats from 'ajv-formats';
import { Duration } from 'luxon';

const ajv = new Ajv.default();
formats.default(ajv);
const isValid = ajv.compile({ type: 'string', format: 'duration' });
function judged(parts) {
  const text = Duration.fromObject(parts).toISO();
  return `${text} ${isValid(text) ? 'valid' : 'invalid'}`;
}

const cases = [
  [{ minutes: 1, seconds: 30 }, 'PT1M30S valid', 'PT1M30S valid'],
  [{ minutes: 1, seconds: 30.5 }, 'PT1M30.5S valid', 'PT1M30.5S invalid'],
  [{ hours: 1.5 }, 'PT1.5H valid', 'PT1.5H invalid'],
  [{ weeks: 1 }, 'P1W valid', 'P1W valid'],
  [{ weeks: 1, days: 1 }, 'P1W1D valid', 'P1W1D invalid'],
  [{ hours: -1 }, 'PT-1H valid', 'PT-1H invalid'],
].map(([parts, guess, known]) => [JSON.stringify(parts), guess, known, () => judged(parts)]);
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
