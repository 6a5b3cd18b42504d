import { isRecord, type Json } from '~/shared/api'
import { t } from '~/shared/i18n'
import type { LogLine, Step } from './runs.data'
import { isFinal, stepOfInterest } from './runs.logic'

/** A step as the definition has it. */
export interface PlanStep {
  id: string
  uses: string
  /** The loop whose body it is in; null outside of loops. */
  loop: string | null
  isFinally: boolean
  /** Its failure is the failure of what is around it: nobody asked to hear of it. */
  isFatal: boolean
  /** It makes an item's output, by the loop's `output`; no author wrote it. */
  isOutput: boolean
  /** Of a loop: the ids of its body, in the definition's order. Null for other steps. */
  body: string[] | null
}
export type Plan = ReadonlyMap<string, PlanStep>

// The server's limit; what stands deeper is in no version.
const depth_max = 3

/** What a definition says of its steps, those in loops included. */
export function planOf(definition: Json): Plan {
  const plan = new Map<string, PlanStep>()
  if (!isRecord(definition)) return plan
  read(definition.steps, { loop: null, isFinally: false }, plan, 0)
  read(definition.finally, { loop: null, isFinally: true }, plan, 0)
  return plan
}

function read(list: unknown, around: Pick<PlanStep, 'loop' | 'isFinally'>, plan: Map<string, PlanStep>, depth: number): string[] {
  const steps = (Array.isArray(list) ? list : []).filter(isRecord)
  const heard = new Set(steps.flatMap((s) => heardFailures(s.needs)))
  const ids: string[] = []
  for (const step of steps) {
    const { id, uses } = step
    if (typeof id !== 'string' || typeof uses !== 'string') continue
    const isLoop = (uses === 'core/foreach' || uses === 'core/while') && depth < depth_max
    plan.set(id, { id, uses, ...around, isFatal: step['on-error'] !== 'continue' && !heard.has(id), isOutput: false, body: isLoop ? readBody(step, id, around.isFinally, plan, depth + 1) : null })
    ids.push(id)
  }
  return ids
}

function readBody(step: Record<string, unknown>, loop: string, isFinally: boolean, plan: Map<string, PlanStep>, depth: number): string[] {
  const ids = read(step.steps, { loop, isFinally }, plan, depth)
  if (step.output === undefined || ids.length === 0) return ids
  const id = `${loop}.item`
  plan.set(id, { id, uses: '', loop, isFinally, isFatal: true, isOutput: true, body: null })
  return [...ids, id]
}

function heardFailures(needs: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(needs) ? needs : [needs]
  return list.flatMap((need) => (isRecord(need) && need.on === 'failure' && typeof need.step === 'string' ? [need.step] : []))
}

// Items are numbered from 1. In a loop inside another the number is the outer one's times a million plus its own, and so beyond
// what JavaScript counts in the third loop: numbers of items are texts.
const per_loop = 1_000_000n

/** The number of the `place`-th item of a loop that is itself a step of the item `around`. */
export function itemNumber(around: string, place: number): string {
  return String(BigInt(around) * per_loop + BigInt(place))
}

/** The item's place in its own loop, from 1. */
export function placeOf(item: string): number {
  return Number(BigInt(item) % per_loop)
}

/** The item of the outer loop that it is in, "0" in none. */
export function aroundOf(item: string): string {
  return String(BigInt(item) / per_loop)
}

/** The places from the outermost loop to its own: "3", "3.2". */
export function placesOf(item: string): string {
  const around = aroundOf(item)
  return around === '0' ? String(placeOf(item)) : `${placesOf(around)}.${placeOf(item)}`
}

/** A step of a run. */
export interface Place {
  step: string
  /** Of which item; "0" outside of loops. */
  item: string
}

/** Which item the address means; what it says wrongly counts as none. */
export function itemFromQuery(value: unknown): string {
  return typeof value === 'string' && /^[1-9]\d{0,18}$/.test(value) ? value : '0'
}

/** The item of the loop that holds a place, directly or in loops within; null when it is not in it. */
export function itemAround(plan: Plan, place: Place, loop: Place): string | null {
  let at = plan.get(place.step)?.loop ?? null
  for (let item = place.item; at !== null && item !== '0'; item = aroundOf(item), at = plan.get(at)?.loop ?? null) {
    if (at === loop.step) return aroundOf(item) === loop.item ? item : null
  }
  return null
}

export interface Item {
  /** Its number. */
  id: string
  state: Step['state']
  started_at: string | null
  finished_at: string | null
  duration_ms: number | null
  error: string | null
  /** The steps of it that have begun or never will, in order. */
  steps: Step[]
}

const rows_max = 1_000
const items_per_page = 50

/** How many items are shown at once: fewer when each has many steps, so that their rows fit into one answer. */
export function itemsPerPage(body: readonly string[]): number {
  return Math.max(1, Math.min(items_per_page, Math.floor(rows_max / Math.max(1, body.length))))
}

/** Items from the rows of their steps. */
export function toItems(plan: Plan, body: readonly string[], rows: readonly Step[]): Item[] {
  const byItem = new Map<string, Step[]>()
  for (const row of rows) byItem.set(row.iteration, [...(byItem.get(row.iteration) ?? []), row])
  return [...byItem].map(([id, steps]) => toItem(plan, body, id, steps))
}

function toItem(plan: Plan, body: readonly string[], id: string, rows: readonly Step[]): Item {
  const steps = [...rows].sort((a, b) => body.indexOf(a.step_id) - body.indexOf(b.step_id))
  const failed = steps.find((s) => s.state === 'failed' && plan.get(s.step_id)?.isFatal !== false)
  const state = failed ? 'failed' : stateOf(body, steps)
  const times = (of: (s: Step) => string | null) => steps.map(of).filter((at): at is string => at !== null).sort()
  const started_at = times((s) => s.started_at)[0] ?? null
  const finished_at = isFinal(state) ? (times((s) => s.finished_at).at(-1) ?? null) : null
  const duration_ms = started_at === null || finished_at === null ? null : Math.max(0, Date.parse(finished_at) - Date.parse(started_at))
  return { id, state, started_at, finished_at, duration_ms, error: failed?.error?.message ?? null, steps }
}

function stateOf(body: readonly string[], steps: readonly Step[]): Step['state'] {
  if (steps.some((s) => s.state === 'canceled' || s.state === 'not_reached')) return 'canceled'
  const open = steps.filter((s) => !isFinal(s.state))
  if (open.length > 0) return open.every((s) => s.state === 'waiting') ? 'waiting' : 'running'
  return steps.length < body.length ? 'running' : 'success'
}

/** The step of an item that a person most likely wants to see: what went wrong, else what it gave. */
export function stepOfItem(item: Item): Step | null {
  const last = item.steps.at(-1)
  return item.state === 'success' && last?.state === 'success' ? last : stepOfInterest(item.steps)
}

export interface LoopCounts {
  begun: number
  succeeded: number
  failed: number
  canceled: number
}

/**
 * From what can be counted without reading each item: the newest item, those whose last step is through, and of which it is `good`
 * (it ran, or was skipped), and the failed ones. Of an item that failed or was stopped the last step is canceled or not reached.
 */
export function countsOf(answer: { newest: string | null; ended: number; good: number; failed: number }): LoopCounts {
  const { ended, good, failed } = answer
  const bad = ended - good
  return {
    begun: answer.newest === null ? 0 : placeOf(answer.newest),
    succeeded: Math.max(0, ended - Math.max(bad, failed)),
    failed,
    canceled: Math.max(0, bad - failed),
  }
}

/** A step's name for people: the one that makes an item's output has none of its own. */
export function stepTitle(step: string): string {
  return step.endsWith('.item') ? t('run.loop.output') : step
}

/** "120 items, 1 failed"; of a loop at work how many have begun. */
export function countsText(counts: LoopCounts, isOver: boolean): string {
  const n = counts.begun.toLocaleString()
  const parts = [isOver ? t(counts.begun === 1 ? 'run.loop.count.one' : 'run.loop.count', { n }) : t('run.loop.begun', { n })]
  for (const kind of ['succeeded', 'failed', 'canceled'] as const) {
    if (counts[kind] > 0) parts.push(t(`run.loop.${kind}`, { n: counts[kind].toLocaleString() }))
  }
  return parts.join(', ')
}

/** Of which step a log line is, and of which item. */
export function lineStep(line: Pick<LogLine, 'step_id' | 'iteration'>): string {
  if (line.step_id === null) return ''
  return line.iteration === '0' ? line.step_id : t('run.loop.line', { step: stepTitle(line.step_id), n: placesOf(line.iteration) })
}
