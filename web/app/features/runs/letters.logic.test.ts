import { describe, expect, it } from 'vitest'
import type { RunId } from '~/shared/ids'
import { dropBody, letterConditions, letters_max, lettersFromQuery, queryFromLetters, redriveBody, stillThere } from './letters.logic'

const run = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}` as RunId

describe('dead letters', () => {
  it('filters stand in the address, and what it says wrongly is none', () => {
    const filters = lettersFromQuery({ workflow: 'x', class: 'timeout', age: 'day' })
    expect(filters).toEqual({ workflow: null, class: 'timeout', age: 'day' })
    expect(queryFromLetters(filters)).toEqual({ class: 'timeout', age: 'day' })
    expect(lettersFromQuery({ class: 'odd', age: 'year' })).toEqual({ workflow: null, class: null, age: null })
  })

  it('an age is a time', () => {
    const at = Date.parse('2026-12-01T12:00:00Z')
    expect(letterConditions({ workflow: null, class: 'auth', age: 'hour' }, at)).toEqual({ workflow: {}, class: { _eq: 'auth' }, since: { _gte: '2026-12-01T11:00:00.000Z' } })
    expect(letterConditions({ workflow: null, class: null, age: null }, at)).toEqual({ workflow: {}, class: {}, since: {} })
  })

  it('only what is still shown is acted on, as many as one request takes', () => {
    const shown = Array.from({ length: 150 }, (_, n) => ({ id: run(n) }))
    expect(stillThere(new Set([run(3), run(999)]), shown)).toEqual([run(3)])
    expect(stillThere(new Set(shown.map((one) => one.id)), shown)).toHaveLength(letters_max)
  })

  it('an empty note is none', () => {
    expect(dropBody([run(1)], '  ')).toEqual({ run_ids: [run(1)] })
    expect(dropBody([run(1)], ' by hand ')).toEqual({ run_ids: [run(1)], note: 'by hand' })
    expect(redriveBody([run(1)], { from: 'failure', version: 'newest', repeats: true })).toEqual({
      dead_letters: true, run_ids: [run(1)], from: 'failure', version: 'newest', repeat_effects: true,
    })
  })
})
