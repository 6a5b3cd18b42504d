import { isRecord, run_states, writeJson, type Page, type RunState } from '~/shared/api'
import type { LatestRunsSubscriptionVariables } from '~/shared/graphql/generated'
import { t } from '~/shared/i18n'
import { routeId, type RunId, type WorkflowId } from '~/shared/ids'
import type { Load } from '~/shared/load'
import { elapsedMs } from '~/shared/time'
import type { Cause, LogLine, Run, RunDetail, Step, StepDetail, Wait } from './runs.data'

export interface RunFilters {
  workflow: WorkflowId | null
  state: RunState | null
}

/** The URL is the truth about filters; what it says wrongly counts as no filter. */
export function filtersFromQuery(query: Readonly<Record<string, unknown>>): RunFilters {
  return {
    workflow: routeId<WorkflowId>(query.workflow),
    state: run_states.find((s) => s === query.state) ?? null,
  }
}

export function queryFromFilters(filters: RunFilters): Record<string, string> {
  return {
    ...(filters.workflow === null ? {} : { workflow: filters.workflow }),
    ...(filters.state === null ? {} : { state: filters.state }),
  }
}

/** The filters as conditions of a query: an empty one is met by every row. */
export function conditions(filters: RunFilters): Pick<LatestRunsSubscriptionVariables, 'workflow' | 'state'> {
  return {
    workflow: filters.workflow === null ? {} : { _eq: filters.workflow },
    state: filters.state === null ? {} : { _eq: filters.state },
  }
}

export function matches(run: Run, filters: RunFilters): boolean {
  return (filters.workflow === null || run.workflow_id === filters.workflow) && (filters.state === null || run.state === filters.state)
}

/** True once nothing more will happen to it. */
export function isFinal(state: Step['state']): boolean {
  return state !== 'queued' && state !== 'running' && state !== 'waiting'
}

// Ids are uuid v7: they sort by time of creation, as the server's pages do.
function newestFirst(a: Run, b: Run): number {
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0
}

/** The newer of two pictures of one run: a final state is never taken back by an answer that came late. */
function newer(shown: Run, fetched: Run): Run {
  return isFinal(shown.state) && !isFinal(fetched.state) ? shown : fetched
}

/**
 * Puts fetched runs into the list: known rows are renewed, new ones take their place by time, rows that no longer match
 * the filters leave. A run older than the end of the list stays out, since a later page will bring it.
 */
export function mergeRuns(list: Page<Run>, fetched: readonly Run[], filters: RunFilters): Page<Run> {
  const rows = new Map(list.items.map((run) => [run.id, run]))
  const end = list.next === null ? null : list.items.at(-1)
  for (const run of fetched) {
    const shown = rows.get(run.id)
    const merged = shown ? newer(shown, run) : run
    if (!matches(merged, filters)) rows.delete(run.id)
    else if (shown || !end || run.id > end.id) rows.set(run.id, merged)
  }
  return { items: [...rows.values()].sort(newestFirst), next: list.next }
}

const rows_max = 1_000

/**
 * Renews the list from a fresh first page. Rows of the page's span that it does not hold have left; when the page does not reach the
 * rows shown (many runs came at once), or the list has grown long, the page replaces the list, so that no gap is hidden.
 */
export function mergeFirstPage(list: Page<Run>, first: Page<Run>, filters: RunFilters): Page<Run> {
  const oldest = first.items.at(-1)
  if (!oldest || first.next === null) return first
  const touches = list.items.some((run) => run.id >= oldest.id)
  if (!touches || list.items.length > rows_max) return first
  const fresh = new Set(first.items.map((run) => run.id))
  const kept = list.items.filter((run) => run.id < oldest.id || fresh.has(run.id))
  return mergeRuns({ items: kept, next: list.next }, first.items, filters)
}

const followed_max = 100

/** Runs at work that stand below the first page, and so are not followed with it; the newest of them, in order. */
export function unfinishedBelow(list: Load<Page<Run>>, first: Load<Page<Run>>): RunId[] {
  if (list.k !== 'ready' || first.k !== 'ready') return []
  const end = first.data.items.at(-1)?.id
  if (end === undefined) return []
  return list.data.items.filter((run) => run.id < end && !isFinal(run.state)).map((run) => run.id).slice(0, followed_max)
}

/** Adds the next page; a row that both hold appears once. */
export function appendPage(list: Page<Run>, more: Page<Run>): Page<Run> {
  const known = new Set(list.items.map((run) => run.id))
  return { items: [...list.items, ...more.items.filter((run) => !known.has(run.id))], next: more.next }
}

export interface Bar {
  /** Percent of the run's span. */
  start: number
  width: number
}

/** Where each step's bar lies within the run's span; null for steps that have not begun, or that another run has done. */
export function timelineBars(run: Pick<Run, 'created_at' | 'started_at' | 'finished_at'>, steps: readonly Step[], now: number): (Bar | null)[] {
  // What was kept was done in another run.
  const own = steps.filter((s) => s.source === null)
  const starts = own.flatMap((s) => (s.started_at === null ? [] : [Date.parse(s.started_at)]))
  const from = Math.min(Date.parse(run.started_at ?? run.created_at), ...starts)
  const ends = own.flatMap((s) => (s.finished_at === null ? [] : [Date.parse(s.finished_at)]))
  const to = Math.max(run.finished_at === null ? now : Date.parse(run.finished_at), ...ends)
  const span = Math.max(1, to - from)
  return steps.map((step) => {
    if (step.started_at === null || step.source !== null) return null
    const start = ((Date.parse(step.started_at) - from) / span) * 100
    const width = ((elapsedMs(step, now) ?? 0) / span) * 100
    const at = Math.min(Math.max(0, start), 99)
    return { start: at, width: Math.min(Math.max(1, width), 100 - at) }
  })
}

export function sortSteps(steps: readonly Step[]): Step[] {
  return [...steps].sort((a, b) => a.position - b.position || a.step_id.localeCompare(b.step_id))
}

/** The step a person most likely wants to see: the failed one, else the one at work, else the last that did something, if not to tidy up. */
export function stepOfInterest(steps: readonly Step[], isFinally: (step: Step) => boolean = () => false): Step | null {
  return (
    steps.find((s) => s.state === 'failed') ??
    steps.find((s) => s.state === 'running' || s.state === 'waiting') ??
    steps.findLast((s) => s.state === 'success' && !isFinally(s)) ??
    steps.findLast((s) => s.state === 'success') ??
    steps.at(0) ??
    null
  )
}

/** Log lines in order, each once: what a connection that was lost had given may come again. */
export function appendLogs(shown: readonly LogLine[], more: readonly LogLine[]): LogLine[] {
  const last = BigInt(shown.at(-1)?.seq ?? -1)
  return [...shown, ...more.filter((line) => BigInt(line.seq) > last)]
}

export const log_levels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof log_levels)[number]

/** Lines at least as grave, with the text in message, step or fields, in any case of letters. A level that is not known is always shown. */
export function filterLogs(lines: readonly LogLine[], least: LogLevel, text: string): LogLine[] {
  const from = log_levels.indexOf(least)
  const wanted = text.trim().toLowerCase()
  return lines.filter((line) => {
    const rank = log_levels.findIndex((level) => level === line.level)
    return (rank === -1 || rank >= from) && `${line.step_id ?? ''} ${line.message} ${line.fields === null ? '' : writeJson(line.fields)}`.toLowerCase().includes(wanted)
  })
}

/** "Canceled by Grace", or that it was asked for; without a name, when nobody is known. */
export function cancelTitle(run: Pick<RunDetail, 'state' | 'cancel'>): string {
  const by = run.cancel?.by
  if (run.state === 'canceled') return by == null ? t('state.canceled') : t('run.canceled.by', { name: by })
  return by == null ? t('run.canceling') : t('run.canceling.by', { name: by })
}

/** How many stand before a run that may not begin yet; more than 1,000 are not counted. */
export function placeInLine(ahead: number): string {
  if (ahead >= 1_000) return t('run.held.ahead.most')
  return ahead === 0 ? t('run.held.next') : t(ahead === 1 ? 'run.held.ahead.one' : 'run.held.ahead', { n: ahead })
}

/** What a list says of a run beside its state: why it failed, ended early or does not begin; null: nothing. */
export function remark(run: Pick<Run, 'state' | 'error' | 'cancel' | 'held_at'>): { text: string; isFailure: boolean } | null {
  if (run.state === 'failed') return run.error === null ? null : { text: run.error.message, isFailure: true }
  if (run.held_at !== null) return { text: t(`run.held.${run.held_at}`), isFailure: false }
  const reason = run.state === 'canceled' ? run.cancel?.reason : null
  return reason ? { text: reason, isFailure: false } : null
}

/** What started the run. */
export function triggerKind(
  run: { trigger_id: string | null; rerun_of?: string | null; is_test?: boolean; cause?: Cause | null },
): 'webhook' | 'manual' | 'rerun' | 'test' | Cause {
  if (run.rerun_of != null) return 'rerun'
  if (run.is_test === true) return 'test'
  if (run.cause != null) return run.cause
  return run.trigger_id === null ? 'manual' : 'webhook'
}

/** What a step waits for, in the line of a list. */
export function waitLine({ kind, event, policy, child }: Wait): string {
  if (kind === 'event') return t('wait.row.event', { name: event?.name ?? '', key: event?.key ?? '' })
  if (kind === 'callback') return t('wait.row.callback')
  if (child !== null) return t('wait.row.child', { name: child.name })
  return policy === null || policy.need === 1 ? t('wait.row.approval.one') : t('wait.row.approval', { need: policy.need })
}

/** A text of a value that is an object; null where it is none, or the value is not for who looks. */
export function textIn(value: StepDetail['output'], member: 'title' | 'url'): string | null {
  const text = isRecord(value?.value) ? value.value[member] : null
  return typeof text === 'string' && text !== '' ? text : null
}
