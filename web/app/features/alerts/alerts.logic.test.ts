import { describe, expect, it } from 'vitest'
import { bodyOf, durationText, formOf, stateOf, type Alert } from './alerts.logic'

const alert = {
  id: 'a', name: 'Failures', workflow_id: null, states: ['failed'], failure_kinds: null, channel: 'slack', target: 'hooks.slack.com', group_ms: '300000',
  quiet: { from: '20:00', to: '06:30', zone: 'Europe/Madrid', days: ['sat', 'sun'], then: 'drop' }, state: 'active', failing_since: null,
} as unknown as Alert

describe('alerts', () => {
  it('a form that is not touched says what there is', () => {
    const form = formOf(alert, 'UTC')
    expect(form.group).toBe('5m')
    expect(bodyOf(form)).toEqual({ name: 'Failures', workflow_id: null, states: ['failed'], failure_kinds: null, group_for: '5m', quiet: alert.quiet })
    const ours = { ...alert, failure_kinds: ['platform'] } as unknown as Alert
    expect(bodyOf(formOf(ours, 'UTC'))).toMatchObject({ failure_kinds: ['platform'] })
  })

  it('a new one is about failures, and quiet in the zone of who makes it once it is', () => {
    const form = formOf(null, 'Europe/Madrid')
    expect(form).toMatchObject({ states: ['failed'], channel: 'slack', group: '1m', quiet: false, zone: 'Europe/Madrid' })
    expect(bodyOf({ ...form, name: 'x', target: ' https://a.example/b ' })).toMatchObject({ url: 'https://a.example/b', quiet: null })
    expect(bodyOf({ ...form, channel: 'email', target: 'a@b.example, c@d.example,' })).toMatchObject({ to: ['a@b.example', 'c@d.example'] })
  })

  it('durations are as short as they can be', () => {
    expect([0, 1_500, 90_000, 3_600_000, 86_400_000].map(durationText)).toEqual(['0s', '1500ms', '90s', '1h', '1d'])
  })

  it('failing shows, unless it is disabled', () => {
    expect(stateOf({ state: 'active', failing_since: null })).toBe('active')
    expect(stateOf({ state: 'active', failing_since: '2026-12-01T00:00:00Z' })).toBe('failing')
    expect(stateOf({ state: 'disabled', failing_since: '2026-12-01T00:00:00Z' })).toBe('disabled')
  })
})
