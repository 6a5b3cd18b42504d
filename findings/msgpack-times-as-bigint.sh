#!/bin/sh
# What: a time in milliseconds that @msgpack/msgpack writes is a BigInt for who reads it with msgpackr.
# Why it matters: MessagePack has one integer type; a worker with one package and a queue with the other agree
#   on the bytes, and yet `now - sentAt` throws a TypeError and JSON.stringify refuses the event. What
#   msgpackr writes comes back as a number (it writes a float), so tests with it on both sides pass.
# Versions: msgpackr 2.1.4, @msgpack/msgpack 3.1.3; Node 20 or newer.
# Documented: as the default of an option, int64AsType; that it concerns numbers from 2^32 on is not said.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    msgpackr@2.1.4 @msgpack/msgpack@3.1.3 >npm.log

cat >look.mjs <<'END'
import { decode, encode } from '@msgpack/msgpack';
import { pack, unpack } from 'msgpackr';

const event = { sentAt: 1_700_000_000_000 };
const attempt = (run) => {
  try {
    return String(run());
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const cases = [
  ['msgpackr reads what msgpackr wrote', 'number', 'number', () => typeof unpack(pack(event)).sentAt],
  ['@msgpack/msgpack reads what msgpackr wrote', 'number', 'number', () => typeof decode(pack(event)).sentAt],
  ['msgpackr reads what @msgpack/msgpack wrote', 'number', 'bigint',
    () => typeof unpack(encode(event)).sentAt],
  ['... and 4294967295', 'number', 'number', () => typeof unpack(encode(4294967295))],
  ['... and 4294967296', 'number', 'bigint', () => typeof unpack(encode(4294967296))],
  ['JSON.stringify of that', '{"sentAt":1700000000000}', 'TypeError: Do not know how to serialize a BigInt',
    () => attempt(() => JSON.stringify(unpack(encode(event))))],
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
