// What live queries cost: node live.mjs PORT WEFT_PID SOCKET_FOLDER SUBSCRIPTIONS CHANGES_PER_SECOND
//
// Opens the subscriptions over sockets of 20, looks at an idle weft for 20 s, then changes rows as another program would
// and measures from sending an UPDATE until its subscriber has the new row: commit, log, statement and push, in one clock.
import { readFileSync } from 'node:fs'
import pg from 'pg'
import WebSocket from 'ws'

const [port, weft, folder, subscriptionsText, rateText] = process.argv.slice(2)
const subscriptions = Number(subscriptionsText)
const rate = Number(rateText)
const perSocket = 20
const seconds = Number(process.env.SECONDS ?? 20)
const tenants = 100
const writers = 8

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const settings = { host: folder, user: 'postgres', database: 'bench', application_name: 'live bench' }
const watcher = new pg.Client(settings)
await watcher.connect()
const one = async (sql, values) => Object.values((await watcher.query(sql, values)).rows[0])[0]

/** Row n of the bench belongs to tenant (n - 1) % 100 + 1; each subscription has a row of its own. */
const rowOf = (i) => 300_000 + 1 + i
const tenantOf = (row) => ((row - 1) % tenants) + 1

let answers = 0
const sent = new Map() // row: when its change was sent
const taken = []

function hear(text) {
  const message = JSON.parse(text)
  if (message.type === 'ping') return this.send('{"type":"pong"}')
  if (message.type === 'error') throw new Error(JSON.stringify(message))
  if (message.type !== 'next') return
  if (message.payload.errors) throw new Error(JSON.stringify(message.payload.errors))
  answers += 1
  const [{ id, state }] = message.payload.data.run
  const change = sent.get(Number(id))
  if (change === undefined || change.state !== state) return
  taken.push(performance.now() - change.at)
  sent.delete(Number(id))
}

/** A socket's session has one tenant: rows of one tenant share sockets. */
async function open(rows) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/graphql`, ['graphql-transport-ws'], { perMessageDeflate: false })
  await new Promise((resolve, reject) => { socket.once('open', resolve); socket.once('error', reject) })
  const headers = { 'x-hasura-role': 'user', 'x-hasura-tenant-id': String(tenantOf(rows[0])) }
  socket.send(JSON.stringify({ type: 'connection_init', payload: { headers } }))
  await new Promise((resolve) => socket.once('message', resolve))
  socket.on('message', (data) => hear.call(socket, String(data)))
  const query = 'subscription S($id: bigint!) { run(where: {id: {_eq: $id}}) { id state } }'
  for (const row of rows) {
    socket.send(JSON.stringify({ type: 'subscribe', id: String(row), payload: { query, variables: { id: String(row) } } }))
  }
}

const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${weft}/status`, 'utf8'))[1]) / 1024
const cpu = () => readFileSync(`/proc/${weft}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((a, b) => a + Number(b), 0) / 100

// ---- open

const before = rss()
const started = performance.now()
const byTenant = new Map()
for (let i = 0; i < subscriptions; i += 1) {
  const row = rowOf(i)
  const list = byTenant.get(tenantOf(row)) ?? byTenant.set(tenantOf(row), []).get(tenantOf(row))
  list.push(row)
}
let sockets = 0
for (const rows of byTenant.values()) {
  for (let at = 0; at < rows.length; at += perSocket) {
    await open(rows.slice(at, at + perSocket))
    sockets += 1
  }
}
while (answers < subscriptions) await sleep(20)
console.log(`${subscriptions} subscriptions over ${sockets} sockets answered in ${((performance.now() - started) / 1000).toFixed(1)} s`)

// ---- idle

await sleep(2_000)
const backends = "from pg_stat_activity where application_name = 'weft-graphql'"
const begin = await one('select clock_timestamp()::text')
const idleCpu = cpu()
await sleep(seconds * 1_000)
const ran = Number(await one(`select count(*) ${backends} and state_change > $1::timestamptz`, [begin]))
const idle = { rss: rss(), cpu: (cpu() - idleCpu) / seconds }
console.log(`idle for ${seconds} s: ${ran} of ${await one(`select count(*) ${backends}`)} connections ran a statement, ` +
  `${idle.rss.toFixed(0)} MB resident (${before.toFixed(0)} before), ${(idle.cpu * 100).toFixed(1)}% of a core`)

// ---- changes

const pool = new pg.Pool({ ...settings, max: writers })
const update = { name: 'change', text: 'update bench.run set state = $1 where tenant_id = $2 and id = $3' }
const total = rate * seconds
const busyCpu = cpu()
const first = performance.now()
const done = []
for (let i = 0; i < total; i += 1) {
  const due = first + (i * 1_000) / rate
  if (due > performance.now()) await sleep(due - performance.now())
  const row = rowOf((i * 7919) % subscriptions)
  const state = `${process.pid}-${i}`
  sent.set(row, { state, at: performance.now() })
  done.push(pool.query({ ...update, values: [state, tenantOf(row), row] }))
}
await Promise.all(done)
const took = (performance.now() - first) / 1000
for (let i = 0; i < 100 && sent.size > 0; i += 1) await sleep(50)
const load = (cpu() - busyCpu) / took
taken.sort((a, b) => a - b)
const at = (share) => taken[Math.min(taken.length - 1, Math.floor(taken.length * share))].toFixed(1)
console.log(`${(total / took).toFixed(0)} changes/s for ${took.toFixed(0)} s: ${taken.length} heard, ${sent.size} never; ` +
  `from UPDATE to client p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms; ` +
  `${rss().toFixed(0)} MB, ${(load * 100).toFixed(0)}% of a core`)
const isGood = ran === 0 && idle.rss < 400 && Number(at(0.99)) < 50 && sent.size === 0
console.log(isGood ? 'targets met' : 'targets MISSED: 0 statements idle, < 400 MB, p99 < 50 ms, none lost')
process.exit(isGood ? 0 : 1)
