// The document against two validators, then one real answer at least of every operation against the document.
import SwaggerParser from '@apidevtools/swagger-parser'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const base = process.env.WEFT_URL
let passed = 0
let failed = 0
function check(what, isRight, detail = '') {
  if (isRight) passed += 1
  else { failed += 1; console.log(`FAILED ${what}${detail ? ': ' + detail : ''}`) }
}

// ---- the document
const document = await (await fetch(`${base}/api/v1/openapi.json`)).json()
// A licence is no property of an installation's API; the problem's example is one of many.
const config = await createConfig({ extends: ['recommended'], rules: { 'info-license': 'off' } })
const lint = async (subject) => (await lintFromString({ source: JSON.stringify(subject), config })).map((p) => `${p.ruleId} ${p.location[0]?.pointer}: ${p.message}`)
const parse = async (subject) => SwaggerParser.validate(structuredClone(subject)).then(() => null, (error) => String(error.message))
const complaints = await lint(document)
check('redocly: recommended rules', complaints.length === 0, complaints.slice(0, 10).join('\n  '))
const complaint = await parse(document)
check('swagger-parser', complaint === null, complaint)
const broken = structuredClone(document)
broken.paths['/api/v1/apps'].get.responses = 'none'
check('control: redocly refuses a broken document', (await lint(broken)).length > 0)
check('control: swagger-parser refuses a broken document', (await parse(broken)) !== null)

// ---- answers
const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats(ajv)
ajv.addSchema(document, 'weft')
const pointer = (...parts) => 'weft#/' + parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
const operations = new Map()
for (const [path, methods] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(methods)) operations.set(operation.operationId, { path, method, operation })
}
const covered = new Set()
let cookie = ''

/** Calls an operation by its id, with path members and a body, and checks the answer. */
async function call(id, { at = {}, query = '', body, type = 'application/json' } = {}) {
  const { path, method, operation } = operations.get(id)
  const url = base + path.replace(/\{(\w+)\}/g, (_, name) => at[name]) + query
  const headers = { 'x-weft-csrf': '1', ...(cookie ? { cookie } : {}), ...(body ? { 'content-type': type } : {}) }
  const abort = new AbortController()
  const answer = await fetch(url, { method: method.toUpperCase(), headers, body: body && JSON.stringify(body), signal: abort.signal })
  const set = answer.headers.getSetCookie().find((one) => one.includes('weft_session='))
  if (set) cookie = set.split(';')[0]
  const described = operation.responses[String(answer.status)]
  covered.add(id)
  if (!described) { check(id, false, `answered ${answer.status} ${await answer.text()}`); return {} }
  const media = (answer.headers.get('content-type') ?? '').split(';')[0]
  if (!described.content) { check(id, (await answer.text()) === ''); return {} }
  if (media !== 'application/json') { check(id, media in described.content, media); abort.abort(); return {} }
  const value = await answer.json()
  const validate = ajv.getSchema(pointer('paths', path, method, 'responses', String(answer.status), 'content', media, 'schema'))
  check(id, validate(value), `${ajv.errorsText(validate.errors)} in ${JSON.stringify(value).slice(0, 400)}`)
  return value
}
async function until(id, options, isDone) {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    const value = await call(id, options)
    if (isDone(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${id} took too long`)
}

const owner = { email: 'owner@example.com', password: 'a long enough pass phrase' }
await call('auth.status')
await call('openapi')
await call('auth.claim', { body: { token: process.env.WEFT_CLAIM, name: 'Owner', tenant_name: 'Example', ...owner } })
await call('auth.logout')
await call('auth.login', { body: owner })
await call('auth.status')
await call('live')

const token = await call('tokens.create', { body: { name: 't', role: 'viewer', scopes: ['run.read'] } })
await call('tokens.list')
await call('tokens.delete', { at: token })

const app = await call('apps.create', { body: { key: 'shop', name: 'Shop' } })
await call('apps.list')
await call('apps.get', { at: app })
await call('apps.change', { at: app, body: { description: 'Sells' } })
const manifest = { base_url: 'https://api.example.com', auth: { kind: 'bearer' } }
const version = await call('app_versions.create', { at: app, body: { manifest } })
await call('app_versions.list', { at: app })
await call('app_versions.get', { at: version })
await call('app_versions.change', { at: version, body: { manifest } })
const definition = { method: 'GET', path: '/orders' }
const action = await call('actions.create', { at: version, body: { key: 'list', name: 'List', definition } })
const spare = await call('actions.create', { at: version, body: { key: 'spare', name: 'Spare', definition } })
await call('actions.list', { at: version })
await call('actions.get', { at: action })
await call('actions.change', { at: action, body: { name: 'All orders' } })
await call('actions.delete', { at: spare })
for (const step of ['publish', 'deprecate', 'restore']) await call(`app_versions.${step}`, { at: version })

const connection = await until('connections.create', { body: { key: 'main', name: 'Main', app_id: app.id, fields: { token: 'secret' } } }, (made) => made.id)
await call('connections.list')
await call('connections.get', { at: connection })
await call('connections.change', { at: connection, body: { name: 'Other' } })
await call('connections.replace_secret', { at: connection, body: { fields: { token: 'secret-2' } } })
await call('connections.close_circuit', { at: connection })
await call('connections.delete', { at: connection })
const empty = await call('apps.create', { body: { key: 'empty', name: 'Empty' } })
await call('apps.delete', { at: empty })

const steps = [{ id: 'one', uses: 'core/code', with: { source: 'console.log("hello"); return {n: input.n}', input: { n: 1 } } }]
const workflow = await call('workflows.create', { body: { key: 'flow', name: 'Flow', definition: { name: 'flow', steps } } })
await call('workflows.list')
await call('workflows.get', { at: workflow })
await call('workflows.change', { at: workflow, body: { description: 'Runs' } })
await call('workflows.get_draft', { at: workflow })
await call('workflows.save_draft', { at: workflow, body: { definition: { name: 'flow', steps } } })
await call('workflows.validate', { at: workflow, body: {} })
await call('workflows.validate', { at: workflow, body: { definition: 'steps: [1' } })
const n8n = { nodes: [{ name: 'Go', type: 'n8n-nodes-base.manualTrigger' }, { name: 'Odd', type: 'x' }], connections: { Go: { main: [[{ node: 'Odd' }]] } } }
await call('workflows.import_n8n', { body: { file: JSON.stringify(n8n), zone: 'Europe/Madrid' } })
const published = await call('workflows.publish', { at: workflow })
await call('workflows.list_versions', { at: workflow })
await call('workflows.get_pause', { at: workflow })
await call('workflows.resume', { at: workflow })
await call('workflow_versions.get', { at: published })

const alert = await call('alerts.create', { body: { name: 'Failures', channel: 'webhook', url: 'https://ops.example.com/hook' } })
await call('alerts.list')
await call('alerts.get', { at: alert })
await call('alerts.change', { at: alert, body: { quiet: { from: '22:00', to: '07:00' } } })
await call('alerts.test', { at: alert })
await call('alerts.rotate_secret', { at: alert })
await call('alerts.disable', { at: alert })
await call('alerts.enable', { at: alert })
await call('alerts.delete', { at: alert })
const trigger = await call('triggers.create', { at: workflow, body: { kind: 'webhook', name: 'Hook', config: { signature: { scheme: 'hmac-sha256' } } } })
await call('triggers.list', { at: workflow })
await call('triggers.get', { at: trigger })
await call('triggers.change', { at: trigger, body: { name: 'Hooks' } })
await call('triggers.activate', { at: trigger })
await fetch(new URL(trigger.url, base), { method: 'POST', body: '{}' }) // not signed
const refused = await until('triggers.refused', { at: trigger }, (seen) => seen.items.length > 0)
check('a refused delivery says why', refused.items[0].reason === 'signature', JSON.stringify(refused))
await call('triggers.health', { at: trigger })
await call('triggers.history', { at: trigger })
await call('triggers.sample', { at: trigger })
await call('triggers.capture', { at: trigger, body: { seconds: 60 } })
await call('triggers.capture', { at: trigger, body: { seconds: 0 } })
await call('triggers.rotate', { at: trigger, body: { what: 'secret' } })
await call('triggers.deactivate', { at: trigger })
await call('triggers.delete', { at: trigger })

await call('schedules.zones')
const settings = { cron: '* * * * * *', zone: 'Europe/Madrid' }
await call('schedules.preview', { body: { config: settings } })
const schedule = await call('triggers.create', { at: workflow, body: { kind: 'schedule', name: 'Tick', config: settings } })
await call('triggers.activate', { at: schedule })
await until('triggers.get', { at: schedule }, (seen) => seen.schedule.fired > 0)
await call('triggers.delete', { at: schedule })

const started = { id: (await call('workflows.start', { at: workflow, body: { input: {} } })).run_id }
const run = await until('runs.get', { at: started }, (seen) => seen.finished_at)
check('the run succeeds', run.state === 'success', JSON.stringify(run.error))
await call('runs.list')
await call('runs.get_step', { at: { ...started, step_id: 'one' } })
await call('runs.steps', { at: started, query: '?step_id=one&limit=1' })
await call('runs.value_shape', { at: started, query: '?step_id=one&rows=2' })
await call('runs.value', { at: started, query: '?of=input' })
await call('runs.logs', { at: started, query: '?level=info&text=a' })
await call('runs.events', { at: started })
await call('runs.rerun', { at: started })
await call('workflows.test', { at: workflow, body: { until: 'one', pins: { one: 1 } } })
await call('runs.preview_rerun', { at: started, query: '?from=step&step_id=one' })
await call('dead_letters.list')
await call('usage.list', { query: '?by=workflow' })
await call('quotas.list')
const failing = await call('workflows.create', { body: { key: 'broken', name: 'Broken', definition: { name: 'broken', steps: [{ id: 'no', uses: 'core/fail', with: { message: 'no' } }] } } })
await call('workflows.publish', { at: failing })
const hook = await call('triggers.create', { at: failing, body: { kind: 'webhook', name: 'Hook', config: { signature: { scheme: 'none' } } } })
await call('triggers.activate', { at: hook })
for (const body of ['1', '2']) await fetch(`${base}/hooks/${hook.url.split('/').at(-1)}`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
const letters = (await until('dead_letters.list', {}, (seen) => seen.items.length === 2)).items.map((one) => ({ id: one.run_id }))
await call('dead_letters.get', { at: letters[0] })
await call('dead_letters.drop', { at: letters[0], body: { note: 'Known' } })
await call('dead_letters.drop_many', { body: { run_ids: [letters[1].id] } })
await call('runs.rerun_many', { body: { workflow_id: workflow.id, state: 'success', from: 'beginning', again: true, limit: 1 } })
const slow = [{ id: 'wait', uses: 'core/sleep', with: { duration: '1h' } }]
const sleeper = await call('workflows.create', { body: { key: 'slow', name: 'Slow', definition: { name: 'slow', steps: slow } } })
await call('workflows.publish', { at: sleeper })
const sleeping = { id: (await call('workflows.start', { at: sleeper, body: {} })).run_id }
await until('runs.get', { at: sleeping }, (seen) => seen.state === 'waiting')
await call('runs.cancel', { at: sleeping, body: { reason: 'Enough' } })
await until('runs.get', { at: sleeping }, (seen) => seen.state === 'canceled')
for (const step of ['deactivate', 'activate', 'archive', 'restore', 'archive', 'delete']) await call(`workflows.${step}`, { at: sleeper })
await call('runs.get', { at: sleeping })

const loop = [{ id: 'a', uses: 'core/map' }, { id: 'each', uses: 'core/foreach', with: { items: [1, 2, 3] }, steps: [{ id: 'b', uses: 'core/map', with: '{{ item }}' }] }]
const looping = await call('workflows.create', { body: { key: 'loop', name: 'Loop', definition: { name: 'loop', steps: loop } } })
await call('workflows.publish', { at: looping })
const looped = { id: (await call('workflows.start', { at: looping, body: {} })).run_id, step_id: 'b' }
await until('runs.get', { at: looped }, (seen) => seen.state === 'success')
const third = await call('runs.get_step', { at: looped, query: '?iteration=3' })
check('a step of an item is found', third.output === 3, JSON.stringify(third))

const { id: $file, name, type, size, sha256 } = await call('files.upload', { body: { a: 1 }, query: '?name=b.bin', type: 'application/octet-stream' })
const asking = [{ id: 'ask', uses: 'core/approval', with: { title: 'Pay?', approvers: ['role:owner'], files: '{{ input.file }}' } }]
const payment = await call('workflows.create', { body: { key: 'pay', name: 'Pay', definition: { name: 'pay', steps: asking } } })
await call('workflows.publish', { at: payment })
const asked = { id: (await call('workflows.start', { at: payment, body: { input: { file: { $file, name, type, size, sha256 } } } })).run_id, step_id: 'ask' }
await until('approvals.list', {}, (seen) => seen.items.length > 0)
await call('approvals.get', { at: asked })
await call('approvals.file', { at: { ...asked, file_id: $file } })
await call('approvals.decide', { at: asked, body: { approved: true, comment: 'As agreed' } })
await until('runs.get', { at: asked }, (seen) => seen.state === 'success')
await call('events.send', { body: { name: 'paid', key: '4711', payload: { amount: 120 } } })

const file = await call('files.upload', { body: { a: 1 }, query: '?name=a.bin', type: 'application/octet-stream' })
await call('files.list')
await call('files.get', { at: file })
await call('files.download', { at: file })
await call('files.delete', { at: file })

const missing = [...operations.keys()].filter((id) => !covered.has(id))
check('every operation was called', missing.length === 0, missing.join(' '))
const validate = ajv.getSchema(pointer('components', 'schemas', 'workflow'))
check('control: an answer with a member too many does not fit', !validate({ ...workflow, more: 1 }) && validate(workflow))
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
