// _stream subscriptions: every row once, in order.
import { client, equal, psql, subscribe, test } from './harness.mjs'

const query = 'subscription S($from: bigint!, $size: Int!) { event_stream(batch_size: $size, cursor: {initial_value: {seq: $from}}) { seq worker } }'

test('a stream gives what is there in batches, then what comes', async () => {
  psql('truncate event restart identity; insert into event (worker) select 0 from generate_series(1, 25)')
  const on = client()
  const heard = subscribe(on, query, { from: 0, size: 10 })
  const seen = []
  while (seen.length < 25) seen.push(...(await heard.next()).data.event_stream.map((each) => each.seq))
  equal(seen, Array.from({ length: 25 }, (_, i) => i + 1), 'rows')
  await heard.silence(300, 'an empty batch is not sent')
  psql('insert into event (worker) values (1), (1)')
  equal((await heard.next('new rows', 3_000)).data.event_stream.map((each) => each.seq), [26, 27], 'new rows')
  await on.dispose()
})

test('a stream under concurrent writers loses no row and repeats none', async () => {
  psql('truncate event restart identity')
  const on = client()
  const heard = subscribe(on, query, { from: 0, size: 50 })
  const writers = 4
  const each = 150
  // Transactions that overlap: a row's number is taken, and the commit comes later.
  const { spawn } = await import('node:child_process')
  const running = Array.from({ length: writers }, (_, worker) => new Promise((resolve, reject) => {
    const child = spawn('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', process.argv[4]])
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`psql ${code}`))))
    for (let i = 0; i < each; i += 1) {
      child.stdin.write(`begin; insert into event (worker) values (${worker}); select pg_sleep(${((i * 7 + worker * 3) % 5) / 1000}); commit;\n`)
    }
    child.stdin.end()
    child.stdout.resume()
  }))
  await Promise.all(running)
  const seen = []
  while (seen.length < writers * each) seen.push(...(await heard.next(`rows after ${seen.length}`, 5_000)).data.event_stream.map((one) => one.seq))
  equal(seen, [...seen].sort((a, b) => a - b), 'order')
  equal(new Set(seen).size, writers * each, 'rows')
  await heard.silence(300, 'all rows came')
  await on.dispose()
})
