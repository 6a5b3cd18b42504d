#!/bin/sh
# What: later, which runs Bree's jobs, takes weekday 7 for Saturday, reads LW as every day, and joins day and
#   weekday with AND.
# Why it matters: crontab(5) says that 0 and 7 are Sunday, so "0 6 * * 7" moves to another day when it is
#   brought over. "The last working day" runs daily, without an error. "1st and 15th, and Fridays" waits for a
#   Friday that is a 1st or 15th.
# Versions: @breejs/later 4.2.0, cron-parser 5.10.6 (for comparison); Node 20 or newer.
# Documented: no; the README calls its input cron expressions.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    @breejs/later@4.2.0 cron-parser@5.10.6 >npm.log

cat >look.mjs <<'END'
import later from '@breejs/later';
import { CronExpressionParser } from 'cron-parser';

const currentDate = new Date('2024-09-01T12:00:00Z'); // a Sunday
const text = (at) => at.toISOString().slice(0, 10);
const byLater = (line) => later.schedule(later.parse.cron(line)).next(3, currentDate).map(text).join(' ');
function byParser(line) {
  const times = CronExpressionParser.parse(line, { tz: 'UTC', currentDate });
  return [1, 2, 3].map(() => text(times.next().toDate())).join(' ');
}

const cases = [
  ['0 6 * * 0', byParser('0 6 * * 0'), '2024-09-08 2024-09-15 2024-09-22', () => byLater('0 6 * * 0')],
  ['0 6 * * 7', byParser('0 6 * * 7'), '2024-09-07 2024-09-14 2024-09-21', () => byLater('0 6 * * 7')],
  ['0 6 15W * *', '2024-09-16 2024-10-15 2024-11-15', '2024-09-16 2024-10-15 2024-11-15',
    () => byLater('0 6 15W * *')],
  ['0 6 LW * *', '2024-09-30 2024-10-31 2024-11-29, or an error', '2024-09-02 2024-09-03 2024-09-04',
    () => byLater('0 6 LW * *')],
  ['0 6 1,15 * 5', byParser('0 6 1,15 * 5'), '2024-11-01 2024-11-15 2025-08-01', () => byLater('0 6 1,15 * 5')],
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
