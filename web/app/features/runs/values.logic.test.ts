import { describe, expect, it } from 'vitest'
import type { RunId } from '~/shared/ids'
import { isLarge, keptOf, largeHref, pathNames, pathOf, value_shown_max } from './values.logic'

const id = '01890000-0000-7000-8000-000000000001' as RunId

describe('values of runs', () => {
  const sizes = [{ slot: 'output', size_bytes: value_shown_max }, { slot: 'input', size_bytes: value_shown_max + 1 }]
  const where = { of: 'input', step: null, item: '0' } as const
  it('are whole up to a size, and beyond it what they are made of', () => {
    expect(keptOf(sizes, 'output', 5, where)).toEqual({ value: 5 })
    expect(keptOf(sizes, 'output', undefined, where)).toEqual({ value: null })
    expect(keptOf(sizes, 'input', undefined, where)).toEqual({ value: null, large: { ...where, bytes: value_shown_max + 1 } })
    expect(keptOf(sizes, 'trigger', 5, where)).toBeNull()
    expect([isLarge(sizes, 'output'), isLarge(sizes, 'input'), isLarge(sizes, 'trigger')]).toEqual([false, true, false])
  })
  it('have an address for their bytes', () => {
    expect(largeHref(id, { ...where, bytes: 1 })).toBe(`/api/v1/runs/${id}/value?of=input`)
    expect(largeHref(id, { of: 'output', step: 'a', item: '3', bytes: 1 })).toBe(`/api/v1/runs/${id}/value?of=output&step_id=a&iteration=3`)
  })
  it('have parts, whose names may hold anything', () => {
    const names = ['a/b', 'c~d', '~1', '0', '']
    expect(pathOf(names)).toBe('/a~1b/c~0d/~01/0/')
    expect(pathNames(pathOf(names))).toEqual(names)
    expect(pathNames('')).toEqual([])
  })
})
