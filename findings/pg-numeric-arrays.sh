#!/bin/sh
# What: pg gives a numeric as text, so that no digit is lost, and an array of numerics as rounded numbers.
# Why it matters: amounts are read as text and passed on whole; with array_agg(amount), or a column numeric[],
#   the same amounts are doubles: digits beyond 15 and trailing zeros are gone, silently. bigint is text in both.
# Versions: pg 8.23.1, against PGlite 0.5.14 (PostgreSQL 18.6) behind @electric-sql/pglite-socket 0.2.17; Node 20.
# Documented: only the scalar. Reported as issues 86 and 151 of brianc/node-pg-types, mended in a version of
#   pg-types that pg does not use.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    @electric-sql/pglite@0.5.14 @electric-sql/pglite-socket@0.2.17 pg@8.23.1 >npm.log

cat >look.mjs <<'END'
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import pg from 'pg';

const db = await PGlite.create();
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0 });
await server.start();
const [host, port] = server.getServerConn().split(':');
const client = new pg.Client({ host, port: Number(port), user: 'postgres', database: 'postgres' });
await client.connect();

const read = async (sql) => JSON.stringify((await client.query(`select ${sql} as v`)).rows[0].v);
const cases = [
  ['12345678901234567.10::numeric', '"12345678901234567.10"', '"12345678901234567.10"',
    () => read('12345678901234567.10::numeric')],
  ['array[12345678901234567.10]', '["12345678901234567.10"]', '[12345678901234568]',
    () => read('array[12345678901234567.10]')],
  ['array_agg(x) of 1.10 and 2.00', '["1.10","2.00"]', '[1.1,2]',
    () => read('(select array_agg(x) from (values (1.10), (2.00)) as t (x))')],
  ['array[12345678901234567::bigint]', '["12345678901234567"]', '["12345678901234567"]',
    () => read('array[12345678901234567::bigint]')],
];
for (const [what, guess, known, run] of cases) {
  const seen = await run();
  console.log(`${what}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
await client.end();
await server.stop();
await db.close();
END
node look.mjs
