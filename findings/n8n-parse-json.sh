#!/bin/sh
# What: parseJson() of n8n's expressions throws for a text that is no JSON, where n8n's editor shows undefined.
# Why it matters: description and examples say undefined, so `text.parseJson() ?? {}` looks safe. In fact the node
#   stops with an error. An importer that follows the documents turns a workflow that stops at bad input into
#   one that goes on with nothing. Below, expression and guess come out of the package's own examples.
# Versions: n8n-workflow 2.35.3; Node 20 or newer.
# Documented: otherwise, by the texts that the package carries for its editor.
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

const { doc } = ExpressionExtensions.find((one) => one.typeName === 'String').functions.parseJson;
const [, quotes, word] = doc.examples;
console.log(doc.description);
const cases = [
  [quotes.example, quotes.evaluated, "error: Parsing failed. Check you're using double quotes",
    () => evaluated(quotes.example)],
  [word.example, word.evaluated, 'error: Parsing failed', () => evaluated(word.example)],
  [`${word.example} ?? 5`, '5', 'error: Parsing failed', () => evaluated(`${word.example} ?? 5`)],
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
