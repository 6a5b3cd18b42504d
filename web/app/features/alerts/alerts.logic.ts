import { failure_kinds, isRecord, word, type FailureKind, type Fields, type Json } from '~/shared/api'
import type { AlertsQuery } from '~/shared/graphql/generated'
import type { AlertId, WorkflowId } from '~/shared/ids'
import type { Refine } from '~/shared/rows'

export const channels = ['slack', 'webhook', 'email'] as const
export type Channel = (typeof channels)[number]
export const ends = ['failed', 'canceled', 'success'] as const
export type End = (typeof ends)[number]
export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Day = (typeof days)[number]

type Row = AlertsQuery['alerts'][number]
export type Alert = Refine<Row, { id: AlertId; workflow_id: WorkflowId | null; states: End[]; failure_kinds: FailureKind[] | null; channel: Channel; state: 'active' | 'disabled' }>

export function toAlert(row: Row): Alert {
  const states = Array.isArray(row.states) ? row.states : []
  return {
    ...row,
    states: states.map((state) => word(ends)(state, 'alert.states')),
    failure_kinds: Array.isArray(row.failure_kinds) ? row.failure_kinds.map((kind) => word(failure_kinds)(kind, 'alert.failure_kinds')) : null,
    channel: word(channels)(row.channel, 'alert.channel'),
    state: word(['active', 'disabled'])(row.state, 'alert.state'),
  }
}

/** What a person is shown: failing is no state of its own in the row. */
export function stateOf(alert: Pick<Alert, 'state' | 'failing_since'>): 'active' | 'failing' | 'disabled' {
  if (alert.state === 'disabled') return 'disabled'
  return alert.failing_since === null ? 'active' : 'failing'
}

export interface AlertForm {
  name: string
  workflow: WorkflowId | null
  states: End[]
  /** Whose fault a failure must be; none: anyone's. */
  kinds: FailureKind[]
  channel: Channel
  /** A url, or addresses with commas; empty in a change: as it is. */
  target: string
  group: string
  quiet: boolean
  from: string
  to: string
  zone: string
  days: Day[]
  then: 'hold' | 'drop'
}

const text = (value: Json | undefined, otherwise: string) => (typeof value === 'string' ? value : otherwise)

/** "90s", "5m", "2h": the largest unit that says it in whole numbers. */
export function durationText(ms: number): string {
  for (const [unit, size] of [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1_000]] as const) {
    if (ms > 0 && ms % size === 0) return `${ms / size}${unit}`
  }
  return ms === 0 ? '0s' : `${ms}ms`
}

export function formOf(alert: Alert | null, zone: string): AlertForm {
  const quiet = isRecord(alert?.quiet) ? alert.quiet : null
  const listed = Array.isArray(quiet?.days) ? quiet.days : [...days]
  return {
    name: alert?.name ?? '',
    workflow: alert?.workflow_id ?? null,
    states: alert?.states ?? ['failed'],
    kinds: alert?.failure_kinds ?? [],
    channel: alert?.channel ?? 'slack',
    target: '',
    group: durationText(Number(alert?.group_ms ?? 60_000)),
    quiet: quiet !== null,
    from: text(quiet?.from, '22:00'),
    to: text(quiet?.to, '07:00'),
    zone: text(quiet?.zone, zone),
    days: days.filter((day) => listed.includes(day)),
    then: quiet?.then === 'drop' ? 'drop' : 'hold',
  }
}

/** What is sent of it. */
export function bodyOf(form: AlertForm): Fields {
  const target = form.target.trim()
  const to = target.split(',').map((one) => one.trim()).filter((one) => one !== '')
  return {
    name: form.name,
    workflow_id: form.workflow,
    states: form.states,
    failure_kinds: form.kinds.length === 0 ? null : form.kinds,
    group_for: form.group.trim(),
    quiet: form.quiet ? { from: form.from, to: form.to, zone: form.zone, days: form.days, then: form.then } : null,
    ...(target === '' ? {} : form.channel === 'email' ? { to } : { url: target }),
  }
}
