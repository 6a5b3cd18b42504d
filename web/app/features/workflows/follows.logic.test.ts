import { describe, expect, it } from 'vitest'
import { configOf, followText, formOf } from './follows.logic'

describe('a trigger that waits for the ends of other runs', () => {
  it('keeps what it says', () => {
    expect(formOf({ on: ['canceled', 'success'], workflows: ['a', 'b'] })).toEqual({ on: ['success', 'canceled'], workflows: ['a', 'b'] })
    expect(formOf({})).toEqual({ on: ['failed'], workflows: [] })
    expect(configOf({ on: ['success'], workflows: [] })).toEqual({ on: ['success'] })
    expect(configOf({ on: ['failed'], workflows: ['a'] })).toEqual({ on: ['failed'], workflows: ['a'] })
  })

  it('says after whom', () => {
    expect(followText({ on: ['failed'], workflows: ['a', 'b'] })).toBe('After a, b: Failed')
    expect(followText({ on: ['success', 'canceled'] })).toContain('every other workflow')
  })
})
