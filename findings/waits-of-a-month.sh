#!/bin/sh
# What: p-timeout, RxJS and Bottleneck end a wait of more than 24.8 days after a millisecond.
# Why it matters: "fail if nobody approves within 30 days" fails at once, and says that 30 days have passed; a
#   limit of one call a month does not limit. All three hand the time on to setTimeout, which takes 31 bits;
#   cron and node-schedule, which wait as long, cut it into pieces.
# Versions: p-timeout 7.0.2, rxjs 7.8.2, bottleneck 2.19.5; Node 20 or newer.
# Documented: by none of the three; Node documents the limit of setTimeout and warns once.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    p-timeout@7.0.2 rxjs@7.8.2 bottleneck@2.19.5 >npm.log

cat >look.mjs <<'END'
import Bottleneck from 'bottleneck';
import pTimeout from 'p-timeout';
import { firstValueFrom, from, of, delay, timeout } from 'rxjs';

const month = 30 * 24 * 3600 * 1000;
const soon = (value) => new Promise((done) => setTimeout(done, 300, value));
const name = (promise) => promise.catch((error) => `${error.name}: ${error.message}`);

async function second() {
  const limiter = new Bottleneck({ minTime: month });
  await limiter.schedule(async () => 'first');
  return limiter.schedule(async () => 'runs at once');
}

const cases = [
  ['p-timeout of 30 days', 'work is done', 'TimeoutError: Promise timed out after 2592000000 milliseconds',
    () => name(pTimeout(soon('work is done'), { milliseconds: month }))],
  ['RxJS timeout(30 days)', 'work is done', 'TimeoutError: Timeout has occurred',
    () => name(firstValueFrom(from(soon('work is done')).pipe(timeout(month))))],
  ['RxJS delay(30 days)', 'still waits', 'comes at once',
    () => Promise.race([firstValueFrom(of('comes at once').pipe(delay(month))), soon('still waits')])],
  ['Bottleneck, expiration of 30 days', 'work is done', 'Error: This job timed out after 2592000000 ms.',
    () => name(new Bottleneck().schedule({ expiration: month }, () => soon('work is done')))],
  ['Bottleneck, one job in 30 days', 'still waits', 'runs at once',
    () => Promise.race([second(), soon('still waits')])],
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
node --no-warnings look.mjs
