#!/bin/sh
# What: n8n's "every 2 days", "every 2 weeks" and "every 5 hours" are longer at some ends of years and days.
# Why it matters: the node compares day of the year, week of the year and hour of the day, modulo 365, 52 and 24.
#   After a leap year, a year of 53 weeks, or a night with 25 hours the next run is late, and all later ones
#   have moved; "every 2 weeks on Saturday and Sunday" never has both days of one weekend. An importer that
#   writes such a trigger as a true interval runs on other days than n8n.
# Versions: n8n-nodes-base 2.35.5 (its own files only), n8n-workflow 2.35.3, moment-timezone 0.5.48,
#   @sinonjs/fake-timers 15.0.0; Node 20 or newer.
# Documented: no; the page of the node speaks of the number of days or weeks between runs.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    n8n-workflow@2.35.3 moment-timezone@0.5.48 @sinonjs/fake-timers@15.0.0 >npm.log
npm pack --silent n8n-nodes-base@2.35.5 >npm.log
tar xzf n8n-nodes-base-2.35.5.tgz package/package.json package/dist/nodes/Schedule

cat >look.cjs <<'END'
const clock = require('@sinonjs/fake-timers').install({ now: 0, toFake: ['Date'] });
const moment = require('moment-timezone');
const { intervalToRecurrence, recurrenceCheck } = require('./package/dist/nodes/Schedule/GenericFunctions.js');

// What the node does at each of the times at which its cron line fires: hourly, daily or on days of the week.
function fired(interval, zone, start, count, format) {
  const recurrence = intervalToRecurrence(interval, 0);
  const state = [];
  const found = [];
  const step = interval.field === 'hours' ? 3600_000 : 24 * 3600_000;
  for (let at = Date.parse(start); found.length < count; at += step) {
    clock.setSystemTime(at);
    const isDue = !interval.triggerAtDay || interval.triggerAtDay.includes(new Date(at).getUTCDay());
    if (isDue && recurrenceCheck(recurrence, state, zone)) found.push(moment.tz(at, zone).format(format));
  }
  return found.join(' ');
}

const cases = [
  [{ field: 'days', daysInterval: 2 }, 'UTC', '2028-12-29T09:00:00Z', 4, 'MM-DD',
    '12-29 12-31 01-02 01-04', '12-29 12-31 01-03 01-05'],
  [{ field: 'weeks', weeksInterval: 2, triggerAtDay: [1] }, 'UTC', '2028-12-04T09:00:00Z', 4, 'MM-DD',
    '12-04 12-18 01-01 01-15', '12-04 12-18 01-08 01-22'],
  [{ field: 'weeks', weeksInterval: 2, triggerAtDay: [0, 6] }, 'UTC', '2026-11-07T09:00:00Z', 5, 'MM-DD',
    '11-07 11-08 11-21 11-22 12-05', '11-07 11-15 11-21 11-29 12-05'],
  [{ field: 'hours', hoursInterval: 5 }, 'Europe/Berlin', '2026-10-24T20:00:00Z', 4, 'DD HH:mmZ',
    '24 22:00+02:00 25 02:00+01:00 25 07:00+01:00 25 12:00+01:00',
    '24 22:00+02:00 25 03:00+01:00 25 08:00+01:00 25 13:00+01:00'],
];
for (const [interval, zone, start, count, format, guess, known] of cases) {
  const seen = fired(interval, zone, start, count, format);
  console.log(`${JSON.stringify(interval)} ${zone} from ${start}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
END
node look.cjs
