#!/bin/sh
# What: a duration of one month, as other tools write it, is one minute for Temporal's SDK and parse-duration.
# Why it matters: systemd's 1M and ISO 8601's P1M are a month. A reminder that sleeps '1M' in a Temporal workflow
#   comes after 60 seconds, and a retention setting of P1M read by parse-duration deletes all that is older than
#   a minute. Neither is refused, while '1 month' is an error in the one, and a month in the other.
# Versions: @temporalio/common 1.24.0 (with ms 3.0.0-canary.1), parse-duration 2.1.9, luxon 3.7.2; Node 20.
# Documented: no. Temporal sends one to ms, whose documents have no capital letter; parse-duration lists m and
#   mo, and not ISO 8601.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    @temporalio/common@1.24.0 ms@3.0.0-canary.1 parse-duration@2.1.9 luxon@3.7.2 >npm.log

cat >look.mjs <<'END'
import { msToNumber } from '@temporalio/common/lib/time.js';
import { Duration } from 'luxon';
import parseDuration from 'parse-duration';

const seconds = (milliseconds) => `${milliseconds / 1000} s`;
const attempt = (run) => {
  try {
    return run();
  } catch (error) {
    return `error: ${error.message}`;
  }
};
const month = Duration.fromObject({ months: 1 }).toISO();
const cases = [
  ["Temporal's '1m'", '60 s', '60 s', () => seconds(msToNumber('1m'))],
  ["Temporal's '1M'", 'some 2600000 s, or an error', '60 s', () => seconds(msToNumber('1M'))],
  ["Temporal's '1 month'", 'some 2600000 s, or an error', "error: Invalid duration string: '1 month'",
    () => seconds(msToNumber('1 month'))],
  [`parse-duration's '${month}'`, 'some 2600000 s, or an error', '60 s', () => seconds(parseDuration(month))],
  ["parse-duration's '1 month'", 'some 2600000 s', '2629800 s', () => seconds(parseDuration('1 month'))],
];
for (const [what, guess, known, run] of cases) {
  const seen = attempt(run);
  console.log(`${what}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
END
node look.mjs
