#!/bin/sh
# What: cron-parser cannot step over the end of a summer time of half an hour: it calls any line that has to
#   do so invalid.
# Why it matters: job queues ask it for a job's next time right after each run (BullMQ is one that does). On
#   Lord Howe Island "0 9 * * *" has no next time on the day before clocks go back, though the line is right
#   and was so all year. In October the day's run is dropped, while elsewhere it is moved behind the gap.
# Versions: cron-parser 5.10.6; Node 20 or newer.
# Documented: no; the README says that such changes are handled correctly.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    cron-parser@5.10.6 >npm.log

cat >look.cjs <<'END'
const { CronExpressionParser } = require('cron-parser');

function next(line, tz, after) {
  try {
    const times = CronExpressionParser.parse(line, { tz, currentDate: new Date(after) });
    return times.next().toDate().toISOString();
  } catch (error) {
    return `error: ${error.message}`;
  }
}

// UTC+11 until 3 April 2027 15:00 UTC, then UTC+10:30, and UTC+11 again from 2 October 15:30 UTC on.
const howe = 'Australia/Lord_Howe';
const cases = [
  ['0 9 * * *', howe, '2027-04-01T22:00:00Z', '2027-04-02T22:00:00.000Z', '2027-04-02T22:00:00.000Z'],
  ['0 9 * * *', howe, '2027-04-02T22:00:00Z', '2027-04-03T22:30:00.000Z',
    'error: Invalid expression, loop limit exceeded'],
  ['0 * * * *', howe, '2027-04-03T14:00:00Z', '2027-04-03T15:30:00.000Z',
    'error: Invalid expression, loop limit exceeded'],
  ['0 9 * * *', howe, '2027-04-03T22:30:00Z', '2027-04-04T22:30:00.000Z', '2027-04-04T22:30:00.000Z'],
  ['15 2 * * *', howe, '2027-10-02T01:30:00Z', 'that night, 2 October 15:30 UTC or a little later',
    '2027-10-03T15:15:00.000Z'],
  ['30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', 'that night, 28 March 01:00 UTC or a little later',
    '2027-03-28T01:30:00.000Z'],
];
for (const [line, zone, after, guess, known] of cases) {
  const seen = next(line, zone, after);
  console.log(`"${line}" ${zone} after ${after}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
END
node look.cjs
