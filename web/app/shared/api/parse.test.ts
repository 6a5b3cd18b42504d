import { describe, expect, it } from 'vitest'
import { array, maybe, number, object, page, string, word } from './parse'
import { authStatus, run, runDetail } from './types'

export const runId = '01890000-0000-7000-8000-000000000001'
export const runJson = {
  id: runId, workflow_id: '01890000-0000-7000-8000-0000000000aa', workflow_key: 'a', workflow_name: 'A', version_number: 1, trigger_id: null,
  state: 'running', failure_kind: null, error: null, created_at: '2026-01-01T00:00:00Z', started_at: null, finished_at: null, duration_ms: null,
}

describe('parse', () => {
  it('names the place that has another form', () => {
    const parse = array(object({ a: number }))
    expect(() => parse([{ a: 1 }, { a: 'x' }], 'answer')).toThrow('answer[1].a: expected a number')
    expect(() => word(['x', 'y'])('z', 'at')).toThrow('at: expected x | y')
    expect(() => object({})([], 'at')).toThrow('at: expected an object')
  })
  it('treats missing and null alike and ignores further members', () => {
    expect(object({ a: maybe(string), b: maybe(string) })({ a: null, c: 1 }, '')).toEqual({ a: null, b: null })
  })
  it('reads a page', () => {
    expect(page(number)({ items: [1, 2] }, '')).toEqual({ items: [1, 2], next: null })
  })
})

describe('entities', () => {
  it('reads a run and refuses an unknown state', () => {
    expect(run(runJson, 'run').state).toBe('running')
    expect(() => run({ ...runJson, state: 'exploded' }, 'run')).toThrow('run.state')
    expect(() => run({ ...runJson, id: '../x' }, 'run')).toThrow('run.id')
  })
  it('reads an error given as text or as object', () => {
    expect(run({ ...runJson, error: 'boom' }, '').error?.message).toBe('boom')
    expect(run({ ...runJson, error: { message: 'm', line: 3 } }, '').error).toMatchObject({ message: 'm', line: 3, field: null })
  })
  it('fills in what a short answer leaves out', () => {
    expect(runDetail(runJson, '').steps).toEqual([])
    expect(authStatus({ claimed: false }, '')).toMatchObject({ claimed: false, user: null, permissions: [] })
  })
})
