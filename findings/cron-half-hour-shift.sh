#!/bin/sh
# What: npm's cron runs a daily job twice, at minutes that its line does not name, when clocks move by half
#   an hour.
# Why it matters: Lord Howe Island moves its clocks by 30 minutes each April and October. Who builds a
#   scheduler on this package (n8n does) sends a daily report or payment twice on both days, and an hourly
#   line fires at minute 30.
# Versions: cron 4.4.0, luxon 3.7.2, @sinonjs/fake-timers 15.0.0; Node 20 or newer.
# Documented: no; the README says nothing of clocks that change.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    cron@4.4.0 luxon@3.7.2 @sinonjs/fake-timers@15.0.0 >npm.log

cat >look.mjs <<'END'
import FakeTimers from '@sinonjs/fake-timers';
import { DateTime } from 'luxon';

const zone = 'Australia/Lord_Howe';
const clock = FakeTimers.install({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
const { CronJob } = await import('cron');

// Lets a job run by a clock of its own from `start` on, and tells when it fired.
function fired(line, start, hours) {
  clock.setSystemTime(DateTime.fromISO(start, { zone }).toMillis());
  const times = [];
  const note = () => times.push(DateTime.now().setZone(zone).toFormat('HH:mmZZ'));
  const job = new CronJob(line, note, null, true, zone);
  for (let minute = 0; minute < hours * 60; minute++) clock.tick(60_000);
  job.stop();
  return times.join(' ');
}

// line, from when, for how many hours, what one would guess, what version 4.4.0 does
const cases = [
  ['15 2 * * *', '2027-04-04T00:50', 4, '02:15+10:30', '01:45+10:30 02:15+10:30'],
  ['15 2 * * *', '2027-10-03T00:50', 4, 'one time at or after 02:30+11:00', '01:45+10:30 02:45+11:00'],
  ['0 * * * *', '2027-04-04T00:50', 3, '01:00+11:00 02:00+10:30 03:00+10:30',
    '01:00+11:00 01:30+10:30 02:00+10:30 03:00+10:30'],
  ['0 * * * *', '2027-10-03T00:50', 3, '01:00+10:30 03:00+11:00 04:00+11:00',
    '01:00+10:30 01:30+10:30 02:30+11:00 03:00+11:00 04:00+11:00'],
];
for (const [line, start, hours, guess, known] of cases) {
  const seen = fired(line, start, hours);
  console.log(`"${line}" from ${start} ${zone}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
END
node look.mjs
