// GraphQL of the development server: schema.graphql over the fixtures, with the few operators and the live queries that the UI uses.
import { readFileSync } from 'node:fs'
import type { IncomingMessage, Server } from 'node:http'
import { buildSchema, execute, getNamedType, GraphQLSchema, Kind, parse, validate, visit, type DocumentNode, type GraphQLFieldResolver } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import type { Row, State } from './store.ts'

type Item = Record<string, unknown>
type Where = Record<string, unknown>
interface Args {
  where?: Where
  order_by?: Record<string, string>[]
  limit?: number
  cursor?: [{ initial_value: { seq: string } }]
}

const schema = buildSchema(readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'))
// A live query is a query over the other root, asked again after each change.
const live = new GraphQLSchema({ ...schema.toConfig(), query: schema.getSubscriptionType()!, subscription: null })

function compare(a: unknown, b: unknown): number {
  const [x, y] = [a, b].map((v) => (typeof v === 'string' && /^\d+$/.test(v) ? BigInt(v) : (v ?? ''))) as [string, string]
  return x < y ? -1 : x > y ? 1 : 0
}
const operators: Record<string, (value: unknown, wanted: never) => boolean> = {
  _eq: (v, w) => compare(v, w) === 0,
  _neq: (v, w) => compare(v, w) !== 0,
  _lt: (v, w) => compare(v, w) < 0,
  _lte: (v, w) => compare(v, w) <= 0,
  _gt: (v, w) => compare(v, w) > 0,
  _in: (v, w: unknown[]) => w.some((x) => compare(v, x) === 0),
  _nin: (v, w: unknown[]) => w.every((x) => compare(v, x) !== 0),
  _is_null: (v, w) => (v == null) === w,
  _ilike: (v, w: string) => String(v).toLowerCase().includes(w.slice(1, -1).replace(/\\(.)/g, '$1').toLowerCase()),
}
function meets(row: Item, where: Where): boolean {
  return Object.entries(where).every(([column, conditions]) => {
    if (column === '_or') return (conditions as Where[]).some((one) => meets(row, one))
    return Object.entries(conditions as Where).every(([operator, wanted]) => {
      const test = operators[operator]
      if (!test) throw new Error(`the development server knows no ${operator}`)
      return test(row[column], wanted as never)
    })
  })
}
function select(rows: Item[], { where = {}, order_by = [], limit = 100, cursor }: Args): Item[] {
  const order = order_by.flatMap((o) => Object.entries(o))
  return rows
    .filter((row) => meets(row, where) && (!cursor || compare(row.seq, cursor[0].initial_value.seq) > 0))
    .sort((a, b) => order.map(([column, way]) => compare(a[column], b[column]) * (way.startsWith('desc') ? -1 : 1)).find((x) => x !== 0) ?? 0)
    .slice(0, limit)
}

const steps = (run: Row) => run.steps as Item[]

/** The rows of each table. */
function tables(s: State): Record<string, Item[]> {
  const runs = s.runs.map((run) => ({
    ...run, trigger_data: run.trigger, workflow_version_id: s.versions.find((v) => v.workflow_id === run.workflow_id && v.number === run.version_number)?.id ?? run.id,
  }))
  const all = s.runs.flatMap((run) => steps(run).map((step) => ({ iteration: '0', source: null, ...step, run_id: run.id, input: step.has_input ? (step.input ?? { id: 'A-1042' }) : null, output: step.has_output ? (step.output ?? s.outputs[String(step.step_id)]) : null })))
  return {
    runs,
    run_steps: all,
    run_values: all.flatMap((step: Item) => (['input', 'output'] as const).flatMap((end) => (step[`has_${end}`] ? [{ run_id: step.run_id, slot: `step.${String(step.step_id)}.${end}` }] : []))),
    run_events: all.flatMap((step: Item) => Array.from({ length: Math.max(0, Number(step.attempt) - 1) }, (_, i) => ({
      run_id: step.run_id, step_id: step.step_id, iteration: step.iteration, kind: 'wait', seq: String(i + 1), occurred_at: step.started_at, detail: { attempt: i + 1, error: { message: '503 Service Unavailable' } },
    }))),
    run_logs: s.runs.flatMap((run) => steps(run).flatMap((step, i) => [
      { iteration: '0', run_id: run.id, seq: String(i * 2 + 1), logged_at: step.started_at ?? run.created_at, level: 'info', step_id: step.step_id, message: `${String(step.uses)} began` },
      ...(step.finished_at == null && step.state !== 'skipped' ? [] : [{ iteration: '0', run_id: run.id, seq: String(i * 2 + 2), logged_at: step.finished_at ?? run.created_at, level: step.state === 'failed' ? 'error' : 'debug', step_id: step.step_id, message: step.state === 'failed' ? String((step.error as Item).message) : `ended: ${String(step.state)}` }]),
    ])),
    workflows: s.workflows,
    workflow_pauses: [],
    workflow_drafts: [...s.drafts].map(([workflow_id, draft]) => ({ workflow_id, updated_at: new Date().toISOString(), ...draft })),
    workflow_versions: s.versions,
    triggers: s.triggers, refused_deliveries: s.refused, apps: s.apps, app_versions: s.appVersions, actions: s.actions, connections: s.connections, tokens: s.tokens,
  }
}

/** Columns that lead from a row to the rows of a relationship: [of the row, of the other]. */
const relations: Record<string, [string, string]> = {
  'runs.workflow': ['workflow_id', 'id'], 'runs.version': ['workflow_version_id', 'id'], 'runs.steps': ['id', 'run_id'], 'runs.job': ['id', 'run_id'], 'runs.waits': ['id', 'run_id'],
  'triggers.refused_deliveries': ['id', 'trigger_id'],
  'workflows.published_version': ['published_version_id', 'id'], 'connections.app': ['app_id', 'id'],
}

const resolve: GraphQLFieldResolver<Item, Record<string, Item[]>> = (source, args, all, info) => {
  const [parent, field] = [info.parentType.name, info.fieldName]
  const rows = (name: string, given: object) => select(all[name] ?? [], given as Args)
  if (parent.endsWith('_root')) return rows(field.replace(/_stream$/, ''), args)
  const columns = relations[`${parent}.${field}`]
  if (!columns) return source[field]
  const to = getNamedType(info.returnType).name
  const found = rows(to, { ...args, where: { ...(args.where as object), [columns[1]]: { _eq: source[columns[0]] } } })
  return String(info.returnType).startsWith('[') ? found : (found[0] ?? null)
}

function run(of: GraphQLSchema, document: DocumentNode, variableValues: Item, s: State) {
  const errors = validate(of, document)
  return errors.length > 0 ? { errors } : execute({ schema: of, document, variableValues, rootValue: {}, contextValue: tables(s), fieldResolver: resolve })
}

/** One request over HTTP, answered. */
export function answer(body: Item, s: State): unknown {
  return run(schema, parse(String(body.query)), (body.variables ?? {}) as Item, s)
}

/** Live queries over WebSocket: `onChange` tells when to look again, `isAllowed` who may. */
export function serveLive(
  server: Server, s: State, onChange: (look: () => void) => () => void, isAllowed: (request: IncomingMessage) => boolean = () => true,
): WebSocketServer {
  const sockets = new WebSocketServer({ server, path: '/v1/graphql' })
  async function* follow(document: DocumentNode, variables: Item) {
    let look: () => void = () => undefined
    let next = new Promise<void>((done) => (look = done))
    const stop = onChange(() => look())
    const given = structuredClone(variables) as { after?: string }
    try {
      for (let before = ''; ;) {
        const result = await run(live, document, given, s)
        const text = JSON.stringify(result)
        if (text !== before) yield result
        before = text
        const stream = (result as { data?: { run_logs_stream?: Item[] } }).data?.run_logs_stream
        if (stream) given.after = String(stream.at(-1)?.seq ?? given.after)
        await next
        next = new Promise<void>((done) => (look = done))
      }
    } finally {
      stop()
    }
  }
  useServer({
    schema,
    onConnect: ({ extra }) => isAllowed(extra.request),
    subscribe: (args) => follow(visit(args.document, { OperationDefinition: (node) => ({ ...node, operation: 'query' as never, kind: Kind.OPERATION_DEFINITION }) }), (args.variableValues ?? {}) as Item) as never,
  }, sockets)
  return sockets
}
