#!/bin/sh
# What: where the hour that clocks skip is the day's last one, croner and cron-parser drop a nightly job that
#   they would move behind any other gap, and cron-parser runs others in hours that their lines do not allow.
# Why it matters: since 2024 Greenland skips 23:00 to 24:00 on one Saturday in March. Tests at the usual dates
#   (Berlin, Cairo, Santiago below) pass, and a nightly job at 23:30 in Nuuk does not run that day.
# Versions: croner 11.0.1, cron-parser 5.10.6, luxon 3.7.2 (for printing); Node 20 or newer.
# Documented: in half. croner's README says that a job in a gap runs behind it "on the same day", not that
#   there may be no such time; cron-parser's says that changes of clocks are handled correctly.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    croner@11.0.1 cron-parser@5.10.6 luxon@3.7.2 >npm.log

cat >look.cjs <<'END'
const { Cron } = require('croner');
const { CronExpressionParser } = require('cron-parser');
const { DateTime } = require('luxon');

const packages = {
  croner: (line, timezone, after, count) => new Cron(line, { timezone, paused: true }).nextRuns(count, after),
  'cron-parser': (line, tz, currentDate, count) => {
    const times = CronExpressionParser.parse(line, { tz, currentDate });
    return Array.from({ length: count }, () => times.next().toDate());
  },
};
const moved = 'the day of the gap has a run, behind the gap';
const lost = '26 23:30 | 28 23:30 | 29 23:30';
// line, zone, after, how many, guess, croner's, cron-parser's
const cases = [
  ['30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00', 2, moved,
    '28 03:00 | 29 02:30', '28 03:30 | 29 02:30'],
  ['30 0 * * *', 'Africa/Cairo', '2026-04-23T12:00', 2, moved,
    '24 01:00 | 25 00:30', '24 01:30 | 25 00:30'],
  ['30 0 * * *', 'America/Santiago', '2027-09-04T12:00', 2, moved,
    '05 01:00 | 06 00:30', '05 01:30 | 06 00:30'],
  ['30 23 * * *', 'America/Nuuk', '2027-03-26T12:00', 3, '26 23:30 | 28 00:00 or 00:30 | 28 23:30',
    lost, lost],
  ['*/30 22-23 * * *', 'America/Nuuk', '2027-03-27T12:00', 4, 'hours 22 and 23 only',
    '27 22:00 | 27 22:30 | 28 22:00 | 28 22:30', '27 22:00 | 27 22:30 | 28 00:00 | 28 00:30'],
];
for (const [line, zone, after, count, guess, ...known] of cases) {
  console.log(`"${line}" ${zone} after ${after}\n  guess: ${guess}`);
  Object.entries(packages).forEach(([name, next], i) => {
    const from = DateTime.fromISO(after, { zone }).toJSDate();
    const text = (at) => DateTime.fromJSDate(at, { zone }).toFormat('dd HH:mm');
    const seen = next(line, zone, from, count).map(text).join(' | ');
    console.log(`  seen:  ${seen} (${name})`);
    if (seen !== known[i]) {
      console.log(`  CHANGED, was: ${known[i]}`);
      process.exitCode = 1;
    }
  });
}
END
node look.cjs
