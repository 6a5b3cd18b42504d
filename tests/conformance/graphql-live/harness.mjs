// What the cases share: clients, waiting, a writer, counting.
import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const [url, deafUrl, database, secret] = process.argv.slice(2)
export const http = { heard: `${url}/v1/graphql`, deaf: `${deafUrl}/v1/graphql` }
export const ws = { heard: http.heard.replace('http', 'ws'), deaf: http.deaf.replace('http', 'ws') }
export const admin = { 'x-hasura-admin-secret': secret }
export const user = (tenant) => ({ ...admin, 'x-hasura-role': 'user', 'x-hasura-tenant-id': String(tenant) })

/** Another program's write: no server is told of it. */
export const psql = (sql) => execFileSync('psql', ['-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', database, '-c', sql], { encoding: 'utf8' }).trim()

export async function post(query, headers = admin, to = http.heard) {
  const answer = await fetch(to, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query }) })
  return answer.json()
}

export function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${text}.${createHmac('sha256', '0123456789abcdef0123456789abcdef').update(text).digest('base64url')}`
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export function within(promise, what, ms = 10_000) {
  let timer
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what}: nothing in ${ms} ms`)), ms) })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export function equal(found, wanted, what) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`)
  }
}

/** Things that come one by one, to be waited for in order. */
export class Inbox {
  #items = []
  #waiting = []
  push(item) {
    const next = this.#waiting.shift()
    next ? next(item) : this.#items.push(item)
  }
  next(what = 'an answer', ms) {
    if (this.#items.length) return Promise.resolve(this.#items.shift())
    return within(new Promise((resolve) => this.#waiting.push(resolve)), what, ms)
  }
  /** Nothing may come for a while. */
  async silence(ms, what) {
    await pause(ms)
    if (this.#items.length) throw new Error(`${what}: heard ${JSON.stringify(this.#items[0])}`)
  }
  get size() { return this.#items.length }
}

export function client(to = ws.heard, headers = admin, options = {}) {
  return createClient({ url: to, webSocketImpl: WebSocket, connectionParams: { headers }, retryAttempts: 0, onNonLazyError: () => {}, ...options })
}

export function subscribe(on, query, variables) {
  const inbox = new Inbox()
  const stop = on.subscribe({ query, variables }, {
    next: (value) => inbox.push(value),
    error: (error) => inbox.push({ error }),
    complete: () => inbox.push('complete'),
  })
  return Object.assign(inbox, { stop })
}

/** A socket without a client's manners. */
export async function raw(protocol = 'graphql-transport-ws', to = ws.heard, headers = {}) {
  const socket = new WebSocket(to, protocol ? [protocol] : [], { headers })
  const inbox = new Inbox()
  const closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })))
  socket.on('message', (data) => inbox.push(JSON.parse(String(data))))
  socket.on('error', () => {})
  await within(new Promise((resolve) => socket.on('open', resolve)), 'an open socket')
  const say = (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  return { socket, inbox, say, closed: (ms) => within(closed, 'a close', ms) }
}

export async function begun(protocol, payload = { headers: admin }, to) {
  const it = await raw(protocol, to)
  it.say({ type: 'connection_init', payload })
  equal((await it.inbox.next('an acknowledgement')).type, 'connection_ack', 'first message')
  return it
}

const cases = []
export const test = (name, run) => cases.push({ name, run })

export async function runAll() {
  const only = process.env.ONLY
  let failed = 0
  const chosen = cases.filter((each) => !only || each.name.includes(only))
  for (const { name, run } of chosen) {
    try {
      await within(run(), 'the case', 60_000)
    } catch (error) {
      failed += 1
      console.log(`failed: ${name}: ${error.message}`)
    }
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`)
  process.exit(failed || chosen.length === 0 ? 1 : 0)
}
