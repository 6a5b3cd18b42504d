// State and fixtures of the development server: enough of the server to work on every page. Not the product.
import { randomBytes } from 'node:crypto'
import { runInNewContext } from 'node:vm'

export type Row = Record<string, unknown> & { id: string }

let last = 0
/** A uuid v7 with a given time: later ids sort later, as the server's do. */
export function uuid(at = Date.now()): string {
  last = Math.max(last + 1, at * 4)
  const time = Math.floor(at).toString(16).padStart(12, '0')
  const order = (last % 4096).toString(16).padStart(3, '0')
  const rest = randomBytes(8).toString('hex')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${order}-8${rest.slice(0, 3)}-${rest.slice(3, 15)}`
}

export const definition = {
  name: 'order-to-invoice',
  inputs: { type: 'object', required: ['order_id'], properties: { order_id: { type: 'string' } } },
  steps: [
    { id: 'order', uses: 'orders/get-order@1', connection: 'orders', with: { id: '{{ input.order_id }}' }, retry: { attempts: 3, backoff: 'exponential' } },
    { id: 'customer', uses: 'core/http', with: { url: 'https://crm.example.com/c/{{ input.order_id }}' } },
    { id: 'lines', needs: ['order'], uses: 'core/map', with: { lines: '{{ steps.order.output.body.lines.filter(l => l.quantity > 0) }}' } },
    { id: 'invoice', needs: ['lines', 'customer'], uses: 'core/map', with: { total: '{{ steps.lines.output.lines.reduce((s, l) => s + l.price * l.quantity, 0) }}' } },
    { id: 'notify', needs: ['invoice'], if: '{{ steps.invoice.output.total > 100 }}', uses: 'slack/post-message@1', with: { text: 'Order {{ input.order_id }} invoiced' } },
  ],
  output: '{{ steps.invoice.output }}',
}

const order = {
  order_id: 'A-1042',
  status: 200,
  body: { customer: { name: 'Ada Lovelace', since: '2019-04-01', vip: true, note: null }, lines: [{ sku: 'W-1', price: 19.5, quantity: 4 }, { sku: 'W-7', price: 120, quantity: 1 }, { sku: 'W-9', price: 3, quantity: 0 }] },
}
export const outputs: Record<string, unknown> = {
  order,
  customer: { status: 200, body: { id: 'c-77', tier: 'gold' } },
  lines: { lines: order.body.lines.slice(0, 2) },
  invoice: { total: 198 },
  notify: { ok: true, ts: '1700000000.000200' },
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

interface RunSpec {
  state: string
  at: number
  failure_kind?: string
  error?: unknown
  failedStep?: string
  workflow: Row
}

/** A finished or running run with its steps, as it would stand `Date.now()`. */
export function makeRun(spec: RunSpec): Row {
  const ids = ['order', 'customer', 'lines', 'invoice', 'notify']
  const uses = ['orders/get-order@1', 'core/http', 'core/map', 'core/map', 'slack/post-message@1']
  const offsets = [4, 5, 212, 231, 240]
  const lengths = [205, 118, 14, 6, 96]
  const stop = spec.failedStep === undefined ? ids.length : ids.indexOf(spec.failedStep)
  const steps = ids.map((step_id, i) => {
    const failed = i === stop
    const never = i > stop || (spec.state === 'queued')
    const state = never ? 'skipped' : failed ? 'failed' : 'success'
    const started = spec.at + (offsets[i] ?? 0)
    return {
      step_id, position: i, uses: uses[i], state, attempt: never ? 0 : failed || i === 0 ? 3 : 1,
      failure_kind: failed ? spec.failure_kind : null, error: failed ? spec.error : null,
      started_at: never ? null : iso(started), finished_at: never ? null : iso(started + (lengths[i] ?? 0)),
      duration_ms: never ? null : lengths[i], has_input: !never, has_output: state === 'success',
    }
  })
  const duration = stop < ids.length ? 330 : 338
  const final = ['success', 'failed', 'canceled'].includes(spec.state)
  return {
    id: uuid(spec.at), workflow_id: spec.workflow.id, workflow_key: spec.workflow.key, workflow_name: spec.workflow.name, version_number: 3,
    trigger_id: uuid(), state: spec.state, failure_kind: spec.failure_kind ?? null, error: spec.error ?? null,
    created_at: iso(spec.at), started_at: spec.state === 'queued' ? null : iso(spec.at + 3), finished_at: final ? iso(spec.at + duration) : null,
    duration_ms: final ? duration : null, input: { order_id: 'A-1042' }, output: spec.state === 'success' ? outputs.invoice : null,
    trigger: { kind: 'webhook', headers: { 'content-type': 'application/json' }, body: { order_id: 'A-1042' } }, rerun_of: null, tier: 'T1',
    steps: spec.state === 'queued' ? [] : steps,
  }
}

export interface State {
  /** What steps of fixtures gave. */
  outputs: Record<string, unknown>
  claimed: boolean
  user: { id: string; email: string; name: string } | null
  /** Session cookie values that are signed in. */
  sessions: Set<string>
  password: string
  tenant: Row
  workflows: Row[]
  drafts: Map<string, { definition: unknown; revision: number }>
  versions: Row[]
  triggers: Row[]
  refused: Row[]
  apps: Row[]
  appVersions: Row[]
  actions: Row[]
  connections: Row[]
  tokens: Row[]
  runs: Row[]
}

/** Where a schedule stands that has not fired yet. */
export function fresh(): Row {
  return { next_slot_at: null, due_at: null, waiting_slot_at: null, last_fired_at: null, last_run_id: null, fired: '0', missed: '0', skipped: '0', problem: null }
}

export function emptyState(): State {
  return {
    outputs, claimed: false, user: null, sessions: new Set(), password: 'demo password', tenant: { id: uuid(), slug: 'acme', name: 'Acme Weaving' },
    workflows: [], drafts: new Map(), versions: [], triggers: [], refused: [], apps: [], appVersions: [], actions: [], connections: [], tokens: [], runs: [],
  }
}

/** A tenant in use; everybody is signed in. */
export function fullState(): State {
  const s = emptyState()
  const now = Date.now()
  s.claimed = true
  s.user = { id: uuid(), email: 'grace@acme.test', name: 'Grace Hopper' }
  const names = [['order-to-invoice', 'Order to invoice'], ['nightly-stock-sync', 'Nightly stock sync'], ['new-lead-to-crm', 'New lead to CRM']]
  for (const [key, name] of names) {
    const id = uuid(now - 9e8)
    const version = { id: uuid(), workflow_id: id, number: 3, definition, content_hash: 'ab12', published_at: iso(now - 8e6) }
    s.versions.unshift({ ...version, id: uuid(), number: 2, published_at: iso(now - 9e7) }, version)
    s.workflows.push({ id, key, name, description: key === 'order-to-invoice' ? 'Turns each order into an invoice and tells the team.' : '', published_version_id: version.id, published_version_number: 3, state: key === 'order-to-invoice' ? 'active' : 'inactive', has_unpublished_changes: key === 'order-to-invoice', created_at: iso(now - 9e8), updated_at: iso(now - 8e6) })
    s.drafts.set(id, { definition, revision: 7 })
  }
  s.workflows.push({ id: uuid(), key: 'weekly-report', name: 'Weekly report', description: '', published_version_id: null, state: 'active', has_unpublished_changes: true, created_at: iso(now), updated_at: iso(now) })
  s.drafts.set(s.workflows[3]?.id ?? '', { definition: { name: 'weekly-report', steps: [] }, revision: 1 })
  const first = s.workflows[0]
  if (first) {
    s.triggers.push({ id: uuid(), workflow_id: first.id, kind: 'webhook', name: 'Shop orders', state: 'active', config: { signature: { scheme: 'hmac-sha256' }, mode: 'async' }, url: '/hooks/wh_9f8s7df98s7df98s7d', created_at: iso(now) })
    s.triggers.push({
      id: uuid(), workflow_id: first.id, kind: 'schedule', name: 'Fortnightly', state: 'active', config: { every: '2 weeks on Monday at 9:00', zone: 'Europe/Madrid', starting: '2026-12-07' }, created_at: iso(now),
      schedule: { ...fresh(), next_slot_at: iso(now + 9e8), due_at: iso(now + 9e8), last_fired_at: iso(now - 3e8), last_run_id: uuid(), fired: '7' },
    })
    const refused = { trigger_id: s.triggers[0]?.id, first_at: iso(now - 9e6), size_bytes: '512' }
    s.refused.push(
      { ...refused, id: uuid(), reason: 'signature', status: 401, content_type: 'application/json', address: '192.0.2.0/24', last_at: iso(now - 90_000), deliveries: '17' },
      { ...refused, id: uuid(), reason: 'body-limit', status: 413, content_type: 'multipart/form-data', address: '198.51.100.0/24', last_at: iso(now - 8e6), deliveries: '1' },
    )
  }
  const app = { id: uuid(), key: 'orders', name: 'Orders', description: 'The shop’s order service.', updated_at: iso(now) }
  s.apps.push(app, { id: uuid(), key: 'slack', name: 'Slack', description: 'Messages to channels.', updated_at: iso(now) })
  const version = { id: uuid(), app_id: app.id, major: 1, minor: 0, state: 'published', manifest: { base_url: 'https://orders.example.com', auth: { kind: 'api_key', in: 'header', name: 'X-Api-Key' } }, published_at: iso(now) }
  s.appVersions.push(version)
  s.actions.push({ id: uuid(), app_version_id: version.id, key: 'get-order', name: 'Get order', definition: { method: 'GET', path: '/orders/{{ input.id }}', effect: 'idempotent', input: { type: 'object', required: ['id'] } } })
  s.connections.push({ id: uuid(), key: 'orders', name: 'Orders, live', app_id: app.id, auth_kind: 'api_key', state: 'ok', revision: 2, last_used_at: iso(now - 42_000), breaker_failures: 10, breaker_within_ms: '60000', breaker_open_ms: '30000', circuit: 'closed', created_at: iso(now) })
  s.tokens.push({ id: uuid(), name: 'ci', hint: 'weft_9f8…', role: 'builder', created_at: iso(now), last_used_at: null, expires_at: iso(now + 6e9), revoked_at: null })
  fillRuns(s, now)
  return s
}

function fillRuns(s: State, now: number): void {
  const kinds = [
    { failure_kind: 'workflow', failedStep: 'lines', error: { message: "TypeError: cannot read property 'filter' of undefined at steps.order.output.body.lines", step_id: 'lines', field: 'with.lines', line: 1, column: 34 } },
    { failure_kind: 'provider', failedStep: 'order', error: { message: 'GET https://orders.example.com/orders/A-1042 answered 503 after 3 attempts', step_id: 'order' } },
    { failure_kind: 'limit', failedStep: 'invoice', error: { message: 'The step used more than 64 MiB of memory', step_id: 'invoice' } },
  ]
  for (let i = 140; i > 0; i--) {
    const workflow = s.workflows[i % 3]
    if (!workflow) continue
    const at = now - i * i * 3_000
    const bad = i % 9 === 4 ? kinds[(i / 9) % 3 | 0] : undefined
    const state = bad ? 'failed' : i % 23 === 2 ? 'canceled' : 'success'
    s.runs.push(makeRun({ state, at, workflow, ...(bad ?? {}) }))
  }
}

interface StepPlan {
  id: string
  uses: string
  needs: string[]
  with: unknown
}
export interface Outcome {
  step_id: string
  uses: string
  input: unknown
  output: unknown
  error: { message: string; field: string } | null
}

function render(value: unknown, context: object): unknown {
  if (Array.isArray(value)) return value.map((item) => render(item, context))
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, render(v, context)]))
  if (typeof value !== 'string') return value
  const evaluate = (code: string): unknown => runInNewContext(`(${code})`, context, { timeout: 100 })
  const whole = /^\{\{((?:(?!\}\}).)*)\}\}$/s.exec(value)
  return whole ? evaluate(whole[1] ?? '') : value.replace(/\{\{(.*?)\}\}/gs, (_all, code: string) => String(evaluate(code)))
}

/** What each step of a definition gives; maps are computed, everything else has a fixed answer. Ends at the first failure. */
export function simulate(definition: unknown, input: unknown): { outcomes: Outcome[]; output: unknown } {
  const plan = definition as { steps?: StepPlan[]; output?: unknown }
  const context = { input, steps: {} as Record<string, { output: unknown }> }
  const outcomes: Outcome[] = []
  for (const step of plan.steps ?? []) {
    const outcome: Outcome = { step_id: step.id, uses: step.uses, input: null, output: null, error: null }
    outcomes.push(outcome)
    try {
      const rendered = render(step.with ?? {}, context)
      outcome.input = step.uses === 'core/map' ? null : rendered
      outcome.output = step.uses === 'core/map' ? rendered : (outputs[step.id] ?? { ok: true })
      context.steps[step.id] = { output: outcome.output }
    } catch (error) {
      outcome.error = { message: `${String(error)} in ${JSON.stringify(step.with)}`, field: `steps.${step.id}.with` }
      return { outcomes, output: null }
    }
  }
  return { outcomes, output: render(plan.output ?? null, context) }
}
