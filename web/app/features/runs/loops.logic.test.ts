import { describe, expect, it } from 'vitest'
import {
  aroundOf, countsOf, countsText, itemAround, itemFromQuery, itemNumber, itemsPerPage, lineStep, placeOf, placesOf, planOf, stepOfItem, toItems,
} from './loops.logic'
import { toStep, type Step } from './runs.data'

const definition = {
  steps: [
    { id: 'each', uses: 'core/foreach', output: '{{ 1 }}', steps: [
      { id: 'price', uses: 'core/map' },
      { id: 'soft', uses: 'core/http', 'on-error': 'continue' },
      { id: 'heard', uses: 'core/http' },
      { id: 'ear', uses: 'core/map', needs: ['price', { step: 'heard', on: 'failure' }] },
      { id: 'rows', uses: 'core/while', steps: [{ id: 'cell', uses: 'core/map' }] },
    ] },
    { id: 'b' }, 3,
  ],
  finally: [{ id: 'tell', uses: 'core/map' }],
}
const plan = planOf(definition)
const body = plan.get('each')?.body ?? []
const step = (step_id: string, state: string, more: Partial<Step> & { iteration?: string } = {}): Step =>
  ({ ...toStep({ step_id, iteration: '1', position: 0, state, attempt: 1, failure_kind: null, error: null, started_at: null, finished_at: null, source: null }), ...more })

describe('planOf', () => {
  it('tells which loop a step is in, what makes its items, and what is finally', () => {
    expect(body).toEqual(['price', 'soft', 'heard', 'ear', 'rows', 'each.item'])
    expect([...plan.values()].map((s) => [s.id, s.loop, s.isFinally])).toEqual(expect.arrayContaining([
      ['each', null, false], ['price', 'each', false], ['each.item', 'each', false], ['cell', 'rows', false], ['tell', null, true],
    ]))
    expect(plan.get('rows')?.body).toEqual(['cell'])
    expect(plan.get('b')).toBeUndefined()
    expect(planOf('nonsense').size).toBe(0)
  })
  it('knows whose failure is the item’s', () => {
    expect(body.filter((id) => plan.get(id)?.isFatal)).toEqual(['price', 'ear', 'rows', 'each.item'])
  })
  it('reads no deeper than loops may stand in each other', () => {
    const nest = (depth: number): object => ({ id: `d${depth}`, uses: 'core/foreach', ...(depth < 40 ? { steps: [nest(depth + 1)] } : {}) })
    expect(planOf({ steps: [nest(0)] } as never).size).toBe(4)
  })
})

describe('numbers of items', () => {
  it('hold all three loops, beyond what JavaScript counts', () => {
    const third = itemNumber(itemNumber(itemNumber('0', 100_000), 99_999), 100_000)
    expect(third).toBe('100000099999100000')
    expect([placeOf(third), placesOf(third)]).toEqual([100_000, '100000.99999.100000'])
    expect(aroundOf(aroundOf(aroundOf(third)))).toBe('0')
    expect(placesOf('3')).toBe('3')
  })
  it('come from the address only as such', () => {
    expect(['3', '3000002', '0', '-1', '1e9', 'x', undefined, '99999999999999999999'].map(itemFromQuery)).toEqual(['3', '3000002', '0', '0', '0', '0', '0', '0'])
  })
  it('lead to the item of each loop around', () => {
    const cell = { step: 'cell', item: '3000002' }
    expect(itemAround(plan, cell, { step: 'each', item: '0' })).toBe('3')
    expect(itemAround(plan, cell, { step: 'rows', item: '3' })).toBe('3000002')
    expect(itemAround(plan, cell, { step: 'rows', item: '4' })).toBeNull()
    expect(itemAround(plan, { step: 'each', item: '0' }, { step: 'each', item: '0' })).toBeNull()
    expect(itemAround(plan, { step: 'ghost', item: '3' }, { step: 'each', item: '0' })).toBeNull()
  })
  it('stand beside the step in a line of the log', () => {
    expect(lineStep({ step_id: 'cell', iteration: '3000002' })).toBe('cell · item 3.2')
    expect(lineStep({ step_id: 'b', iteration: '0' })).toBe('b')
    expect(lineStep({ step_id: null, iteration: '0' })).toBe('')
  })
})

describe('toItems', () => {
  const through = (iteration: string, failing = 'none') => body.map((id) => step(id, id === failing ? 'failed' : 'success', { iteration }))
  const states = (rows: Step[]) => toItems(plan, body, rows).map((item) => [item.id, item.state])
  it('puts rows together by item, in the definition’s order', () => {
    const [one, two] = toItems(plan, body, [...through('1').reverse(), step('price', 'running', { iteration: '2' })])
    expect(one?.steps.map((s) => s.step_id)).toEqual(body)
    expect([one?.state, two?.state]).toEqual(['success', 'running'])
  })
  it('takes a failure that somebody hears of for none', () => {
    expect(states([...through('1', 'price'), ...through('2', 'soft'), ...through('3', 'heard')])).toEqual([['1', 'failed'], ['2', 'success'], ['3', 'success']])
  })
  it('goes on between two steps, waits when all do, and is canceled when it was stopped', () => {
    expect(states([step('price', 'success')])).toEqual([['1', 'running']])
    expect(states([step('price', 'success'), step('soft', 'waiting')])).toEqual([['1', 'waiting']])
    expect(states([step('price', 'canceled'), step('soft', 'not_reached')])).toEqual([['1', 'canceled']])
  })
  it('took from its first step to its last, and says why it failed', () => {
    const at = (s: number) => `2026-01-01T00:00:0${s}Z`
    const error = { message: 'no price' } as Step['error']
    const [item] = toItems(plan, body, [step('price', 'failed', { started_at: at(1), finished_at: at(3), error }), step('soft', 'canceled', { started_at: at(2), finished_at: at(4) })])
    expect(item).toMatchObject({ state: 'failed', duration_ms: 3_000, error: 'no price' })
    expect(stepOfItem(item!)?.step_id).toBe('price')
    expect(stepOfItem(toItems(plan, body, through('1'))[0]!)?.step_id).toBe('each.item')
  })
  it('asks for no more rows than one answer holds', () => {
    expect([body, [], Array(100).fill('x'), Array(5_000).fill('x')].map(itemsPerPage)).toEqual([50, 50, 10, 1])
  })
})

describe('counts', () => {
  it('tell failed items from stopped ones', () => {
    expect(countsOf({ newest: '120', ended: 120, good: 119, failed: 1 })).toEqual({ begun: 120, succeeded: 119, failed: 1, canceled: 0 })
    expect(countsOf({ newest: '3000007', ended: 7, good: 4, failed: 1 })).toEqual({ begun: 7, succeeded: 4, failed: 1, canceled: 2 })
    // Its last step needs nothing, and was through before another one failed.
    expect(countsOf({ newest: '2', ended: 2, good: 2, failed: 1 })).toEqual({ begun: 2, succeeded: 1, failed: 1, canceled: 0 })
    expect(countsOf({ newest: null, ended: 0, good: 0, failed: 0 })).toEqual({ begun: 0, succeeded: 0, failed: 0, canceled: 0 })
  })
  it('are said in words', () => {
    expect(countsText({ begun: 120, succeeded: 119, failed: 1, canceled: 0 }, true)).toBe('120 items, 119 succeeded, 1 failed')
    expect(countsText({ begun: 37, succeeded: 35, failed: 0, canceled: 0 }, false)).toBe('37 items begun, 35 succeeded')
    expect(countsText({ begun: 1, succeeded: 1, failed: 0, canceled: 0 }, true)).toBe('1 item, 1 succeeded')
  })
})
