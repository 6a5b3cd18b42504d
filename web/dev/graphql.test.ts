// The client against the development server's GraphQL: real HTTP semantics aside, the same schema, socket and protocol.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import * as generated from '../app/shared/graphql/generated'
import { createLive, type Live } from '../app/shared/graphql/live'
import { asQuery, isStream, type Operation } from '../app/shared/graphql/operation'
import { openSocket, socketUrl } from '../app/shared/graphql/socket'
import { answer, serveLive } from './graphql'
import { fullState, makeRun } from './store'

const some = '01890000-0000-7000-8000-000000000001'
const last = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const variables = {
  id: some, run: some, app: some, workflow: some, version: some, before: last, limit: 5, step: 'order', slots: ['step.order.input'], ids: [some], after: '0', now: '2026-01-01T00:00:00Z', like: '%o%',
  iteration: '0', given: '0', made: '0', input: [some], output: [some], trigger: [some], items: { _gt: '0' }, until: '9', steps: ['order'], fatal: ['order'], first: 'order', last: 'order', offset: 0,
}

describe('operations', () => {
  const all = Object.entries(generated).map(([name, operation]) => [name, operation as Operation<unknown, unknown>] as const)
  it.each(all)('%s is answered in the form that its parser wants', async (_name, operation) => {
    if (isStream(operation)) return
    const declared = Object.fromEntries(Object.entries(variables).filter(([name]) => operation.text.includes(`$${name}:`)))
    const conditions = {
      ...(operation.text.includes('$state:String_comparison_exp') ? { workflow: {}, state: { _eq: 'failed' } } : {}),
      ...(operation.text.includes('$class:String_comparison_exp') ? { workflow: {}, class: {}, since: {} } : {}),
    }
    const result = (await answer({ query: asQuery(operation).text, variables: { ...declared, ...conditions } }, fullState())) as { data?: unknown; errors?: unknown }
    expect(result.errors).toBeUndefined()
    operation.parse(result.data, 'data')
  })
})

describe('socket', () => {
  const ends: (() => void)[] = []
  const refused: string[] = []
  afterEach(() => {
    ends.splice(0).reverse().forEach((end) => end())
    expect(refused.splice(0)).toEqual([])
  })

  async function serve(port = 0) {
    const state = fullState()
    const watchers = new Set<() => void>()
    const server: Server = createServer()
    const sockets = serveLive(server, state, (look) => {
      watchers.add(look)
      return () => watchers.delete(look)
    })
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
    const stop = () => {
      for (const socket of sockets.clients) socket.terminate()
      server.close()
    }
    ends.push(stop)
    return { state, sockets, stop, port: (server.address() as AddressInfo).port, change: () => [...watchers].forEach((look) => look()) }
  }
  function follow(live: Live) {
    const got: { id: string; state: string }[][] = []
    const stop = live.follow(generated.LatestRunsDocument, () => ({ workflow: {}, state: { _eq: 'running' }, limit: 5 }), {
      next: (data) => got.push(data.runs), failed: (problem) => refused.push(problem.detail),
    })
    ends.push(stop)
    return { got, stop }
  }
  const connect = (port: number) => createLive(() => new Promise(() => undefined), (events) => openSocket(socketUrl({ protocol: 'http:', host: `127.0.0.1:${port}` }), events))
  const soon = { timeout: 4_500, interval: 5 }
  const whole_ms = 15_000

  it('follows a live query, comes back after the connection was cut, and closes when nobody follows', async () => {
    const server = await serve()
    const live = connect(server.port)
    const { got, stop } = follow(live)
    await expect.poll(() => got.length, soon).toBe(1)
    expect(live.status.value).toBe('live')
    expect(got[0]).toEqual([])
    const run = makeRun({ state: 'running', at: Date.now(), workflow: server.state.workflows[0]! })
    server.state.runs.push(run)
    server.change()
    await expect.poll(() => got.at(-1)?.map((r) => r.id), soon).toEqual([run.id])

    for (const socket of server.sockets.clients) socket.terminate()
    await expect.poll(() => live.status.value, soon).toBe('lost')
    run.state = 'success'
    await expect.poll(() => live.status.value, soon).toBe('live')
    await expect.poll(() => got.at(-1), soon).toEqual([])

    stop()
    await expect.poll(() => server.sockets.clients.size, soon).toBe(0)
    expect(live.status.value).toBe('off')
  }, whole_ms)
  it('makes a pause when every connection is closed in good order, and asks over HTTP meanwhile', async () => {
    const server = await serve()
    let sockets = 0
    server.sockets.on('connection', (socket) => {
      sockets++
      socket.close(1000)
    })
    let asked = 0
    const live = createLive(async (operation) => {
      asked++
      return operation.parse({ runs: [] }, 'data')
    }, (events) => openSocket(socketUrl({ protocol: 'http:', host: `127.0.0.1:${server.port}` }), events))
    const { got } = follow(live)
    await expect.poll(() => asked, soon).toBe(1)
    expect(got).toEqual([[]])
    expect(live.status.value).toBe('lost')
    expect(sockets).toBeLessThanOrEqual(4)
  })
  it('follows a stream behind its cursor', async () => {
    const server = await serve()
    const live = connect(server.port)
    const run = server.state.runs.find((r) => r.state === 'success')!
    const got: string[] = []
    ends.push(live.follow(generated.RunLogFollowDocument, () => ({ run: run.id, after: '8' }), {
      next: (data) => got.push(...data.run_logs_stream.map((line) => line.seq)), failed: (problem) => refused.push(problem.detail),
    }))
    await expect.poll(() => got, soon).toEqual(['9', '10'])
  })
  it('names the secure address beside a secure page', () => {
    expect(socketUrl({ protocol: 'https:', host: 'weft.example' })).toBe('wss://weft.example/v1/graphql')
  })
})
