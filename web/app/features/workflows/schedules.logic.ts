import { isRecord, json, type Json } from '~/shared/api'

export const overlaps = ['allow', 'skip', 'queue'] as const
export const catch_ups = ['skip', 'last', 'all'] as const
export type Overlap = (typeof overlaps)[number]
export type CatchUp = (typeof catch_ups)[number]
export type RuleKind = 'every' | 'cron'

/** A schedule's settings as a form has them: texts, "" where there is none. */
export interface ScheduleForm {
  kind: RuleKind
  rule: string
  zone: string
  overlap: Overlap
  catch_up: CatchUp
  jitter: string
  pause_until: string
  starting: string
}

/** What the form does not show, and must not lose. */
const hidden = ['catch_up_within', 'input'] as const

function text(members: Record<string, unknown>, key: string): string {
  const value = members[key]
  return typeof value === 'string' ? value : ''
}

function wordOf<W extends string>(words: readonly W[], value: unknown, otherwise: W): W {
  return words.find((w) => w === value) ?? otherwise
}

export function formOf(config: Json, zone: string): ScheduleForm {
  const members = isRecord(config) ? config : {}
  const kind = text(members, 'cron') === '' ? 'every' : 'cron'
  return {
    kind, rule: text(members, kind), zone: text(members, 'zone') || zone, jitter: text(members, 'jitter'), pause_until: text(members, 'pause_until'),
    starting: text(members, 'starting'),
    overlap: wordOf(overlaps, members.overlap, 'allow'), catch_up: wordOf(catch_ups, members.catch_up, 'last'),
  }
}

/** The settings to be saved; `before` are those that they replace. */
export function configOf(form: ScheduleForm, before: Json = {}): Record<string, Json> {
  const members = isRecord(before) ? before : {}
  const old = Object.fromEntries(hidden.filter((key) => key in members).map((key) => [key, json(members[key], key)]))
  const optional = { jitter: form.jitter, pause_until: form.pause_until, starting: form.starting }
  const given = Object.entries(optional).map(([key, value]) => [key, value.trim()] as const).filter(([, value]) => value !== '')
  return { ...old, [form.kind]: form.rule.trim(), zone: form.zone, overlap: form.overlap, catch_up: form.catch_up, ...Object.fromEntries(given) }
}

/** The rule as a person reads it in a list. */
export function ruleText(config: Json): string {
  const form = formOf(config, 'UTC')
  const rule = form.kind === 'every' && !/^(every|each)\b/i.test(form.rule) ? `every ${form.rule}` : form.rule
  return `${rule} · ${form.zone}`
}

/** "2026-12-01T09:00:00.000+01:00" as "Tue 2026-12-01 09:00:00 (+01:00)": as it stands there, without this browser's zones. */
export function localText(local: string): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(local)
  if (match === null) return local
  const [, y, m, d, time, offset] = match
  const weekday = new Date(Date.UTC(Number(y), Number(m) - 1, Number(d))).toLocaleDateString('en', { weekday: 'short', timeZone: 'UTC' })
  return `${weekday} ${y}-${m}-${d} ${time} (${offset === 'Z' ? 'UTC' : offset})`
}
