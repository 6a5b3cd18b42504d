// The UI over a small stand-in of the server (changes over REST, reads over GraphQL), with the server's content policy: for work on the UI without a
// database. Prints its address; `--empty` starts unclaimed. Serves web/dist (build it first). Not the product.
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answer, serveLive } from './graphql.ts'
import { emptyState, fresh, fullState, makeRun, simulate, uuid, type Row } from './store.ts'

const s = process.argv.includes('--empty') ? emptyState() : fullState()
const dist = fileURLToPath(new URL('../dist', import.meta.url))
const policy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
const watchers = new Set<() => void>()

class Problem extends Error {
  readonly status: number
  readonly detail: string
  readonly more: object
  constructor(status: number, detail: string, more: object = {}) {
    super(detail)
    this.status = status
    this.detail = detail
    this.more = more
  }
}
const missing = () => new Problem(404, 'There is no such thing here.')
const find = (rows: Row[], id: string | undefined): Row => {
  const row = rows.find((r) => r.id === id)
  if (!row) throw missing()
  return row
}
function announce(): void {
  for (const look of [...watchers]) look()
}

/** A run that takes its time, so that its progress can be watched. */
function perform(workflow: Row, input: unknown, extra: object = {}): Row {
  const version = s.versions.find((v) => v.id === workflow.published_version_id)
  if (!version) throw new Problem(409, 'The workflow was never published.')
  const { outcomes, output } = simulate(version.definition, input)
  const run: Row = {
    ...makeRun({ state: 'queued', at: Date.now(), workflow }), version_number: version.number, input, output: null, ...extra, steps: [],
  }
  const iso = () => new Date().toISOString()
  const at = (ms: number, change: () => void) => setTimeout(() => {
    if (run.state === 'canceled' || run.state === 'failed') return
    change()
    announce()
  }, ms)
  const finish = (state: string, more: object) => Object.assign(run, { state, finished_at: iso(), duration_ms: Date.now() - Date.parse(String(run.started_at)), ...more })
  s.runs.push(run)
  announce()
  at(200, () => Object.assign(run, { state: 'running', started_at: iso() }))
  outcomes.forEach((outcome, i) => {
    const step: Body = { ...outcome, position: i, state: 'running', attempt: 1, failure_kind: null, finished_at: null, duration_ms: null, has_input: outcome.input !== null, has_output: false }
    at(300 + i * 300, () => (run.steps as unknown[]).push(Object.assign(step, { started_at: iso(), error: null })))
    at(560 + i * 300, () => {
      const failed = outcome.error !== null
      Object.assign(step, { state: failed ? 'failed' : 'success', finished_at: iso(), duration_ms: 260, has_output: !failed, error: outcome.error, failure_kind: failed ? 'workflow' : null })
      if (failed) finish('failed', { failure_kind: 'workflow', error: outcome.error })
    })
  })
  at(400 + outcomes.length * 300, () => finish('success', { output }))
  return run
}

type Body = Record<string, unknown>
type Handler = (id: string[], body: Body, session: Session) => unknown
interface Session {
  signedIn: boolean
  setCookie: string | null
}
const open = !process.argv.includes('--empty')
function signIn(session: Session): void {
  const value = uuid()
  s.sessions.add(value)
  session.signedIn = true
  session.setCookie = `weft_session=${value}; HttpOnly; SameSite=Lax; Path=/`
}
const me = (session: Session) => ({ claimed: s.claimed, ...(session.signedIn ? { user: s.user, tenant: s.tenant, role: 'owner', permissions: [] } : {}) })
const make = (rows: Row[], row: object): Row => {
  const made = { id: uuid(), created_at: new Date().toISOString(), updated_at: new Date().toISOString(), ...row }
  rows.push(made)
  return made
}
const drop = (rows: Row[], id: string | undefined) => void rows.splice(rows.indexOf(find(rows, id)), 1)
const problemsOf = (definition: unknown) => {
  const text = JSON.stringify(definition)
  return text.includes('steps.missing') ? [{ field: 'steps[0].with', message: 'There is no step "missing".' }] : []
}

const routes: Record<string, Handler> = {
  'GET /auth/status': (_id, _b, session) => me(session),
  'POST /auth/claim': (_id, b, session) => {
    if (b.token !== 'demo') throw new Problem(401, 'The claim link is not valid any more.')
    if (String(b.password).length < 10) throw new Problem(422, 'The password must have at least 10 characters.', { field: 'password' })
    s.claimed = true
    s.password = String(b.password)
    signIn(session)
    s.tenant.name = b.tenant_name
    s.user = { id: uuid(), email: String(b.email), name: String(b.name) }
    return me(session)
  },
  'POST /auth/login': (_id, b, session) => {
    if (b.password !== s.password || b.email !== s.user?.email) throw new Problem(401, 'E-mail or password is wrong.')
    signIn(session)
    return me(session)
  },
  'POST /auth/logout': (_id, _b, session) => {
    s.sessions.clear()
    session.setCookie = 'weft_session=; Max-Age=0; Path=/'
  },
  'POST /tokens': (_id, b) => ({ ...make(s.tokens, { name: b.name, role: b.role, hint: 'weft_ab…', expires_at: new Date(Date.now() + 7e9).toISOString() }), token: 'weft_abcdefghijklmnopqrstuvwxyz0123456789' }),
  'DELETE /tokens/*': ([id]) => drop(s.tokens, id),
  'POST /apps': (_id, b) => make(s.apps, { description: '', ...b }),
  'POST /apps/*/versions': ([id], b) => make(s.appVersions, { app_id: id, major: 1, minor: s.appVersions.length, state: 'draft', manifest: b.manifest }),
  'PATCH /app-versions/*': ([id], b) => Object.assign(find(s.appVersions, id), b),
  'POST /app-versions/*/publish': ([id]) => Object.assign(find(s.appVersions, id), { state: 'published' }),
  'POST /app-versions/*/deprecate': ([id]) => Object.assign(find(s.appVersions, id), { state: 'deprecated' }),
  'POST /app-versions/*/actions': ([id], b) => make(s.actions, { ...b, app_version_id: id }),
  'PATCH /actions/*': ([id], b) => Object.assign(find(s.actions, id), b),
  'GET /connections': () => ({ items: s.connections, next: null }),
  'POST /connections': (_id, b) => {
    if (s.connections.some((c) => c.key === b.key)) throw new Problem(409, `There is a connection "${String(b.key)}" already.`, { field: 'key' })
    return make(s.connections, { key: b.key, name: b.name, app_id: b.app_id, auth_kind: 'api_key', state: 'untested', revision: 1, breaker_failures: 10, breaker_within_ms: '60000', breaker_open_ms: '30000', circuit: 'closed' })
  },
  'PUT /connections/*/secret': ([id]) => find(s.connections, id),
  'DELETE /connections/*': ([id]) => drop(s.connections, id),
  'POST /workflows': (_id, b) => {
    if (!/^[a-z][a-z0-9-]*$/.test(String(b.key))) throw new Problem(422, 'A key has lower case letters, digits and hyphens.', { field: 'key' })
    const made = make(s.workflows, { key: b.key, name: b.name, description: b.description, published_version_id: null, state: 'active', has_unpublished_changes: true })
    s.drafts.set(made.id, { definition: b.definition, revision: 1 })
    return made
  },
  'DELETE /workflows/*': ([id]) => drop(s.workflows, id),
  'POST /workflows/*/activate': ([id]) => Object.assign(find(s.workflows, id), { state: 'active' }),
  'POST /workflows/*/deactivate': ([id]) => Object.assign(find(s.workflows, id), { state: 'inactive' }),
  'POST /workflows/*/archive': ([id]) => Object.assign(find(s.workflows, id), { state: 'archived' }),
  'POST /workflows/*/restore': ([id]) => Object.assign(find(s.workflows, id), { state: 'inactive' }),
  'PUT /workflows/*/draft': ([id], b) => {
    const now = s.drafts.get(id ?? '')
    if (!now) throw missing()
    if (b.revision !== now.revision) throw new Problem(409, 'Someone else has saved the draft since you opened it.', { field: 'revision' })
    Object.assign(find(s.workflows, id), { has_unpublished_changes: true })
    return Object.assign(now, { definition: b.definition, revision: now.revision + 1 })
  },
  'POST /workflows/*/validate': (_id, b) => ({ valid: problemsOf(b.definition).length === 0, problems: problemsOf(b.definition) }),
  'POST /workflows/*/publish': ([id]) => {
    const draft = s.drafts.get(id ?? '')
    const problems = problemsOf(draft?.definition)
    if (problems.length > 0) throw new Problem(422, 'The draft has problems.', { problems })
    const made = make(s.versions, { workflow_id: id, number: s.versions.filter((v) => v.workflow_id === id).length + 1, definition: draft?.definition, published_at: new Date().toISOString() })
    Object.assign(find(s.workflows, id), { published_version_id: made.id, published_version_number: made.number, has_unpublished_changes: false })
    return made
  },
  'POST /workflows/*/runs': ([id], b) => ({ run_id: perform(find(s.workflows, id), b.input, { trigger: { kind: 'manual' }, trigger_id: null }).id }),
  'POST /workflows/*/triggers': ([id], b) => b.kind === 'schedule' ? make(s.triggers, { ...b, workflow_id: id, state: 'inactive', url: null, schedule: fresh() }) : ({ ...make(s.triggers, { ...b, workflow_id: id, state: 'inactive', url: `/hooks/wh_${uuid().slice(-12)}` }), secret: 'whsec_abcdefghijklmnop' }),
  'PATCH /triggers/*': ([id], b) => Object.assign(find(s.triggers, id), b),
  'GET /schedules/zones': () => ({ tzdata: '2026a', names: ['America/New_York', 'Europe/Madrid', 'UTC'] }),
  'POST /schedules/preview': (_id, b) => {
    const days = [1, 2, 3, 4, 5].map((day) => `${new Date(Date.now() + day * 86_400_000).toISOString().slice(0, 10)}T09:00:00.000Z`)
    return { config: b.config, times: days.map((at) => ({ at, local: at })), tzdata: '2026a' }
  },
  'GET /triggers/*': ([id]) => find(s.triggers, id),
  'POST /triggers/*/activate': ([id]) => Object.assign(find(s.triggers, id), { state: 'active' }),
  'POST /triggers/*/deactivate': ([id]) => Object.assign(find(s.triggers, id), { state: 'inactive' }),
  'POST /triggers/*/rotate': ([id], b) =>
    (b.what === 'secret' ? { secret: 'whsec_new' } : { url: Object.assign(find(s.triggers, id), { url: `/hooks/wh_${uuid().slice(-12)}` }).url }),
  'DELETE /triggers/*': ([id]) => drop(s.triggers, id),
  'POST /runs/*/cancel': ([id], b) => {
    Object.assign(find(s.runs, id), { state: 'canceled', canceled_by_name: s.user?.name, cancel_reason: b.reason ?? null, finished_at: new Date().toISOString() })
    announce()
  },
  'GET /runs/*/rerun': ([id]) => {
    const before = find(s.runs, id)
    return { version_number: before.version_number, kept: [], again: (before.steps as { step_id: unknown }[]).map((step) => step.step_id), effects: [] }
  },
  'POST /runs/*/rerun': ([id]) => {
    const before = find(s.runs, id)
    return { run_id: perform(find(s.workflows, String(before.workflow_id)), before.input, { rerun_of: before.id }).id }
  },
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? {} : (JSON.parse(text) as Body)
}

function isSignedIn(request: IncomingMessage): boolean {
  const cookie = /weft_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  return open || (cookie !== undefined && s.sessions.has(cookie))
}

async function api(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const path = url.pathname.slice('/api/v1'.length)
  const request_id = uuid()
  try {
    const session: Session = { signedIn: isSignedIn(request), setCookie: null }
    if (!session.signedIn && !path.startsWith('/auth/')) throw new Problem(401, 'Sign in first.')
    if (request.method !== 'GET' && request.headers['x-weft-csrf'] !== '1') throw new Problem(403, 'The header x-weft-csrf is missing.')
    for (const [route, handle] of Object.entries(routes)) {
      const [method, pattern] = route.split(' ')
      const match = new RegExp(`^${(pattern ?? '').replaceAll('*', '([^/]+)')}$`).exec(path)
      if (method !== request.method || !match) continue
      const answer = await handle(match.slice(1).map(decodeURIComponent), await bodyOf(request), session)
      if (session.setCookie !== null) response.setHeader('set-cookie', session.setCookie)
      response.writeHead(answer === undefined ? 204 : 200, { 'content-type': 'application/json' })
      response.end(answer === undefined ? undefined : JSON.stringify(answer))
      return
    }
    throw missing()
  } catch (error) {
    const known = error instanceof Problem ? error : new Problem(500, String(error))
    response.writeHead(known.status, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ type: 'about:blank', title: 'Problem', status: known.status, detail: known.detail, request_id, ...known.more }))
  }
}

const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }
async function file(response: ServerResponse, path: string): Promise<void> {
  const name = extname(path) in types ? normalize(path) : '/index.html'
  try {
    const data = await readFile(join(dist, name))
    response.writeHead(200, { 'content-type': types[extname(name)] ?? 'text/plain', 'content-security-policy': policy, 'x-content-type-options': 'nosniff' })
    response.end(data)
  } catch {
    response.writeHead(404).end()
  }
}

async function hook(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  const trigger = s.triggers.find((x) => x.url === path)
  if (!trigger) return void response.writeHead(404).end()
  const body = await bodyOf(request)
  const run = perform(find(s.workflows, String(trigger.workflow_id)), body, { trigger: { kind: 'webhook', body } })
  response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ run_id: run.id }))
}

async function graphql(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refused = { errors: [{ message: 'Sign in first.', extensions: { code: 'access-denied', path: '$' } }] }
  const result = isSignedIn(request) ? await answer(await bodyOf(request), s) : refused
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (url.pathname === '/v1/graphql') return void graphql(request, response)
  if (url.pathname.startsWith('/api/v1/')) void api(request, response, url)
  else if (url.pathname.startsWith('/hooks/')) void hook(request, response, url.pathname)
  else void file(response, url.pathname)
})
serveLive(server, s, (look) => {
  watchers.add(look)
  return () => watchers.delete(look)
}, isSignedIn)
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const address = server.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : ''}`)
})
