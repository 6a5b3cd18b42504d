// Live queries through npm graphql-ws.
import { admin, client, equal, http, pause, post, psql, subscribe, test, user, ws } from './harness.mjs'

const stateOf = (id) => `subscription { author_by_pk(id: ${id}) { id state } }`
const answer = (id, state) => ({ data: { author_by_pk: { id, state } } })

test('the first answer comes at once', async () => {
  const on = client()
  const heard = subscribe(on, stateOf(1))
  equal(await heard.next(), answer(1, 'new'), 'first answer')
  heard.stop()
  await on.dispose()
})

test('a mutation through the engine is heard at once', async () => {
  const on = client()
  const heard = subscribe(on, stateOf(2))
  equal(await heard.next(), answer(2, 'new'), 'first answer')
  await post('mutation { update_author_by_pk(pk_columns: {id: 2}, _set: {state: "changed"}) { id } }')
  equal(await heard.next('the change', 3_000), answer(2, 'changed'), 'change')
  await on.dispose()
})

test('a mutation is heard without the log too', async () => {
  const on = client(ws.deaf)
  const heard = subscribe(on, stateOf(3))
  equal(await heard.next(), answer(3, 'new'), 'first answer')
  await post('mutation { update_author_by_pk(pk_columns: {id: 3}, _set: {state: "changed"}) { id } }', admin, http.deaf)
  equal(await heard.next('the change', 3_000), answer(3, 'changed'), 'change')
  await on.dispose()
})

test("another program's write is heard through the log, and not without it", async () => {
  const on = client()
  const deaf = client(ws.deaf)
  const heard = subscribe(on, stateOf(4))
  const unheard = subscribe(deaf, stateOf(4))
  await heard.next()
  await unheard.next()
  psql("update author set state = 'by psql' where id = 4")
  equal(await heard.next('the change', 3_000), answer(4, 'by psql'), 'change')
  await unheard.silence(1_000, 'negative control: no source of changes, no change')
  await on.dispose()
  await deaf.dispose()
})

test('an answer that did not change is not sent again', async () => {
  const on = client()
  const heard = subscribe(on, stateOf(5))
  await heard.next()
  psql("update author set name = 'another name' where id = 5")
  await heard.silence(700, 'the state is the same')
  psql("update author set state = 'last' where id = 5")
  equal(await heard.next('the change', 3_000), answer(5, 'last'), 'change')
  await on.dispose()
})

test('fast changes are coalesced, and the last one is heard', async () => {
  const on = client()
  const heard = subscribe(on, stateOf(6))
  await heard.next()
  psql(Array.from({ length: 100 }, (_, i) => `update author set state = 'n${i}' where id = 6`).join(';') + ';')
  let last = await heard.next('a change', 3_000)
  let count = 1
  while (last.data.author_by_pk.state !== 'n99') {
    last = await heard.next('a change', 3_000)
    count += 1
  }
  if (count > 50) throw new Error(`${count} answers to 100 changes`)
  await on.dispose()
})

test('rows that come, go and move are heard; nested tables too', async () => {
  const on = client()
  const query = 'subscription { author(where: {id: {_eq: 1}}) { id articles(order_by: {id: asc}) { title } } }'
  const heard = subscribe(on, query)
  const titles = async (...wanted) =>
    equal((await heard.next('a change', 3_000)).data.author[0].articles.map((each) => each.title), wanted, 'titles')
  await titles('article 1', 'article 2', 'article 3')
  psql("insert into article values (100, 1, 'new one')")
  await titles('article 1', 'article 2', 'article 3', 'new one')
  psql('update article set author_id = 2 where id = 2')
  await titles('article 1', 'article 3', 'new one')
  psql('delete from article where id = 100')
  await titles('article 1', 'article 3')
  await on.dispose()
})

test('tenants hear of their own rows only', async () => {
  const on = { 1: client(ws.heard, user(1)), 2: client(ws.heard, user(2)) }
  const query = 'subscription { author_aggregate(where: {state: {_eq: "shared"}}) { aggregate { count } } }'
  const heard = { 1: subscribe(on[1], query), 2: subscribe(on[2], query) }
  const count = async (tenant) => (await heard[tenant].next(`tenant ${tenant}`, 3_000)).data.author_aggregate.aggregate.count
  equal([await count(1), await count(2)], [0, 0], 'first answers')
  psql("update author set state = 'shared' where id = 10") // tenant 1
  equal(await count(1), 1, 'tenant 1')
  await heard[2].silence(500, 'tenant 2')
  psql("update author set state = 'shared' where id = 11") // tenant 2
  equal(await count(2), 1, 'tenant 2')
  await heard[1].silence(500, 'tenant 1')
  await on[1].dispose()
  await on[2].dispose()
})

test('one of many with a bad value is told, the others go on', async () => {
  const on = client()
  const query = 'subscription S($w: author_bool_exp!) { author(where: $w) { id } }'
  const good = [1, 2, 3].map((id) => subscribe(on, query, { w: { id: { _eq: id } } }))
  const bad = subscribe(on, query, { w: { id: { _eq: 'no number' } } })
  for (const [i, each] of good.entries()) equal((await each.next()).data, { author: [{ id: i + 1 }] }, 'good')
  const told = await bad.next()
  if (!told.error?.length) throw new Error(`no error: ${JSON.stringify(told)}`)
  await on.dispose()
})

test('queries and mutations complete after one answer', async () => {
  const on = client()
  const query = subscribe(on, '{ author_by_pk(id: 7) { id } }')
  equal(await query.next(), { data: { author_by_pk: { id: 7 } } }, 'query')
  equal(await query.next(), 'complete', 'query')
  const mutation = subscribe(on, 'mutation { update_author_by_pk(pk_columns: {id: 7}, _set: {state: "over ws"}) { state } }')
  equal(await mutation.next(), { data: { update_author_by_pk: { state: 'over ws' } } }, 'mutation')
  equal(await mutation.next(), 'complete', 'mutation')
  await on.dispose()
})

test('an invalid operation ends with an error', async () => {
  const on = client()
  const heard = subscribe(on, 'subscription { author { nothing_such } }')
  const { error } = await heard.next()
  equal(error[0].extensions.code, 'validation-failed', 'code')
  await on.dispose()
})

test('several subscribers share one answer; a late one hears it too', async () => {
  const on = client()
  const first = subscribe(on, stateOf(8))
  equal(await first.next(), answer(8, 'new'), 'first')
  const late = subscribe(on, stateOf(8))
  equal(await late.next(), answer(8, 'new'), 'late')
  psql("update author set state = 'for both' where id = 8")
  equal(await first.next('first', 3_000), answer(8, 'for both'), 'first')
  equal(await late.next('late', 3_000), answer(8, 'for both'), 'late')
  late.stop()
  psql("update author set state = 'for one' where id = 8")
  equal(await first.next('first', 3_000), answer(8, 'for one'), 'first')
  await on.dispose()
})

test('a view is looked at once a second', async () => {
  const on = client()
  const heard = subscribe(on, 'subscription { author_names(where: {id: {_eq: 9}}) { name } }')
  await heard.next()
  psql("update author set name = 'through a view' where id = 9")
  equal(await heard.next('the change', 4_000), { data: { author_names: [{ name: 'through a view' }] } }, 'change')
  await on.dispose()
})

test('a client that lost its socket subscribes again', async () => {
  let socket
  const on = client(ws.heard, admin, {
    retryAttempts: 5, retryWait: () => pause(50), shouldRetry: () => true, on: { connected: (it) => { socket = it } },
  })
  const heard = subscribe(on, stateOf(12))
  equal(await heard.next(), answer(12, 'new'), 'first')
  socket.terminate()
  equal(await heard.next('after the reconnect'), answer(12, 'new'), 'again')
  psql("update author set state = 'after' where id = 12")
  equal(await heard.next('the change', 3_000), answer(12, 'after'), 'change')
  await on.dispose()
})

test('a new model plans subscriptions anew', async () => {
  const on = client()
  const heard = subscribe(on, stateOf(13))
  await heard.next()
  const done = await fetch(http.heard.replace('/v1/graphql', '/v1/metadata'), {
    method: 'POST', headers: { 'content-type': 'application/json', ...admin },
    body: JSON.stringify({ type: 'reload_metadata', args: {} }),
  })
  equal(done.status, 200, 'reload')
  await heard.silence(300, 'the answer is the same')
  await pause(1_500) // the reader of the log may begin anew
  psql("update author set state = 'after the reload' where id = 13")
  equal(await heard.next('the change', 5_000), answer(13, 'after the reload'), 'change')
  await on.dispose()
})
