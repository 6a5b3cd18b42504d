import { describe, expect, it } from 'vitest'
import { failure_kinds, type StepError } from '~/shared/api'
import { en } from '~/shared/i18n/en'
import { failureView } from './failure.logic'

const error = (more: Partial<StepError> = {}): StepError => ({ message: '', field: null, step_id: null, line: null, column: null, status: null, ...more })
const step = (step_id: string, more: object = {}) => ({ step_id, state: 'failed' as const, failure_kind: null, error: null, ...more })
const run = (more: object = {}) => ({ error: null, failure_kind: null, steps: [], ...more })

describe('the card of a failed run', () => {
  it('says the kind, what to do, and the engine’s own words', () => {
    const view = failureView(run({ failure_kind: 'provider', error: error({ message: '503 Service Unavailable', step_id: 'order', status: 503 }) }))
    expect(view).toEqual({
      title: 'failure.provider', advice: 'failure.provider.text', message: '503 Service Unavailable', step: 'order', facts: [{ label: 'run.status', value: '503' }],
    })
  })
  it.each(failure_kinds)('has words for the kind %s', (kind) => {
    const view = failureView(run({ failure_kind: kind }))
    expect([en[view.title], en[view.advice]].every((text) => text.length > 0)).toBe(true)
  })
  it('takes from the failed step what the run does not tell', () => {
    const steps = [step('a', { state: 'success' }), step('b', { failure_kind: 'workflow', error: error({ message: 'no such member', field: 'with.x', line: 2, column: 7 }) })]
    expect(failureView(run({ steps }))).toEqual({
      title: 'failure.workflow', advice: 'failure.workflow.text', message: 'no such member', step: 'b',
      facts: [{ label: 'run.field', value: 'with.x' }, { label: 'run.line', value: '2:7' }],
    })
  })
  it('tells nothing of another failed step than the one the run names', () => {
    const steps = [step('first', { error: error({ field: 'with.other', line: 9 }) }), step('named', { error: error({ field: 'with.mine' }) })]
    const view = failureView(run({ steps, error: error({ message: 'broken', step_id: 'named' }) }))
    expect(view).toMatchObject({ step: 'named', message: 'broken', facts: [{ label: 'run.field', value: 'with.mine' }] })
  })
  it('joins no column to the line of another error', () => {
    const steps = [step('a', { error: error({ line: 4, column: 2 }) })]
    expect(failureView(run({ steps, error: error({ step_id: 'a', line: 3 }) })).facts).toEqual([{ label: 'run.line', value: '3' }])
  })
  it('blames Weft when nobody says whose fault it is, and invents no message', () => {
    expect(failureView(run())).toEqual({ title: 'failure.platform', advice: 'failure.platform.text', message: null, step: null, facts: [] })
  })
})
