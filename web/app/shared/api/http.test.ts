import { describe, expect, it, vi } from 'vitest'
import { createHttp, idempotencyKey, queryString } from './http'
import { ApiError, toProblem } from './problem'
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
  it('turns a problem document into an ApiError with field and request id', async () => {
    const { http } = serverOf(422, JSON.stringify({ title: 'Invalid', detail: 'No such key.', field: 'key', request_id: 'r1' }))
    expect(await failure(http.send('POST', '/apps', {}))).toMatchObject({ kind: 'http', status: 422, detail: 'No such key.', field: 'key', requestId: 'r1' })
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
    expect(await failure(none.get('/runs'))).toMatchObject({ kind: 'network', status: 0 })
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
  it('tells an unexpected form from a lost connection', () => {
    expect(toProblem(new ShapeError('run.id', 'an id')).kind).toBe('shape')
    expect(toProblem(new Error('x')).kind).toBe('network')
    expect(toProblem(new ApiError({ kind: 'http', status: 409, title: '', detail: 'd', field: null, requestId: null, more: {} })).status).toBe(409)
  })
})
