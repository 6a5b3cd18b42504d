#!/bin/sh
# What: an error that a DBOS step throws is another one when the workflow is replayed: of no class of one's own,
#   and with texts and {} for its dates and sets. Values that steps return are alike both times.
# Why it matters: a workflow that decides by `error instanceof TooBusy`, or by error.retryAt.getTime(), takes
#   another way after a crash than before. Since returned values go through the serializer even the first time,
#   one expects tests without a crash to show this. The README's own `steps[2].error instanceof ServiceOutage`
#   is false for the same reason.
# Versions: @dbos-inc/dbos-sdk 5.3.0 on PGlite 0.5.14 behind @electric-sql/pglite-socket 0.2.17; Node 20 or newer.
# Documented: otherwise, by that example of the README.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    @dbos-inc/dbos-sdk@5.3.0 @electric-sql/pglite@0.5.14 @electric-sql/pglite-socket@0.2.17 >npm.log

cat >look.mjs <<'END'
import { DBOS } from '@dbos-inc/dbos-sdk';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

class TooBusy extends Error {
  retryAt = new Date(0);
  failed = new Set([7]);
}
const kinds = (value) => `${value.constructor.name} with ${value.retryAt.constructor.name}, ${value.failed.constructor.name}`;

const runs = [];
const pay = DBOS.registerWorkflow(async () => {
  const run = {};
  runs.push(run);
  const fail = async () => {
    throw new TooBusy('too busy');
  };
  run.error = await DBOS.runStep(fail, { name: 'fail' }).catch(kinds);
  run.value = kinds(await DBOS.runStep(async () => ({ ...new TooBusy('too busy') }), { name: 'read' }));
  await DBOS.runStep(async () => 1, { name: 'end' });
}, { name: 'pay' });

const db = await PGlite.create();
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 20 });
await server.start();
const systemDatabaseUrl = `postgresql://postgres@${server.getServerConn()}/postgres`;
DBOS.setConfig({ name: 'findings', systemDatabaseUrl, logLevel: 'error' });
await DBOS.launch();
const first = await DBOS.startWorkflow(pay)();
await first.getResult();
// A fork from step 2 on takes what steps 0 and 1 left behind, as recovery after a crash does.
await (await DBOS.forkWorkflow(first.workflowID, 2)).getResult();
const steps = await DBOS.listWorkflowSteps(first.workflowID);

const cases = [
  ['value, first run', 'Object with Date, Set', 'Object with Date, Set', runs[0].value],
  ['value, replayed', 'Object with Date, Set', 'Object with Date, Set', runs[1].value],
  ['error, first run', 'TooBusy with Date, Set', 'TooBusy with Date, Set', runs[0].error],
  ['error, replayed', 'as in the first run', 'Error with String, Object', runs[1].error],
  ['steps[0].error instanceof TooBusy', 'true', 'false', String(steps[0].error instanceof TooBusy)],
];
for (const [what, guess, known, seen] of cases) {
  console.log(`${what}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
await DBOS.shutdown();
await server.stop();
await db.close();
END
node --no-deprecation look.mjs
