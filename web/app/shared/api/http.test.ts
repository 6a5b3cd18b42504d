import { describe, expect, it, vi } from 'vitest'
import { createHttp, idempotencyKey, JsonText, queryString } from './http'
import { ApiError, isMissing, missing, partsOf, problemFrom, statusOf, toProblem, unreadable } from './problem'
import { ShapeError } from './parse'

function serverOf(status: number, body: string, headers: Record<string, string> = {}) {
  const calls: { url: string; init: RequestInit }[] = []
  const onUnauthorized = vi.fn()
  const fetch = (async (url: unknown, init: unknown) => {
    calls.push({ url: String(url), init: init as RequestInit })
    return new Response(status === 204 ? null : body, { status, headers })
  }) as typeof globalThis.fetch
  return { http: createHttp({ fetch, onUnauthorized }), calls, onUnauthorized }
}
const failure = (promise: Promise<unknown>) => promise.then(() => null, (e: unknown) => toProblem(e))

describe('http', () => {
  it('sends the csrf header and the idempotency key on changes only', async () => {
    const { http, calls } = serverOf(200, '{}')
    await http.get('/runs', { state: 'failed', after: null })
    await http.send('POST', '/runs/x/rerun', {}, 'k1')
    expect(calls[0]?.url).toBe('/api/v1/runs?state=failed')
    expect(calls[0]?.init.headers).not.toHaveProperty('x-weft-csrf')
    expect(calls[1]?.init.headers).toMatchObject({ 'x-weft-csrf': '1', 'idempotency-key': 'k1', 'content-type': 'application/json' })
  })
  it('sends a JSON text as it is, digits and all', async () => {
    const { http, calls } = serverOf(200, '{}')
    await http.send('POST', '/x', new JsonText('{"input":{"id":9007199254740993,"price":19.90}}'))
    expect(calls[0]?.init).toMatchObject({ body: '{"input":{"id":9007199254740993,"price":19.90}}', headers: { 'content-type': 'application/json' } })
  })
  it('keeps the digits of numbers on both ways', async () => {
    const text = '{"id":12345678901234567890,"price":1.10,"much":1e400}'
    const { http, calls } = serverOf(200, text)
    await http.send('POST', '/x', await http.get('/x'))
    expect(calls[1]?.init.body).toBe(text)
  })
  it('turns a problem document into an ApiError with field and request id', async () => {
    const { http } = serverOf(422, JSON.stringify({ title: 'Invalid', detail: 'No such key.', field: 'key', request_id: 'r1' }))
    expect(await failure(http.send('POST', '/apps', {}))).toMatchObject({ kind: 'http', status: 422, detail: 'No such key.', field: 'key', requestId: 'r1' })
  })
  it('has a part for each problem of a definition', async () => {
    const problems = [{ field: 'actions.a.definition.path', message: 'one' }, { message: 'two' }, 3]
    const { http } = serverOf(422, JSON.stringify({ title: 'Invalid', detail: 'one', problems }))
    expect(partsOf((await failure(http.send('POST', '/x', {})))!)).toEqual([{ field: 'actions.a.definition.path', detail: 'one' }, { field: null, detail: 'two' }])
    expect(partsOf(missing().problem)).toEqual([missing().problem])
  })
  it('survives an answer that is no JSON, and takes the request id from the header', async () => {
    const { http } = serverOf(502, '<html>bad gateway</html>', { 'x-request-id': 'r2' })
    expect(await failure(http.get('/runs'))).toMatchObject({ status: 502, detail: 'HTTP 502', requestId: 'r2' })
  })
  it('reports a lost session, but not a refused login', async () => {
    const lost = serverOf(401, '{}')
    await failure(lost.http.get('/runs'))
    expect(lost.onUnauthorized).toHaveBeenCalledOnce()
    const refused = serverOf(401, '{}')
    await failure(refused.http.send('POST', '/auth/login', {}))
    expect(refused.onUnauthorized).not.toHaveBeenCalled()
  })
  it('says so when nobody answers, and lets an abort through', async () => {
    const none = createHttp({ fetch: () => Promise.reject(new TypeError('failed')), onUnauthorized: () => undefined })
    expect(await failure(none.get('/runs'))).toMatchObject({ kind: 'network' })
    const aborted = createHttp({ fetch: () => Promise.reject(new DOMException('x', 'AbortError')), onUnauthorized: () => undefined })
    await expect(aborted.get('/runs')).rejects.toBeInstanceOf(DOMException)
  })
  it('reads an empty answer as null', async () => {
    expect(await serverOf(204, '').http.send('DELETE', '/tokens/x')).toBeNull()
  })
})

describe('helpers', () => {
  it('leaves absent members out of the query', () => {
    expect(queryString({ a: null, b: undefined, c: '', d: 0 })).toBe('?d=0')
    expect(queryString({})).toBe('')
  })
  it('makes keys that differ', () => {
    expect(idempotencyKey()).toMatch(/^[0-9a-f]{32}$/)
    expect(idempotencyKey()).not.toBe(idempotencyKey())
  })
})

describe('problems', () => {
  it('are of the server, of the way there, of the answer, or of the page', async () => {
    const refused = new ApiError(problemFrom(409, { detail: 'd' }, null))
    expect(toProblem(refused)).toMatchObject({ kind: 'http', status: 409, detail: 'd' })
    expect(toProblem(new ShapeError('run.id', 'an id'))).toMatchObject({ kind: 'shape', detail: expect.stringContaining('run.id: expected an id') })
    expect(toProblem(new TypeError('x is not a function'))).toMatchObject({ kind: 'local', reason: 'fault', detail: expect.stringContaining('x is not a function') })
    expect(toProblem(unreadable('Line 3: no', 'input'))).toEqual({ kind: 'local', reason: 'unreadable', title: expect.any(String), detail: 'Line 3: no', field: 'input' })
  })
  it('have a status only when the server refused', () => {
    expect(statusOf(problemFrom(409, null, null))).toBe(409)
    expect(statusOf(toProblem(missing()))).toBeNull()
    expect(statusOf(null)).toBeNull()
  })
  it('are of something missing by the server’s word or by ours', () => {
    expect(isMissing(problemFrom(404, null, null))).toBe(true)
    expect(isMissing(toProblem(missing()))).toBe(true)
    expect(isMissing(toProblem(unreadable('no')))).toBe(false)
    expect(isMissing(problemFrom(500, null, null))).toBe(false)
  })
  it('of a body that breaks off are those of a lost connection', async () => {
    const body = new ReadableStream({ start: (control) => control.error(new TypeError('network error')) })
    const http = createHttp({ fetch: async () => new Response(body), onUnauthorized: () => undefined })
    expect(await failure(http.get('/runs'))).toMatchObject({ kind: 'network' })
  })
})
