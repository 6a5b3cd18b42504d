import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toProblem } from '../api'
import { number, object } from '../api/parse'
import { createAsk } from './client'
import { operation, type Operation } from './operation'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const Count: Operation<{ n: number }, { of: string }> = operation('query Count($of:String!){n(of:$of)}', object({ n: number }))

function serverOf(...answers: (string | { status: number; body: string })[]) {
  const calls: { url: string; init: RequestInit }[] = []
  const onUnauthorized = vi.fn()
  const fetch = (async (url: unknown, init: unknown) => {
    const answer = answers[Math.min(calls.length, answers.length - 1)] ?? ''
    calls.push({ url: String(url), init: init as RequestInit })
    return typeof answer === 'string' ? new Response(answer, { headers: { 'x-request-id': 'r1' } }) : new Response(answer.body, { status: answer.status })
  }) as typeof globalThis.fetch
  return { ask: createAsk({ fetch, onUnauthorized }), calls, onUnauthorized }
}
const failed = (code: string, message: string, more: object = {}) => JSON.stringify({ errors: [{ message, extensions: { code, path: '$', ...more } }] })
const failure = (promise: Promise<unknown>) => promise.then(() => null, (e: unknown) => toProblem(e))

describe('ask', () => {
  it('posts the operation and its variables with the csrf header, and gives the data', async () => {
    const { ask, calls } = serverOf('{"data":{"n":3}}')
    expect(await ask(Count, { of: 'x' })).toEqual({ n: 3 })
    expect(calls[0]?.url).toBe('/v1/graphql')
    expect(calls[0]?.init).toMatchObject({ method: 'POST', credentials: 'same-origin', headers: { 'x-weft-csrf': '1', 'content-type': 'application/json' } })
    expect(JSON.parse(String(calls[0]?.init.body))).toEqual({ query: Count.text, variables: { of: 'x' } })
  })
  it('names the place of an answer that has another form', async () => {
    expect(await failure(serverOf('{"data":{"n":"3"}}').ask(Count, { of: 'x' }))).toMatchObject({ kind: 'shape', detail: expect.stringContaining('data.n: expected a number') })
  })
  it('turns the first error into a problem with code, field and request id', async () => {
    const { ask, onUnauthorized } = serverOf(failed('not-found', 'No such run.', { field: 'id' }))
    expect(await failure(ask(Count, { of: 'x' }))).toMatchObject({ kind: 'http', status: 404, detail: 'No such run.', field: 'id', requestId: 'r1' })
    expect(onUnauthorized).not.toHaveBeenCalled()
  })
  it('does not take half an answer for a whole one', async () => {
    const half = JSON.stringify({ data: { n: null }, errors: [{ message: 'broken', extensions: { code: 'unexpected' } }] })
    expect(await failure(serverOf(half).ask(Count, { of: 'x' }))).toMatchObject({ status: 400, detail: 'broken' })
  })
  it('reports a lost session', async () => {
    const { ask, onUnauthorized } = serverOf(failed('access-denied', 'Sign in'))
    expect(await failure(ask(Count, { of: 'x' }))).toMatchObject({ status: 401 })
    expect(onUnauthorized).toHaveBeenCalledOnce()
  })
  it('waits for a server that starts, but not for ever', async () => {
    const starting = failed('start-failed', 'waiting for its database')
    const soon = serverOf(starting, starting, '{"data":{"n":1}}')
    const answer = soon.ask(Count, { of: 'x' })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await answer).toEqual({ n: 1 })
    const never = serverOf(starting)
    const given = failure(never.ask(Count, { of: 'x' }))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await given).toMatchObject({ status: 503, detail: 'waiting for its database' })
    expect(never.calls).toHaveLength(4)
  })
  it('survives an answer that is no JSON, and a server that is away', async () => {
    expect(await failure(serverOf({ status: 502, body: '<html>' }).ask(Count, { of: 'x' }))).toMatchObject({ status: 502, detail: 'HTTP 502' })
    const away = createAsk({ fetch: () => Promise.reject(new TypeError('x')), onUnauthorized: vi.fn() })
    expect(await failure(away(Count, { of: 'x' }))).toMatchObject({ kind: 'network' })
  })
})
