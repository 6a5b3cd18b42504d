import { describe, expect, it } from 'vitest'
import { configOf, formOf, localText, ruleText } from './schedules.logic'

describe('a schedule’s form', () => {
  const config = { every: '3 days at 9:00', zone: 'Europe/Madrid', starting: '2026-12-01', overlap: 'queue', catch_up: 'all', catch_up_within: '1d', jitter: '10m', input: { a: 1 } }
  it('keeps what it does not show', () => {
    expect(configOf(formOf(config, 'UTC'), config)).toEqual(config)
  })
  it('goes on counting for another rule', () => {
    expect(configOf({ ...formOf(config, 'UTC'), rule: '2 weeks on Monday' }, config)).toHaveProperty('starting', '2026-12-01')
    expect(configOf({ ...formOf(config, 'UTC'), starting: ' ' }, config)).not.toHaveProperty('starting')
  })
  it('gives one rule, and nothing that is empty', () => {
    const form = { ...formOf({}, 'Europe/Madrid'), kind: 'cron' as const, rule: ' 0 9 * * * ' }
    expect(configOf(form, config)).not.toHaveProperty('every')
    expect(configOf(form)).toEqual({ cron: '0 9 * * *', zone: 'Europe/Madrid', overlap: 'allow', catch_up: 'last' })
  })
  it('has words for settings that it does not know', () => {
    expect(formOf({ cron: '@daily', overlap: 'newer' }, 'UTC')).toMatchObject({ kind: 'cron', overlap: 'allow', zone: 'UTC' })
    expect(formOf(null, 'UTC').rule).toBe('')
  })
})

describe('a schedule is shown', () => {
  it('with its rule and zone', () => {
    expect(ruleText({ every: 'day at 9:00', zone: 'Europe/Madrid' })).toBe('every day at 9:00 · Europe/Madrid')
    expect(ruleText({ every: 'Every day at 9:00', zone: 'UTC' })).toBe('Every day at 9:00 · UTC')
    expect(ruleText({ cron: '0 9 * * *', zone: 'UTC' })).toBe('0 9 * * * · UTC')
  })
  it('with times as the server says them', () => {
    expect(localText('2026-12-01T09:00:00.000+01:00')).toBe('Tue 2026-12-01 09:00:00 (+01:00)')
    expect(localText('2026-12-01T09:00:00.000Z')).toBe('Tue 2026-12-01 09:00:00 (UTC)')
    expect(localText('soon')).toBe('soon')
  })
})
