import { describe, expect, it } from 'vitest'
import { array, maybe, number, object, string, word } from './parse'
import { authStatus, runStarted } from './types'

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
})

describe('entities', () => {
  it('fills in what a short answer leaves out', () => {
    expect(authStatus({ claimed: false }, '')).toMatchObject({ claimed: false, user: null, permissions: [] })
  })
  it('refuses an id that is none', () => {
    expect(() => runStarted({ run_id: '../x' }, 'answer')).toThrow('answer.run_id: expected an id')
  })
})
