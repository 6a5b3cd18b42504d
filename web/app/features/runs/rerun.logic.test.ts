import { describe, expect, it } from 'vitest'
import { problemFrom } from '~/shared/api/problem'
import { planOf } from './loops.logic'
import { bulkBody, effectsIn, effectText, howOf, reasonsOf, rerunBody, startsOf, stepsToBegin } from './rerun.logic'
import { toStep } from './runs.data'

const step = (step_id: string, position: number) =>
  toStep({ step_id, iteration: '0', position, state: 'success', attempt: 1, failure_kind: null, error: null, started_at: null, finished_at: null, source: null })

describe('running again', () => {
  it('begins at a failure only where there is one', () => {
    expect(startsOf('failed')).toContain('failure')
    expect(startsOf('canceled')).toContain('failure')
    expect(startsOf('success')).toEqual(['beginning', 'step'])
  })
  it('asks nothing before a step is chosen, and names a step only when it counts', () => {
    expect(howOf({ from: 'step', step: null, version: 'same' })).toBeNull()
    expect(howOf({ from: 'step', step: 'pay', version: 'newest' })).toEqual({ from: 'step', step_id: 'pay', version: 'newest' })
    expect(howOf({ from: 'failure', step: 'pay', version: 'same' })).toEqual({ from: 'failure', version: 'same' })
  })
  it('leaves the input as it was unless there is another, whose digits stay', () => {
    expect(rerunBody({ from: 'beginning' }, null, false)).toBe('{"from":"beginning"}')
    expect(rerunBody({ from: 'beginning' }, '{"price":19.90}', true)).toBe('{"from":"beginning","repeat_effects":true,"input":{"price":19.90}}')
  })
  it('can begin with what is in no loop and not run finally, of the version that is run', () => {
    const plan = planOf({ steps: [{ id: 'a', uses: 'core/map' }, { id: 'each', uses: 'core/foreach', steps: [{ id: 'in', uses: 'core/map' }] }], finally: [{ id: 'tell', uses: 'core/map' }] })
    expect(stepsToBegin([step('tell', 2), step('each', 1), step('a', 0)], plan, null)).toEqual(['a', 'each'])
    expect(stepsToBegin([step('a', 0)], plan, planOf({ steps: [{ id: 'b', uses: 'core/map' }], finally: [{ id: 'tell', uses: 'core/map' }] }))).toEqual(['b'])
  })
  it('hears which calls a refusal is about, and no others', () => {
    const effect = { step_id: 'pay', uses: 'shop/pay@1', effect: 'unsafe', calls: 2, last_at: null }
    expect(effectsIn(problemFrom(409, { detail: 'd', field: 'repeat_effects', effects: [effect] }, null))).toEqual([effect])
    expect(effectsIn(problemFrom(409, { detail: 'd' }, null))).toEqual([])
    expect(effectsIn(null)).toEqual([])
    expect([effectText({ ...effect, effect: 'unsafe' }), effectText({ ...effect, effect: 'keyed', calls: 1 })]).toEqual(['pay: 2 calls of shop/pay@1', 'pay: 1 call of shop/pay@1'])
  })
  it('tells why runs were left, the most frequent reason first', () => {
    const left = [{ run_id: '1', reason: 'a' }, { run_id: '2', reason: 'b' }, { run_id: '3', reason: 'b' }]
    expect(reasonsOf(left)).toEqual([{ reason: 'b', runs: ['2', '3'] }, { reason: 'a', runs: ['1'] }])
  })
  it('says of many only what is not usual', () => {
    const choice = { workflow: 'w', state: 'failed', from: 'failure', version: 'same', repeats: false, again: false, limit: 50 } as const
    expect(bulkBody(choice, null)).toEqual({ workflow_id: 'w', state: 'failed', from: 'failure', version: 'same', limit: 50 })
    expect(bulkBody({ ...choice, repeats: true, again: true }, 'x')).toMatchObject({ repeat_effects: true, again: true, after: 'x' })
  })
})
