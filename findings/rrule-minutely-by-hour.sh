#!/bin/sh
# What: rrule loses the rhythm of a MINUTELY rule with BYHOUR at each day's end: its times of day move.
# Why it matters: "every 90 minutes between 9 and 12" is how shifts and polls within office hours are written.
#   The first day is right, so a glance at a preview passes; from the second day on all times are wrong.
#   Python's dateutil, which the package is a port of, keeps the rhythm, so both sides of a sync disagree.
# Versions: rrule 2.8.1; Node 20 or newer. The guess is computed below, by counting on from the start.
# Documented: no; the README sends one to RFC 5545, where INTERVAL counts from DTSTART.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    rrule@2.8.1 >npm.log

cat >look.mjs <<'END'
import rrule from 'rrule';

const text = (at) => at.toISOString().slice(8, 16).replace('T', ' ');
const start = Date.UTC(2024, 0, 1, 9);

function counted(minutes, hours, count) {
  const found = [];
  for (let at = start; found.length < count; at += minutes * 60_000) {
    if (hours.includes(new Date(at).getUTCHours())) found.push(text(new Date(at)));
  }
  return found.join(' | ');
}

const cases = [
  [90, [9, 10, 11, 12], '01 09:00 | 01 10:30 | 01 12:00 | 02 09:30 | 02 11:00 | 02 12:30'],
  [45, [9, 10], '01 09:00 | 01 09:45 | 01 10:30 | 02 09:15 | 02 10:00 | 02 10:45'],
  [30, [9], '01 09:00 | 01 09:30 | 02 09:00 | 02 09:30 | 03 09:00 | 03 09:30'],
];
for (const [minutes, hours, known] of cases) {
  const rule = `FREQ=MINUTELY;INTERVAL=${minutes};BYHOUR=${hours};COUNT=6`;
  const seen = rrule.rrulestr(`DTSTART:20240101T090000Z\nRRULE:${rule}`).all().map(text).join(' | ');
  console.log(`${rule} from 1 January 2024 09:00\n  guess: ${counted(minutes, hours, 6)}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
END
node look.mjs
