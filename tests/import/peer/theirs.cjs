// Runs a workflow by n8n's own nodes and expressions (npm n8n-workflow, n8n-nodes-base), as far as its corpus needs: node by
// node in the order of wires, each with the items that reach it. What n8n-core adds around nodes (which item one came from,
// passing on of errors, nodes without items that are left out) is written here, since it does not install alone.
const path = require("path");
const modules = process.env.N8N_MODULES;
// n8n-core does not install beside them; nodes of the corpus need nothing of it.
const Module = require("module");
const load = Module._load;
Module._load = (name, ...rest) => (name === "n8n-core" ? {} : load(name, ...rest));
const from = (name) => require(path.join(modules, name));
const workflowOf = from("n8n-workflow");
const { Workflow, NodeHelpers, createRunExecutionData, executeFilter } = workflowOf;
const nodesDir = path.join(modules, "n8n-nodes-base/dist/nodes");

const files = {
  manualTrigger: null, webhook: null, scheduleTrigger: null, cron: null, start: null, code: null, function: null, functionItem: null,
  set: "Set/Set.node.js", if: "If/If.node.js", filter: "Filter/Filter.node.js", switch: "Switch/Switch.node.js", merge: "Merge/Merge.node.js",
  splitOut: "Transform/SplitOut/SplitOut.node.js", aggregate: "Transform/Aggregate/Aggregate.node.js", summarize: "Transform/Summarize/Summarize.node.js",
  sort: "Transform/Sort/Sort.node.js", limit: "Transform/Limit/Limit.node.js", removeDuplicates: "Transform/RemoveDuplicates/RemoveDuplicates.node.js",
  renameKeys: "RenameKeys/RenameKeys.node.js", itemLists: "ItemLists/ItemLists.node.js", noOp: "NoOp/NoOp.node.js", dateTime: "DateTime/DateTime.node.js",
  crypto: "Crypto/Crypto.node.js", markdown: "Markdown/Markdown.node.js", html: "Html/Html.node.js",
  xml: "Xml/Xml.node.js", compareDatasets: "CompareDatasets/CompareDatasets.node.js",
};
const loaded = new Map();
const typeOf = (name) => {
  const short = name.replace("n8n-nodes-base.", "");
  if (loaded.has(short)) return loaded.get(short);
  let type;
  if (files[short]) {
    const exported = require(path.join(nodesDir, files[short]));
    type = new (Object.values(exported).find((one) => String(one).startsWith("class")))();
  } else {
    type = { description: { properties: [], inputs: ["main"], outputs: ["main"], name: short, defaults: {}, version: 1 } };
  }
  loaded.set(short, type);
  return type;
};
const nodeTypes = {
  getByName: typeOf,
  getByNameAndVersion: (name, version) => NodeHelpers.getVersionedNodeType(typeOf(name), version),
};

function contextOf(workflow, node, inputs, runData, source) {
  const type = nodeTypes.getByNameAndVersion(node.type, node.typeVersion);
  const data = createRunExecutionData({ resultData: { runData } });
  const executeData = { data: { main: inputs }, node, source: { main: source } };
  const resolve = (value, i) =>
    workflow.expression.getParameterValue(value, data, 0, i, node.name, inputs[0] ?? [], "manual", { $execution: { id: "1" } }, executeData);
  const get = (object, name) => name.replaceAll("[", ".").replaceAll("]", "").split(".").reduce((at, key) => at?.[key], object);
  const context = {
    getInputData: (i = 0) => inputs[i] ?? [],
    getNodeInputs: () => inputs.map(() => ({ type: "main" })),
    getNode: () => node,
    getMode: () => "manual",
    getTimezone: () => workflow.timezone,
    getWorkflow: () => ({ id: workflow.id, name: workflow.name, active: false }),
    getWorkflowSettings: () => workflow.settings,
    getInstanceId: () => "x", addExecutionHints() {}, logger: { info() {}, warn() {}, debug() {}, error() {} },
    continueOnFail: () => node.onError === "continueRegularOutput" || node.continueOnFail === true,
    evaluateExpression: (text, i) => resolve("=" + text, i),
    getNodeParameter(name, i, fallback, options) {
      let value = get(node.parameters, name);
      if (value === undefined) return fallback !== undefined || arguments.length > 2 ? fallback : undefined;
      value = options?.rawExpressions ? value : resolve(value, i);
      if (options?.extractValue && value && typeof value === "object" && value.conditions && value.combinator) {
        return executeFilter(value, { itemIndex: i });
      }
      return value;
    },
    helpers: {
      returnJsonArray: (json) => [json].flat().map((one) => (one.json ? one : { json: one })),
      constructExecutionMetaData: (items, { itemData }) => items.map((one) => ({ ...one, pairedItem: itemData })),
      normalizeItems: (items) => [items].flat().map((one) => (one.json ? one : { json: one })),
    },
  };
  return { type, context, data, executeData, resolve };
}

/// A Code node's source over n8n's own names; what its sandbox does to what comes back.
async function runCode(workflow, node, inputs, made) {
  const { WorkflowDataProxy } = workflowOf;
  const given = workflow.given.get(node.name);
  const items = inputs[0];
  const proxy = (i) =>
    new WorkflowDataProxy(workflow, made.data, 0, i, node.name, items, {}, "manual", { $execution: { id: "1" } }, made.executeData, -1, {}, node.name).getDataProxy();
  const AsyncFunction = (async () => {}).constructor;
  const call = (source, names, i) => {
    const found = { ...names };
    const all = proxy(i);
    for (const name of ["$input", "$", "$node", "$items", "$now", "$today", "DateTime", "$json", "$itemIndex", "$workflow", "$prevNode"]) found[name] ??= all[name];
    return new AsyncFunction(...Object.keys(found), source)(...Object.values(found));
  };
  const check = (value) => {
    const list = Array.isArray(value) ? value : [value];
    if (list.some((one) => typeof one !== "object" || one === null)) throw new Error("Code doesn't return items properly");
    return list.map((one) => (one.json === undefined ? { json: one } : one));
  };
  if (node.type.endsWith(".functionItem")) {
    const out = [];
    for (let i = 0; i < items.length; i++) out.push({ json: await call(given.functionCode, { item: structuredClone(items[i].json) }, i), pairedItem: { item: i } });
    return out;
  }
  if (given.mode === "runOnceForEachItem") {
    const out = [];
    for (let i = 0; i < items.length; i++) out.push({ ...check(await call(given.jsCode, {}, i))[0], pairedItem: { item: i } });
    return out;
  }
  return check(await call(given.jsCode ?? given.functionCode, { items: structuredClone(items) }, 0));
}

async function runNode(workflow, node, inputs, runData, source) {
  if (node.disabled) return [inputs[0]];
  if (node.executeOnce) inputs = inputs.map((list) => list?.slice(0, 1));
  const made = contextOf(workflow, node, inputs, runData, source);
  const short = node.type.split(".").at(-1);
  let outputs;
  if (["code", "function", "functionItem"].includes(short)) outputs = [await runCode(workflow, node, inputs, made)];
  else if (short === "manualTrigger") outputs = [[{ json: {} }]];
  else {
    // Defaults of parameters that the file leaves out.
    node.parameters = NodeHelpers.getNodeParameters(made.type.description.properties, node.parameters, true, false, node, made.type.description) ?? node.parameters;
    Object.assign(made, contextOf(workflow, node, inputs, runData, source));
    outputs = await made.type.execute.call(made.context);
  }
  if (node.alwaysOutputData && !(outputs[0] ?? []).length) outputs[0] = [{ json: {} }];
  const items = inputs[0] ?? [];
  for (const list of outputs) {
    (list ?? []).forEach((item, i) => {
      if (item.pairedItem !== undefined || !items.length) return;
      if (items.length === 1) item.pairedItem = { item: 0 };
      else if (list.length === items.length) item.pairedItem = { item: i };
    });
  }
  return outputs;
}

async function run(file) {
  const json = JSON.parse(require("fs").readFileSync(file, "utf8"));
  const workflow = new Workflow({ id: "w", name: json.name, nodes: structuredClone(json.nodes), connections: json.connections, active: false, nodeTypes, settings: json.settings });
  workflow.given = new Map(json.nodes.map((node) => [node.name, node.parameters]));
  workflow.timezone = json.settings.timezone;
  // As json.nodes gives them: wires of the corpus go forward.
  const runData = {};
  const results = {};
  for (const { name } of json.nodes) {
    const node = workflow.nodes[name];
    const wires = workflow.connectionsByDestinationNode[name]?.main ?? [];
    const inputs = [], source = [];
    wires.forEach((list, i) => {
      inputs[i] = [];
      for (const wire of list ?? []) {
        const out = runData[wire.node]?.[0].data.main[wire.index];
        if (!out?.length) continue;
        inputs[i].push(...out.map((item, k) => ({ ...structuredClone(JSON.parse(JSON.stringify({ json: item.json }))), pairedItem: { item: k, input: i } })));
        source[i] ??= { previousNode: wire.node, previousNodeOutput: wire.index };
      }
    });
    for (let i = 0; i < inputs.length; i++) inputs[i] ??= [];
    if (node.type.endsWith("manualTrigger")) inputs[0] = [];
    else if (!inputs.some((list) => list.length)) { results[name] = { skipped: true }; continue; }
    try {
      const outputs = await runNode(workflow, node, inputs, runData, source);
      runData[name] = [{ data: { main: outputs }, source: source.map((one) => one ?? null), startTime: 0, executionTime: 0, executionIndex: 0 }];
      results[name] = { outputs: JSON.parse(JSON.stringify(outputs.map((list) => (list ?? []).map((item) => item.json)))) };
    } catch (error) {
      results[name] = { error: error.message }; if (process.env.TRACE) console.error(name, error.stack);
    }
  }
  return results;
}

(async () => {
  for (const file of process.argv.slice(2)) console.log(JSON.stringify({ file, results: await run(file) }));
  process.exit(0);
})();
