// npm graphql-sse, distinct connections mode, and the wire itself.
import { createClient } from 'graphql-sse'
import { admin, equal, http, psql, subscribe, test } from './harness.mjs'

const client = (headers = admin) => createClient({ url: http.heard, headers, retryAttempts: 0 })
const stream = (body, options = {}) => fetch(http.heard, {
  method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...admin, ...options.headers },
  body: typeof body === 'string' ? body : JSON.stringify(body), signal: options.signal,
})

test('sse: a live query and its change', async () => {
  const on = client()
  const heard = subscribe(on, 'subscription { author_by_pk(id: 15) { state } }')
  equal(await heard.next(), { data: { author_by_pk: { state: 'new' } } }, 'first')
  psql("update author set state = 'by psql' where id = 15")
  equal(await heard.next('the change', 3_000), { data: { author_by_pk: { state: 'by psql' } } }, 'change')
  heard.stop()
  on.dispose()
})

test('sse: a query completes', async () => {
  const on = client()
  const heard = subscribe(on, '{ author_by_pk(id: 1) { id } }')
  equal(await heard.next(), { data: { author_by_pk: { id: 1 } } }, 'answer')
  equal(await heard.next(), 'complete', 'complete')
  on.dispose()
})

const events = async (answer) => {
  const text = (await answer.text()).replace(/^:\n\n/gm, '')
  return text.split('\n\n').filter(Boolean).map((each) => each.split('\n').map((line) => line.slice(line.indexOf(':') + 1).trim()))
}

test('sse: errors are events, the status is 200', async () => {
  const answer = await stream({ query: 'subscription { nothing }' })
  equal([answer.status, answer.headers.get('content-type').split(';')[0]], [200, 'text/event-stream'], 'head')
  const [next, complete] = await events(answer)
  equal([next[0], JSON.parse(next[1]).errors[0].extensions.code], ['next', 'validation-failed'], 'next')
  equal(complete[0], 'complete', 'complete')
})

test('sse: a wrong secret is an event too', async () => {
  const answer = await stream({ query: '{ author { id } }' }, { headers: { 'x-hasura-admin-secret': 'wrong' } })
  equal(answer.status, 200, 'status')
  const [next] = await events(answer)
  equal(JSON.parse(next[1]).errors[0].extensions.code, 'access-denied', 'code')
})

test('sse: GET with a query', async () => {
  const url = `${http.heard}?query=${encodeURIComponent('{ author_by_pk(id: 1) { id } }')}`
  const answer = await fetch(url, { headers: { accept: 'text/event-stream', ...admin } })
  const [next, complete] = await events(answer)
  equal([JSON.parse(next[1]).data.author_by_pk.id, complete[0]], [1, 'complete'], 'events')
})

test('sse: a client may leave', async () => {
  const leave = new AbortController()
  const answer = await stream({ query: 'subscription { author { id } }' }, { signal: leave.signal })
  await answer.body.getReader().read()
  leave.abort()
  const after = await stream({ query: '{ author_by_pk(id: 1) { id } }' })
  equal((await events(after)).length, 2, 'still served')
})
