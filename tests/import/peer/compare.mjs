// The corpus by n8n's own nodes (theirs.cjs) and as imported (weft import n8n, weft-evaluate): what each node gives must be equal,
// and what fails there must fail here. Last line: "N passed, M failed".
//
//   node compare.mjs WEFT WEFT_EVALUATE N8N_MODULES FILE...
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import readline from "node:readline";
import { isDeepStrictEqual } from "node:util";

const [weft, evaluate, modules, ...files] = process.argv.slice(2);
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
// Not the same from call to call, or made by other rules, as the report says.
const differs = new Set(["Now", "Id", "Shuffle", "To Markdown", "To HTML", "Found", "Sort by code", "Pause", "Long", "Stop"]);

const child = spawn(evaluate, [], { stdio: ["pipe", "pipe", "inherit"] });
const lines = readline.createInterface({ input: child.stdout });
async function ask(expression) {
  child.stdin.write(JSON.stringify(expression) + "\n");
  const [line] = await once(lines, "line");
  if (line.startsWith("! ")) throw new Error(line.slice(2));
  return line === "" || line === "undefined" ? undefined : JSON.parse(line);
}
/// An expression as a step's, with what is in reach there.
const inContext = (code, state) =>
  ask(`(({steps, trigger, run, env, input}) => (${code}))(${JSON.stringify(state)})`);
async function value(template, state) {
  if (Array.isArray(template)) return Promise.all(template.map((one) => value(one, state)));
  if (template !== null && typeof template === "object") {
    const out = {};
    for (const [name, one] of Object.entries(template)) out[name] = await value(one, state);
    return out;
  }
  const whole = typeof template === "string" ? /^\{\{ (.*) \}\}$/s.exec(template) : null;
  return whole ? inContext(whole[1], state) : template;
}

async function runStep(step, state) {
  if (step.uses === "core/map") return value(step.with, state);
  if (step.uses === "core/sleep") return null;
  if (step.uses === "core/fail") throw new Error(step.with.message);
  if (step.uses !== "core/code") throw new Error(`${step.uses} is not run here`);
  // Expressions cannot wait; the corpus' code does not.
  const source = step.with.source.replaceAll("await (async () =>", "(() =>");
  return ask(`((input) => { ${source} })(${JSON.stringify(await value(step.with.input, state))})`);
}

async function ours(file) {
  const imported = JSON.parse(execFileSync(weft, ["import", "n8n", "--json", file], { maxBuffer: 1 << 26 }));
  const state = { steps: {}, trigger: { kind: "manual" }, run: { id: "1", workflow: "w" }, env: {}, input: {} };
  const results = {};
  for (const step of imported.definition.steps) {
    const needs = (step.needs ?? []).map((need) => need.step ?? need);
    const isMet = !needs.length || needs.some((id) => state.steps[id]?.status === "success");
    const isBroken = needs.some((id) => state.steps[id]?.status === "failed");
    state.steps[step.id] = { status: "skipped" };
    if (isBroken || !isMet) continue;
    try {
      if (step.if !== undefined && !(await value(step.if, state))) continue;
      state.steps[step.id] = { status: "success", output: (await runStep(step, state)) ?? null };
    } catch (error) {
      state.steps[step.id] = { status: "failed", error: { message: error.message } };
    }
  }
  for (const node of imported.nodes) results[node.node] = { ...state.steps[node.step], fit: node.fit, notes: node.notes };
  return results;
}

const jsonOf = (items) => (Array.isArray(items) ? items.map((item) => item.json) : items);
let passed = 0, failed = 0;
const fail = (what, seen, wanted) => {
  failed++;
  console.log(`FAIL ${what}\n  here  ${JSON.stringify(seen)?.slice(0, 1500)}\n  n8n   ${JSON.stringify(wanted)?.slice(0, 1500)}`);
};
/// Members one by one, so that one form that differs is named.
function compareItems(what, seen, wanted) {
  if (!Array.isArray(seen) || seen.length !== wanted.length) return fail(what, seen, wanted);
  for (const [i, item] of wanted.entries()) {
    const names = new Set([...Object.keys(item), ...Object.keys(seen[i] ?? {})]);
    let isSame = true;
    for (const name of names) {
      // What errors say is said in other words.
      if (name === "error" && typeof item[name] === "string" && typeof seen[i]?.[name] === "string") continue;
      if (isDeepStrictEqual(seen[i]?.[name], item[name])) continue;
      isSame = false;
      fail(`${what}, item ${i}, ${name}`, seen[i]?.[name], item[name]);
    }
    if (isSame) passed++;
  }
  if (!wanted.length) passed++;
}

for (const file of files) {
  const answer = JSON.parse(execFileSync(process.execPath, [path.join(here, "theirs.cjs"), file], { env: { ...process.env, N8N_MODULES: modules }, maxBuffer: 1 << 26 }));
  const here_ = await ours(file);
  for (const [name, wanted] of Object.entries(answer.results)) {
    const what = `${path.basename(file)}: ${name}`;
    const seen = here_[name];
    if (differs.has(name)) continue;
    if (seen.fit === "by_hand" && !wanted.error) fail(`${what} is by hand`, seen.notes, wanted);
    else if (wanted.error) seen.status === "failed" ? passed++ : fail(`${what} must fail`, seen, wanted);
    else if (wanted.skipped) seen.status === "skipped" ? passed++ : fail(`${what} must be skipped`, seen, wanted);
    else if (seen.status !== "success") fail(what, seen, wanted);
    // Of Filter, what is left out has an output that only newer versions show.
    else if (wanted.outputs.length === 1 || !Array.isArray(seen.output?.[0] ?? [])) compareItems(what, jsonOf(seen.output), wanted.outputs[0]);
    else wanted.outputs.forEach((items, k) => compareItems(`${what}, output ${k}`, jsonOf(seen.output?.[k] ?? []), items));
  }
}
child.stdin.end();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
