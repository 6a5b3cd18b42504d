// The older sub-protocol, graphql-ws of subscriptions-transport-ws: other names, the same core.
import { admin, begun, equal, psql, raw, test } from './harness.mjs'

const start = (id, query) => ({ type: 'start', id, payload: { query } })
const skip = async (inbox) => {
  const message = await inbox.next()
  return message.type === 'ka' ? skip(inbox) : message
}

test('legacy: start, data, a change, stop', async () => {
  const it = await begun('graphql-ws')
  it.say(start('1', 'subscription { author_by_pk(id: 14) { state } }'))
  equal(await skip(it.inbox), { id: '1', type: 'data', payload: { data: { author_by_pk: { state: 'new' } } } }, 'data')
  psql("update author set state = 'legacy' where id = 14")
  equal((await skip(it.inbox)).payload, { data: { author_by_pk: { state: 'legacy' } } }, 'change')
  it.say({ type: 'stop', id: '1' })
  equal(await skip(it.inbox), { id: '1', type: 'complete' }, 'complete')
  it.socket.close()
})

test('legacy: a query completes', async () => {
  const it = await begun('graphql-ws')
  it.say(start('1', '{ author_by_pk(id: 1) { id } }'))
  equal((await skip(it.inbox)).type, 'data', 'data')
  equal((await skip(it.inbox)).type, 'complete', 'complete')
  it.socket.close()
})

test('legacy: an error carries the errors object', async () => {
  const it = await begun('graphql-ws')
  it.say(start('1', 'subscription { nothing }'))
  const told = await skip(it.inbox)
  equal([told.type, told.payload.errors[0].extensions.code], ['error', 'validation-failed'], 'error')
  it.socket.close()
})

test('legacy: start before connection_init, and nonsense, are told', async () => {
  const it = await raw('graphql-ws')
  it.say(start('1', '{ author { id } }'))
  equal((await skip(it.inbox)).payload.errors[0].extensions.code, 'start-failed', 'start')
  equal((await skip(it.inbox)).type, 'complete', 'complete')
  it.say({ type: 'nonsense' })
  equal((await skip(it.inbox)).type, 'connection_error', 'nonsense')
  it.socket.close()
})

test('legacy: a wrong secret is told before the close', async () => {
  const it = await raw('graphql-ws')
  it.say({ type: 'connection_init', payload: { headers: { 'x-hasura-admin-secret': 'wrong' } } })
  equal((await it.inbox.next()).type, 'connection_error', 'told')
  equal((await it.closed()).code, 4403, 'code')
})

test('legacy: connection_terminate closes', async () => {
  const it = await begun('graphql-ws')
  it.say({ type: 'connection_terminate' })
  equal((await it.closed()).code, 1000, 'code')
})

test('legacy and new offered together: the first one is chosen', async () => {
  const it = await begun('graphql-ws', { headers: admin })
  equal(it.socket.protocol, 'graphql-ws', 'protocol')
  it.socket.close()
})
