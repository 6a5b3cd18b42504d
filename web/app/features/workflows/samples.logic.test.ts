import { describe, expect, it } from 'vitest'
import { triggerSample } from '~/shared/api'
import { clockText, secondsLeft } from './samples.logic'

const answer = { state: 'listening', listening_until: '2026-12-01T09:10:00Z', captured_at: null, problem: null, is_hidden: false, event: null }

describe('a sample', () => {
  it('says how long somebody still listens', () => {
    const sample = triggerSample(answer, 'answer')
    expect(secondsLeft(sample, Date.parse('2026-12-01T09:00:00.400Z'))).toBe(600)
    expect(secondsLeft(sample, Date.parse('2026-12-01T09:11:00Z'))).toBe(0)
    expect(secondsLeft({ ...sample, state: 'captured' }, 0)).toBeNull()
    expect([clockText(600), clockText(61), clockText(0)]).toEqual(['10:00', '1:01', '0:00'])
  })
  it('is of a state that is known', () => {
    expect(() => triggerSample({ ...answer, state: 'odd' }, 'answer')).toThrow('answer.state')
    expect(triggerSample({ ...answer, event: { input: 1, trigger: {} } }, 'answer').event).toEqual({ input: 1, trigger: {} })
  })
})
