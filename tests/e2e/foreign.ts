// What a page of another origin gets of the API when somebody who is signed in opens it: nothing. Another port of the same host is the
// hard case, since browsers send our cookie along. The same page served by us gets everything: that is the control.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { expect, test } from './harness.ts'

const limit_ms = 10_000

/** Asks for the visitor's tenant in every way that a page has; what each got. Runs in the browser. */
async function askAround([base, limit]: readonly [string, number]): Promise<Record<string, string>> {
  const query = JSON.stringify({ query: '{ tenants { name } }' })
  const json = { 'content-type': 'application/json', 'x-weft-csrf': '1' }
  const said = (error: unknown) => `refused: ${String(error)}`
  const read = async (path: string, options: RequestInit) => {
    const answer = await fetch(base + path, { credentials: 'include', ...options })
    return `${answer.status} ${await answer.text()}`
  }
  const socket = () => new Promise<string>((done) => {
    const it = new WebSocket(`${base.replace('http', 'ws')}/v1/graphql`, 'graphql-transport-ws')
    const forged = { origin: base, Origin: base, 'sec-fetch-site': 'same-origin', host: new URL(base).host, 'x-weft-csrf': '1' }
    it.onopen = () => it.send(JSON.stringify({ type: 'connection_init', payload: { ...forged, headers: forged } }))
    it.onmessage = (message) => {
      const heard = JSON.parse(String(message.data)) as { type: string }
      if (heard.type === 'connection_ack') it.send(JSON.stringify({ type: 'subscribe', id: 'a', payload: JSON.parse(query) as object }))
      if (heard.type === 'next' || heard.type === 'error') done(String(message.data))
    }
    it.onclose = (event) => done(`closed ${event.code}`)
  })
  const live = () => new Promise<string>((done) => {
    const it = new EventSource(`${base}/api/v1/live`, { withCredentials: true })
    const end = (what: string) => {
      it.close()
      done(what)
    }
    it.addEventListener('hello', () => end('hello'))
    it.onerror = () => end('refused')
  })
  const ways: Record<string, () => Promise<string>> = {
    rest: () => read('/api/v1/auth/status', {}),
    'rest change': () => read('/api/v1/apps', { method: 'POST', headers: json, body: '{"key":"by-a-page","name":"By a page"}' }),
    graphql: () => read('/v1/graphql', { method: 'POST', headers: json, body: query }),
    'graphql, no preflight': () => read('/v1/graphql', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: query }),
    'graphql by GET': () => read(`/v1/graphql?query=${encodeURIComponent('{ tenants { name } }')}`, {}),
    'graphql events': () => read('/v1/graphql', { method: 'POST', headers: { ...json, accept: 'text/event-stream' }, body: query }),
    socket,
    live,
  }
  const got: Record<string, string> = {}
  const late = () => new Promise<string>((done) => setTimeout(() => done('nothing came'), limit))
  for (const [name, ask] of Object.entries(ways)) got[name] = await Promise.race([ask().catch(said), late()])
  return got
}

/** `page` is signed in at `base`; `tenant` is what it may see and others may not. */
export async function foreignPages(page: Page, base: string, tenant: string): Promise<void> {
  const elsewhere = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<!doctype html><title>elsewhere</title>'))
  await new Promise<void>((ready) => elsewhere.listen(0, new URL(base).hostname, ready))
  const other = `http://${new URL(base).hostname}:${(elsewhere.address() as AddressInfo).port}/`
  const visitor = await page.context().browser()!.newContext({ storageState: await page.context().storageState() })
  try {
    const visited = await visitor.newPage()
    await test('a page of another port gets nothing of its signed-in visitor', async () => {
      await visited.goto(other)
      for (const [way, got] of Object.entries(await visited.evaluate(askAround, [base, limit_ms] as const))) {
        expect(!got.includes(tenant) && got !== 'hello' && !got.startsWith('20'), `nothing by ${way}, but got ${got}`)
      }
    })
    await test('the same page of our own gets it all, except by ways that nobody has', async () => {
      await visited.goto(`${base}/login`)
      const got = await visited.evaluate(askAround, [base, limit_ms] as const)
      for (const way of ['rest', 'graphql', 'graphql events', 'socket']) {
        expect(got[way]?.includes(tenant), `${tenant} by ${way}, but got ${got[way] ?? 'nothing'}`)
      }
      expect(got.live === 'hello', `the live events, but got ${got.live ?? 'nothing'}`)
      expect(got['rest change']?.startsWith('201'), `the change, but got ${got['rest change'] ?? 'nothing'}`)
      const plain = got['graphql, no preflight'] ?? 'nothing'
      // GraphQL says within a 200 that the header against forged requests is missing.
      expect(!plain.includes(tenant) && plain.includes('x-weft-csrf'), `a body that needs no preflight to be refused, but got ${plain}`)
    })
  } finally {
    await visitor.close()
    elsewhere.close()
  }
}
