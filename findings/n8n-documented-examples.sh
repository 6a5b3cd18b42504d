#!/bin/sh
# What: methods of n8n's expressions do otherwise than what n8n shows for them in its editor.
# Why it matters: parseJson() is said to give undefined for bad JSON, and throws. An importer that follows the
#   documents turns a workflow that stops there into one that goes on with nothing, and removes fields that n8n
#   keeps. Below, expression and guess come out of the package's own examples; the first and last contradict
#   the descriptions beside them, which are right, while that of parseJson() is not.
# Versions: n8n-workflow 2.35.3; Node 20 or newer.
# Documented: otherwise, by the examples that the package carries for its editor.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    n8n-workflow@2.35.3 >npm.log

cat >look.mjs <<'END'
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Workflow } = require('n8n-workflow');
const extensions = require.resolve('n8n-workflow').replace(/index\.js$/, 'extensions/index.js');
const { ExpressionExtensions } = require(extensions);
const nodeTypes = { getByName: () => undefined, getByNameAndVersion: () => ({ description: { properties: [] } }) };
const node = { id: '1', name: 'a', type: 't', typeVersion: 1, position: [0, 0], parameters: {} };
const settings = { timezone: 'UTC' };
const workflow = new Workflow({ id: 'w', nodes: [node], connections: {}, active: false, settings, nodeTypes });

function evaluated(source) {
  try {
    const text = `={{ ${source} }}`;
    return JSON.stringify(workflow.expression.resolveSimpleParameterValue(text, {}, null, 0, 0, 'a', [], 'manual', {}));
  } catch (error) {
    return `error: ${error.message}`;
  }
}

// type, method, which of its examples, what comes out of it
const cases = [
  ['String', 'toTitleCase', 0, '"Quick a Brown FOX"'],
  ['String', 'parseJson', -1, 'error: Parsing failed'],
  ['Object', 'removeFieldsContaining', 1, '{"name":"Mr Nathan","city":"hanoi","age":42}'],
].map(([type, method, index, known]) => {
  const { functions } = ExpressionExtensions.find((one) => one.typeName === type);
  const { example, evaluated: guess } = functions[method].doc.examples.at(index);
  return [example, guess, known, () => evaluated(example)];
});
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
