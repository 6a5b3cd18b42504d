#!/bin/sh
# What: ical.js expands several recurrence rules of RFC 5545 to other days than the RFC says, silently.
# Why it matters: calendar connectors and triggers expand "every year", "the 20th Monday" or "the last working
#   day" with it. A yearly event of 29 February moves to 1 March, the RFC's own "20th Monday of the year"
#   becomes a weekly rule, and rules by the number of a week are weekly too, or never happen.
# Versions: ical.js 2.2.1, rrule 2.8.1 (for comparison); Node 20 or newer.
# Documented: no. RFC 5545, 3.3.10: invalid dates such as 29 February are ignored, and its examples include
#   BYDAY=20MO and BYWEEKNO=20.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    ical.js@2.2.1 rrule@2.8.1 >npm.log

cat >look.mjs <<'END'
import ICAL from 'ical.js';
import rrule from 'rrule';

function byIcal(start, rule) {
  const days = ICAL.Recur.fromString(rule).iterator(ICAL.Time.fromDateTimeString(start));
  const found = [];
  for (let day = days.next(); day && found.length < 3; day = days.next()) {
    found.push(day.toString().slice(0, 10));
  }
  return found.join(' ') || 'none';
}

function byRrule(start, rule) {
  const text = `DTSTART:${start.replace(/[-:]/g, '')}Z\nRRULE:${rule}`;
  return rrule.rrulestr(text).all((_, i) => i < 3).map((day) => day.toISOString().slice(0, 10)).join(' ');
}

// start, rule, the RFC's days (which rrule finds), ical.js' days
const cases = [
  ['2024-02-29T09:00:00', 'FREQ=YEARLY;COUNT=3', '2024-02-29 2028-02-29 2032-02-29',
    '2024-02-29 2025-03-01 2026-03-01'],
  ['2024-01-01T09:00:00', 'FREQ=YEARLY;BYDAY=20MO;COUNT=3', '2024-05-13 2025-05-19 2026-05-18',
    '2024-01-01 2024-01-08 2024-01-15'],
  ['2024-05-13T09:00:00', 'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3', '2024-05-13 2025-05-12 2026-05-11',
    '2024-05-20 2024-05-27 2024-06-03'],
  ['2024-01-01T09:00:00', 'FREQ=YEARLY;BYWEEKNO=20;COUNT=3', '2024-05-13 2024-05-14 2024-05-15', 'none'],
  ['2024-01-01T09:00:00', 'FREQ=YEARLY;BYMONTHDAY=1;COUNT=3', '2024-01-01 2024-02-01 2024-03-01',
    '2024-01-01 2025-01-01 2026-01-01'],
  ['2024-01-01T09:00:00', 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3',
    '2024-01-31 2024-02-29 2024-03-29', '2024-01-01 2024-01-31 2024-02-29'],
];
for (const [start, rule, guess, known] of cases) {
  const seen = byIcal(start, rule);
  console.log(`${start} ${rule}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known || byRrule(start, rule) !== guess) {
    console.log(`  CHANGED, was: ${known}; rrule now: ${byRrule(start, rule)}`);
    process.exitCode = 1;
  }
}
END
node look.mjs
