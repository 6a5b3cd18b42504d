#!/bin/sh
# What: a PostgreSQL role that may read every column of a table by name may not read ctid, until ctid itself is
#   granted, which is possible.
# Why it matters: `delete ... where ctid = any (array(select ctid ... limit 1000))` is how retention and queues
#   work in batches. With grants by column it is refused as "permission denied for table", though the role may
#   read all that is in it and delete all of it; one widens the grant to the table instead of adding ctid.
# Versions: PGlite 0.5.14 (PostgreSQL 18.6); 15.18 of Debian 12 does the same. Node 20 or newer.
# Documented: not found on the pages of GRANT and of system columns.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    @electric-sql/pglite@0.5.14 >npm.log

cat >look.mjs <<'END'
import { PGlite } from '@electric-sql/pglite';

const db = await PGlite.create();
await db.exec(`create role worker;
  create table job (id int primary key, done boolean);
  insert into job select i, true from generate_series(1, 5) as i;
  grant select (id, done), delete on job to worker`);

async function as(sql) {
  await db.exec('set role worker');
  try {
    const { rows, affectedRows } = await db.query(sql);
    return rows.length ? JSON.stringify(rows) : `${affectedRows} rows`;
  } catch (error) {
    return error.message;
  } finally {
    await db.exec('reset role');
  }
}

const batch = 'delete from job where ctid = any (array(select ctid from job where done limit 2))';
const denied = 'permission denied for table job';
const cases = [
  ['select id, done from job where id = 5', '[{"id":5,"done":true}]', '[{"id":5,"done":true}]',
    () => as('select id, done from job where id = 5')],
  ['delete from job where id = 1', '1 rows', '1 rows', () => as('delete from job where id = 1')],
  [batch, '2 rows', denied, () => as(batch)],
  ['select count(*)::int as n from job', '[{"n":4}]', '[{"n":4}]', () => as('select count(*)::int as n from job')],
  ['the same after: grant select (ctid) on job to worker', 'no such column to grant', '2 rows',
    async () => (await db.exec('grant select (ctid) on job to worker'), as(batch))],
];
for (const [what, guess, known, run] of cases) {
  const seen = await run();
  console.log(`${what}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
await db.close();
END
node look.mjs
