#!/bin/sh
# What: a date of an n8n form that is to be written in a format of one's own is always in January.
# Why it matters: the node reads it by the pattern yyyy-mm-dd, where mm means minutes, so the month is lost and
#   kept as minutes. 17 May becomes 17 January, without an error, in all that a form with formatDate has stored;
#   with a format that has mm for the month as well it comes out right by chance. An importer that carries the
#   format over repairs such workflows, and their data will not match what is there.
# Versions: n8n-nodes-base 2.35.5 (its own files only), n8n-workflow 2.35.3, luxon 3.7.2; Node 20 or newer.
# Documented: no. formatDate is a field's option where forms are given as JSON.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    n8n-workflow@2.35.3 luxon@3.7.2 >npm.log
npm pack --silent n8n-nodes-base@2.35.5 >npm.log
tar xzf n8n-nodes-base-2.35.5.tgz package/package.json package/dist/nodes/Form package/dist/nodes/Webhook package/dist/utils

cat >look.cjs <<'END'
// The package has some 600 dependencies. Those that are not installed become a value that allows anything.
const Module = require('node:module');
const load = Module._load;
const anything = new Proxy(function () {}, {
  get: (_, key) => (key === '__esModule' ? false : key === Symbol.toPrimitive ? () => '' : anything),
  apply: () => anything,
  construct: () => anything,
});
Module._load = (name, ...rest) => {
  try {
    return load(name, ...rest);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND' || name.startsWith('.')) throw error;
    return anything;
  }
};
const { prepareFormReturnItem } = require('./package/dist/nodes/Form/utils/utils.js');

async function answered(date, formatDate) {
  const context = {
    getRequestObject: () => ({ contentType: 'multipart/form-data' }),
    getBodyData: () => ({ data: { 'field-0': date }, files: {} }),
    getNode: () => ({ typeVersion: 2.3, name: 'form', parameters: {} }),
    getNodeParameter: (_, fallback) => fallback,
    getTimezone: () => 'UTC',
    getWorkflow: () => ({}),
    getWorkflowSettings: () => ({}),
  };
  const fields = [{ fieldLabel: 'Due', fieldType: 'date', formatDate }];
  return (await prepareFormReturnItem(context, fields, 'test')).json.Due;
}

const cases = [
  ['2024-05-17', '', '2024-05-17', '2024-05-17'],
  ['2024-05-17', 'dd.MM.yyyy', '17.05.2024', '17.01.2024'],
  ['2024-12-31', 'd LLLL yyyy', '31 December 2024', '31 January 2024'],
  ['2024-05-17', 'dd.mm.yyyy', '17.00.2024, mm being minutes', '17.05.2024'],
];
(async () => {
  for (const [date, format, guess, known] of cases) {
    const seen = await answered(date, format);
    console.log(`${date} as "${format}"\n  guess: ${guess}\n  seen:  ${seen}`);
    if (seen !== known) {
      console.log(`  CHANGED, was: ${known}`);
      process.exitCode = 1;
    }
  }
})();
END
node look.cjs
