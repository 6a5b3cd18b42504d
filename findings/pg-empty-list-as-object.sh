#!/bin/sh
# What: an empty list that pg sends to a jsonb column is stored as the object {}; lists that are not empty are
#   refused by the server.
# Why it matters: pg writes lists as PostgreSQL arrays, and the empty one, {}, happens to be JSON. A step whose
#   output is [] is stored, without an error, as {}: for loops over it fail later, and schemas call it invalid.
#   The error for [1, 2] shows at the first try and is mended there; rows written before stay wrong.
# Versions: pg 8.23.1, against PGlite 0.5.14 (PostgreSQL 18.6) behind @electric-sql/pglite-socket 0.2.17; Node 20.
# Documented: that lists are sent as arrays, and want JSON.stringify for json; not that [] passes.
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
await client.query('create temporary table step (output jsonb)');

async function stored(value) {
  try {
    const { rows } = await client.query('insert into step values ($1) returning output::text as text', [value]);
    return rows[0].text;
  } catch (error) {
    return `error: ${error.message}`;
  }
}

const cases = [
  ['{ list: [] }', '{"list": []}', '{"list": []}', () => stored({ list: [] })],
  ['[1, 2]', '[1, 2], or an error', 'error: invalid input syntax for type json', () => stored([1, 2])],
  ['[]', '[], or an error', '{}', () => stored([])],
  ['JSON.stringify([])', '[]', '[]', () => stored(JSON.stringify([]))],
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
