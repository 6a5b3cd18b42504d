import { describe, expect, it } from 'vitest'
import { AppVersionsDocument } from '~/shared/graphql/generated'
import { callOf, parseJson, toVersion } from '../apps/apps.logic'
import { authKind, authOf, breakerBody, breakerForm, complete, credentialFields, fieldsOfKind, pick } from './connections.logic'

const version = (major: number, state: string, auth: unknown) =>
  toVersion(AppVersionsDocument.parse({ app_versions: [{ id: `01890000-0000-7000-8000-00000000000${major}`, major, minor: 0, state, manifest: { base_url: 'https://x.test', auth } }] }, '').app_versions[0]!)

describe('connection fields', () => {
  it('come from the newest published version', () => {
    const versions = [version(1, 'published', { kind: 'basic' }), version(3, 'draft', { kind: 'none' }), version(2, 'published', { kind: 'bearer' })]
    expect(authKind(authOf(versions))).toBe('bearer')
    expect(authKind(authOf([version(3, 'draft', { kind: 'basic' })]))).toBe('basic')
    expect(authOf([])).toBeNull()
  })
  it.each([
    [{ kind: 'none' }, []], [{ kind: 'api_key', name: 'X-Key' }, ['api_key']], [{ kind: 'api_key', field: 'key' }, ['key']],
    [{ kind: 'basic' }, ['username', 'password']], [{ kind: 'bearer' }, ['token']], [{ kind: 'headers', headers: { 'X-A': 'a', 'X-B': 'b' } }, ['a', 'b']],
    [{ kind: 'unheard' }, []], [null, []],
  ])('of %j are %j', (auth, names) => {
    expect(credentialFields(auth as never).map((f) => f.name)).toEqual(names)
  })
  it('are secret but for a user name', () => {
    expect(fieldsOfKind('basic').map((f) => f.secret)).toEqual([false, true])
  })
  it('send exactly what was asked for', () => {
    const fields = fieldsOfKind('bearer')
    expect(pick(fields, { token: 't', password: 'of another app' })).toEqual({ token: 't' })
    expect(complete(fields, {})).toBe(false)
    expect(complete(fields, { token: 't' })).toBe(true)
  })
})

describe('app documents', () => {
  it('read JSON or say why not', () => {
    expect(parseJson('{"a":1}')).toEqual({ k: 'ok', value: { a: 1 } })
    expect(parseJson('{').k).toBe('bad')
  })
  it('show an action’s call', () => {
    expect(callOf({ method: 'GET', path: '/a' })).toBe('GET /a')
    expect(callOf(null)).toBe('')
  })
})

describe('the breaker', () => {
  it('is written in seconds and sent in milliseconds', () => {
    const form = breakerForm({ breaker_failures: 10, breaker_within_ms: '60000', breaker_open_ms: '1500' })
    expect(form).toEqual({ failures: '10', within: '60', open: '1.5' })
    expect(breakerBody(form)).toEqual({ breaker_failures: 10, breaker_within_ms: 60_000, breaker_open_ms: 1_500 })
  })
  it('leaves what is no number to the server', () => {
    expect(breakerBody({ failures: 'many', within: '', open: '-1' })).toEqual({ breaker_failures: null, breaker_within_ms: null, breaker_open_ms: null })
  })
})
