import { describe, expect, it } from 'vitest'
import type { Json, Page } from '~/shared/api'
import { SomeRunsDocument } from '~/shared/graphql/generated'
import type { RunId } from '~/shared/ids'
import { toRun, toStep, type Run, type Step } from './runs.data'
import {
  appendLogs, appendPage, conditions, filterLogs, filtersFromQuery, matches, mergeFirstPage, mergeRuns, placeInLine, queryFromFilters, remark, sortSteps, stepOfInterest, timelineBars, textIn, triggerKind, unfinishedBelow, waitLine,
} from './runs.logic'

const all = { workflow: null, state: null }
const workflow = '01890000-0000-7000-8000-0000000000aa'
function make(n: number, state = 'running', more: object = {}): Run {
  const row = {
    id: `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`, workflow_id: workflow, workflow_version_id: workflow, trigger_id: null, rerun_of: null, cause: null, parent_run_id: null, parent_step_id: null, state,
    failure_kind: null, error: null, created_at: '2026-01-01T00:00:00Z', started_at: null, finished_at: null, canceled_by_name: null, cancel_reason: null,
    workflow: null, version: null, job: null, ...more,
  }
  return toRun(SomeRunsDocument.parse({ runs: [row] }, 'data').runs[0]!)
}
const step = (more: { step_id: string; state: string; position?: number; started_at?: string; finished_at?: string }): Step =>
  toStep({ iteration: '0', position: 0, attempt: 0, failure_kind: null, error: null, started_at: null, finished_at: null, source: null, ...more })
const list = (ns: number[], next: string | null = null): Page<Run> => ({ items: ns.map((n) => make(n)), next })
const ids = (page: Page<Run>) => page.items.map((r) => Number(r.id.slice(-12)))

describe('filters', () => {
  it('read and write the URL, and count nonsense as none', () => {
    const filters = filtersFromQuery({ workflow, state: 'failed' })
    expect(filters).toEqual({ workflow, state: 'failed' })
    expect(queryFromFilters(filters)).toEqual({ workflow, state: 'failed' })
    expect(filtersFromQuery({ workflow: 'x', state: 'exploded' })).toEqual(all)
    expect(queryFromFilters(all)).toEqual({})
    expect(conditions(filters)).toEqual({ workflow: { _eq: workflow }, state: { _eq: 'failed' } })
    expect(conditions(all)).toEqual({ workflow: {}, state: {} })
  })
})

describe('mergeRuns', () => {
  it('renews a row and puts a new one in its place', () => {
    const merged = mergeRuns(list([5, 3]), [make(3, 'success'), make(6), make(4)], all)
    expect(ids(merged)).toEqual([6, 5, 4, 3])
    expect(merged.items[3]?.state).toBe('success')
  })
  it('never takes back a final state', () => {
    const shown = { items: [make(3, 'success')], next: null }
    expect(mergeRuns(shown, [make(3, 'running')], all).items[0]?.state).toBe('success')
  })
  it('lets rows go that no longer match', () => {
    expect(ids(mergeRuns(list([5, 3]), [make(5, 'success')], { workflow: null, state: 'running' }))).toEqual([3])
    expect(matches(make(1), { workflow: null, state: 'failed' })).toBe(false)
  })
  it('leaves runs beyond the end to a later page', () => {
    expect(ids(mergeRuns(list([5, 3], 'cursor'), [make(2)], all))).toEqual([5, 3])
    expect(ids(mergeRuns(list([5, 3]), [make(2)], all))).toEqual([5, 3, 2])
  })
})

describe('mergeFirstPage', () => {
  it('keeps older rows when the page touches the list', () => {
    const merged = mergeFirstPage(list([5, 4, 3, 2], 'old'), { items: [make(6), make(5), make(4)], next: 'new' }, all)
    expect(ids(merged)).toEqual([6, 5, 4, 3, 2])
    expect(merged.next).toBe('old')
  })
  it('drops a row of the span that the page no longer holds', () => {
    expect(ids(mergeFirstPage(list([5, 4, 3], 'old'), { items: [make(5), make(3)], next: 'new' }, all))).toEqual([5, 3])
  })
  it('replaces the list when there would be a gap, or when the page is everything', () => {
    expect(ids(mergeFirstPage(list([3, 2], 'old'), { items: [make(9), make(8)], next: 'new' }, all))).toEqual([9, 8])
    expect(ids(mergeFirstPage(list([3, 2]), { items: [make(9)], next: null }, all))).toEqual([9])
  })
})

describe('unfinishedBelow', () => {
  it('names the runs at work that the first page does not hold', () => {
    const whole = { items: [make(5), make(4), make(3, 'success'), make(2)], next: null }
    const first = { items: [make(5), make(4)], next: 'x' }
    expect(unfinishedBelow({ k: 'ready', data: whole }, { k: 'ready', data: first })).toEqual([make(2).id])
    expect(unfinishedBelow({ k: 'loading' }, { k: 'ready', data: first })).toEqual([])
  })
})

describe('paging', () => {
  it('appends a page and shows a row once', () => {
    const merged = appendPage(list([5, 4], 'a'), list([4, 3], null))
    expect(ids(merged)).toEqual([5, 4, 3])
    expect(merged.next).toBeNull()
  })
})

describe('steps', () => {
  const t0 = Date.parse('2026-01-01T00:00:00Z')
  const at = (ms: number) => new Date(t0 + ms).toISOString()
  const a = step({ step_id: 'a', position: 0, state: 'success', started_at: at(0), finished_at: at(50) })
  const b = step({ step_id: 'b', position: 1, state: 'running', started_at: at(50) })
  const c = step({ step_id: 'c', position: 2, state: 'queued' })
  it('lay bars over the span of the run', () => {
    const run = { created_at: at(0), started_at: at(0), finished_at: null }
    expect(timelineBars(run, [a, b, c], t0 + 100)).toEqual([{ start: 0, width: 50 }, { start: 50, width: 50 }, null])
  })
  it('leave what another run has done out of the span', () => {
    const run = { created_at: at(1000), started_at: at(1000), finished_at: at(1100) }
    const own = step({ step_id: 'b', position: 1, state: 'success', started_at: at(1000), finished_at: at(1100) })
    expect(timelineBars(run, [{ ...a, source: 'rerun' }, own], 0)).toEqual([null, { start: 0, width: 100 }])
  })
  it('keep every bar inside and visible', () => {
    const run = { created_at: at(0), started_at: at(0), finished_at: at(100) }
    const late = step({ step_id: 'z', state: 'success', started_at: at(100), finished_at: at(100) })
    for (const bar of timelineBars(run, [late], t0)) expect((bar?.start ?? 0) + (bar?.width ?? 0)).toBeLessThanOrEqual(100)
    expect(timelineBars(run, [late], t0)[0]?.width).toBeGreaterThanOrEqual(1)
  })
  it('choose what a person wants to see', () => {
    expect(stepOfInterest([a, b, c])?.step_id).toBe('b')
    expect(stepOfInterest([a, { ...b, state: 'failed' }])?.step_id).toBe('b')
    expect(stepOfInterest([a, c])?.step_id).toBe('a')
    const tidy = step({ step_id: 'tidy', position: 3, state: 'success' })
    const isTidy = (s: Step) => s.step_id === 'tidy'
    expect(stepOfInterest([a, tidy], isTidy)?.step_id).toBe('a')
    expect(stepOfInterest([a, { ...tidy, state: 'failed' }], isTidy)?.step_id).toBe('tidy')
    expect(stepOfInterest([c, tidy], isTidy)?.step_id).toBe('tidy')
    expect(stepOfInterest([])).toBeNull()
    expect(sortSteps([c, a, b]).map((s) => s.step_id)).toEqual(['a', 'b', 'c'])
  })
})

describe('logs and triggers', () => {
  it('adds only new lines', () => {
    const line = (seq: number) => ({ seq: String(seq), logged_at: '', level: 'info', step_id: null, iteration: '0', message: '', fields: null })
    expect(appendLogs([line(1), line(2)], [line(2), line(3)]).map((l) => l.seq)).toEqual(['1', '2', '3'])
  })
  it('keep the order of numbers beyond what JavaScript counts', () => {
    const line = (seq: string) => ({ seq, logged_at: '', level: 'info', step_id: null, iteration: '0', message: '', fields: null })
    const [a, b] = ['9007199254740992', '9007199254740993'].map(line)
    expect(appendLogs([a!], [a!, b!]).map((l) => l.seq)).toEqual([a!.seq, b!.seq])
  })
  it('tells what started a run', () => {
    expect(triggerKind({ trigger_id: 'x' })).toBe('webhook')
    expect(triggerKind({ trigger_id: null })).toBe('manual')
    expect(triggerKind({ trigger_id: 'x', rerun_of: 'y' })).toBe('rerun')
    expect(triggerKind({ trigger_id: 'x', cause: 'follower' })).toBe('follower')
  })
})

describe('what a list says beside the state', () => {
  const job = { state: 'held', stage: 'concurrency', cancel_requested_at: null, canceled_by_name: null, cancel_reason: null }
  it('is which rule keeps a run from beginning, until it may', () => {
    expect(remark(make(1, 'queued', { job }))).toEqual({ text: 'Waits for runs before it to end (concurrency)', isFailure: false })
    expect(remark(make(1, 'queued', { job: { ...job, state: 'ready' } }))).toBeNull()
    expect(() => make(1, 'queued', { job: { ...job, stage: 'miracle' } })).toThrow('job.stage')
  })
  it('is why it was turned away, or failed', () => {
    expect(remark(make(1, 'canceled', { cancel_reason: 'Debounced: a newer event took its place' }))).toEqual({ text: 'Debounced: a newer event took its place', isFailure: false })
    expect(remark(make(1, 'failed', { error: { message: 'no' } }))).toEqual({ text: 'no', isFailure: true })
    expect([make(1, 'canceled'), make(1, 'success'), make(1, 'running')].map(remark)).toEqual([null, null, null])
  })
  it('counts who stands before it', () => {
    expect([0, 1, 7, 1_000].map(placeInLine)).toEqual(['It is next.', 'One run stands before it.', '7 runs stand before it.', '1,000 runs or more stand before it.'])
  })
})

describe('what a list says of a wait', () => {
  const wait = { kind: 'approval' as const, until: '', event: null, child: null }
  it('names the event, and how many have to approve', () => {
    expect(waitLine({ ...wait, policy: { approvers: [], need: 1, veto: false } })).toBe('for an approval')
    expect(waitLine({ ...wait, policy: { approvers: [], need: 2, veto: false } })).toBe('for 2 approvals')
    expect(waitLine({ kind: 'event', until: '', event: { name: 'invoice.paid', key: '4711' }, policy: null, child: null })).toBe('for invoice.paid · 4711')
    expect(waitLine({ kind: 'callback', until: '', event: null, policy: null, child: null })).toBe('until its address is called')
    expect(waitLine({ ...wait, kind: 'child', policy: null, child: { id: '01890000-0000-7000-8000-000000000001' as RunId, name: 'Invoices' } })).toBe('for Invoices')
  })
  it('has an address only where the value has one', () => {
    expect(textIn({ value: { url: 'https://weft.example/callbacks/x' } }, 'url')).toBe('https://weft.example/callbacks/x')
    expect([null, { value: null }, { value: 'x' }, { value: { until: 'x' } }, { value: { url: '' } }, { value: { url: 7 } }].map((v) => textIn(v, 'url'))).toEqual([null, null, null, null, null, null])
  })
})

describe('log lines that are looked for', () => {
  const line = (level: string, message: string, step: string | null = null, fields: Json = null) => ({ seq: '1', logged_at: '', level, step_id: step, iteration: '0', message, fields })
  const lines = [line('debug', 'a'), line('info', 'Order 7', 'order'), line('error', 'no order'), line('fatal', 'b')]
  it('are at least as grave, and of a level that is new as well', () => {
    expect(filterLogs(lines, 'warn', '').map((l) => l.level)).toEqual(['error', 'fatal'])
    expect(filterLogs(lines, 'debug', '')).toHaveLength(4)
  })
  it('have the text in message or step, in any case of letters', () => {
    expect(filterLogs(lines, 'debug', ' ORDER ').map((l) => l.message)).toEqual(['Order 7', 'no order'])
    expect(filterLogs(lines, 'error', 'order 7')).toEqual([])
  })
  it('have the text in their fields', () => {
    const paid = line('info', 'paid', null, { by: 'Ada' })
    expect(filterLogs([...lines, paid], 'debug', '"ADA"')).toEqual([paid])
  })
})
