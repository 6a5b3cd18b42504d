// graphql-transport-ws message by message: every close code, pings, ids.
import { admin, begun, equal, jwt, pause, raw, test } from './harness.mjs'

const subscription = { query: 'subscription { author_by_pk(id: 1) { id } }' }

test('4400: text that is no message', async () => {
  const it = await raw()
  it.say('{')
  equal((await it.closed()).code, 4400, 'code')
})

for (const message of [{}, { type: 'nonsense' }, { type: 'subscribe', payload: subscription }, { type: 'subscribe', id: 'a' },
  { type: 'subscribe', id: '', payload: subscription }, { type: 'complete' }, { type: 'connection_init', payload: 7 }]) {
  test(`4400: ${JSON.stringify(message)}`, async () => {
    const it = await raw()
    it.say(message)
    equal((await it.closed()).code, 4400, 'code')
  })
}

test('4400: a binary message', async () => {
  const it = await raw()
  it.socket.send(Buffer.from('{"type":"ping"}'))
  equal((await it.closed()).code, 4400, 'code')
})

test('4401: a subscription before the acknowledgement', async () => {
  const it = await raw()
  it.say({ type: 'subscribe', id: 'a', payload: subscription })
  equal(await it.closed(), { code: 4401, reason: 'Unauthorized' }, 'close')
})

test('4403: a wrong secret', async () => {
  const it = await raw()
  it.say({ type: 'connection_init', payload: { headers: { 'x-hasura-admin-secret': 'wrong' } } })
  equal((await it.closed()).code, 4403, 'code')
})

test('4403: a token that expires while the socket is open', async () => {
  const exp = Math.floor(Date.now() / 1000) + 3
  const claims = { 'x-hasura-default-role': 'user', 'x-hasura-allowed-roles': ['user'], 'x-hasura-tenant-id': '1' }
  const it = await begun(undefined, { headers: { authorization: `Bearer ${jwt({ exp, 'https://hasura.io/jwt/claims': claims })}` } })
  it.say({ type: 'subscribe', id: 'a', payload: { query: 'subscription { author { id tenant } }' } })
  equal((await it.inbox.next()).type, 'next', 'an answer first')
  equal((await it.closed(8_000)).code, 4403, 'code')
})

test('4406: no sub-protocol that we speak', async () => {
  const it = await raw('')
  equal(await it.closed(), { code: 4406, reason: 'Subprotocol not acceptable' }, 'close')
})

test('4408: nothing is said', async () => {
  const it = await raw()
  equal(await it.closed(8_000), { code: 4408, reason: 'Connection initialisation timeout' }, 'close')
})

test('4409: an id in use', async () => {
  const it = await begun()
  it.say({ type: 'subscribe', id: 'same', payload: subscription })
  it.say({ type: 'subscribe', id: 'same', payload: subscription })
  equal(await it.closed(), { code: 4409, reason: 'Subscriber for same already exists' }, 'close')
})

test('4429: a second connection_init', async () => {
  const it = await begun()
  it.say({ type: 'connection_init' })
  equal(await it.closed(), { code: 4429, reason: 'Too many initialisation requests' }, 'close')
})

test('4429: a second connection_init before the acknowledgement', async () => {
  const it = await raw()
  it.say({ type: 'connection_init', payload: { headers: admin } })
  it.say({ type: 'connection_init', payload: { headers: admin } })
  equal((await it.closed()).code, 4429, 'code')
})

test('1009: a message that is too large', async () => {
  const it = await begun()
  it.say({ type: 'ping', payload: { filler: 'x'.repeat(2 << 20) } })
  // The rest of the message is not read, so that the connection's end may overtake the close frame.
  const { code } = await it.closed()
  equal([1006, 1009].includes(code), true, `code ${code}`)
})

test('a ping is answered with its payload, even before connection_init', async () => {
  const it = await raw()
  it.say({ type: 'ping' })
  equal(await it.inbox.next(), { type: 'pong' }, 'pong')
  it.say({ type: 'ping', payload: { a: 1 } })
  equal(await it.inbox.next(), { type: 'pong', payload: { a: 1 } }, 'pong')
  it.say({ type: 'pong' })
  it.socket.close()
})

test('an id may be used again after complete', async () => {
  const it = await begun()
  for (let i = 0; i < 3; i += 1) {
    it.say({ type: 'subscribe', id: 'again', payload: { query: '{ author_by_pk(id: 1) { id } }' } })
    equal((await it.inbox.next()).type, 'next', 'next')
    equal(await it.inbox.next(), { id: 'again', type: 'complete' }, 'complete')
  }
  it.say({ type: 'subscribe', id: 'again', payload: subscription })
  equal((await it.inbox.next()).type, 'next', 'next')
  it.say({ type: 'complete', id: 'again' })
  it.say({ type: 'complete', id: 'unknown' })
  it.say({ type: 'subscribe', id: 'again', payload: subscription })
  equal((await it.inbox.next()).type, 'next', 'next')
  it.socket.close()
})

test('an error has the list of errors and ends the operation', async () => {
  const it = await begun()
  it.say({ type: 'subscribe', id: 'e', payload: { query: 'subscription { nothing }' } })
  const told = await it.inbox.next()
  equal([told.type, told.id, Array.isArray(told.payload), told.payload[0].extensions.code], ['error', 'e', true, 'validation-failed'], 'error')
  await it.inbox.silence(200, 'no complete after an error')
  it.socket.close()
})

test('a flat payload of connection_init has headers too, and those of the upgrade count', async () => {
  const flat = await begun(undefined, admin)
  flat.socket.close()
  const it = await raw(undefined, undefined, admin)
  it.say({ type: 'connection_init' })
  equal((await it.inbox.next()).type, 'connection_ack', 'acknowledged')
  it.socket.close()
})

test('subscriptions of a socket are limited', async () => {
  const it = await begun()
  for (let i = 0; i < 201; i += 1) it.say({ type: 'subscribe', id: `n${i}`, payload: subscription })
  let told
  for (let i = 0; i < 201 && told?.type !== 'error'; i += 1) told = await it.inbox.next()
  equal([told.type, told.payload[0].extensions.code], ['error', 'limit'], 'the 201st')
  it.socket.close()
})

test('a client that goes away leaves nothing behind', async () => {
  const it = await begun()
  for (let i = 0; i < 50; i += 1) it.say({ type: 'subscribe', id: `n${i}`, payload: subscription })
  await it.inbox.next()
  it.socket.terminate()
  await pause(200)
  const again = await begun()
  again.say({ type: 'subscribe', id: 'a', payload: subscription })
  equal((await again.inbox.next()).type, 'next', 'still served')
  again.socket.close()
})
