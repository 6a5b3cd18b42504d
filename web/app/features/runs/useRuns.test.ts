import { effectScope, nextTick, ref, shallowRef } from 'vue'
import { describe, expect, it } from 'vitest'
import type { Ask } from '~/shared/graphql/client'
import { LatestRunsDocument, OlderRunsDocument, SomeRunsDocument } from '~/shared/graphql/generated'
import type { Follow, Live } from '~/shared/graphql/live'
import type { RunFilters } from './runs.logic'
import { useRuns } from './useRuns'

const id = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`
const row = (n: number, state: string) => ({
  id: id(n), workflow_id: id(999), workflow_version_id: id(998), trigger_id: null, rerun_of: null, cause: null, parent_run_id: null, parent_step_id: null, state, failure_kind: null, error: null,
  created_at: '2026-01-01T00:00:00Z', started_at: null, finished_at: null, workflow: { key: 'w', name: 'W' }, version: { number: 1 },
})
interface Conditions {
  state?: { _eq?: string }
  limit: number
  before?: string
  ids?: string[]
}
const settle = () => new Promise((done) => setTimeout(done))

/** A server with these runs: answers pages, and its live queries whenever `push` is called. */
function setup(from: number, to: number, stateOf: (n: number) => string = () => 'success') {
  const states = new Map(Array.from({ length: to - from + 1 }, (_, i) => [from + i, stateOf(from + i)]))
  const select = (c: Conditions) => [...states].sort((a, b) => b[0] - a[0])
    .filter(([n, state]) => (c.state?._eq === undefined || state === c.state._eq) && (c.before === undefined || id(n) < c.before) && (c.ids === undefined || c.ids.includes(id(n))))
    .slice(0, c.limit).map(([n, state]) => row(n, state))
  let hold: Promise<void> = Promise.resolve()
  const ask: Ask = async (operation, variables) => {
    expect(operation).toBe(OlderRunsDocument)
    const answer = operation.parse({ runs: select(variables as never) }, 'data')
    await hold
    return answer
  }
  const following = new Set<() => void>()
  const followed: { operation: unknown; ids: number[] }[] = []
  const follow: Follow = (operation, variables, sink) => {
    const given = variables() as never as Conditions
    followed.push({ operation, ids: (given.ids ?? []).map((x) => Number(x.slice(-12))) })
    const push = () => sink.next(operation.parse({ runs: select(given) }, 'data'))
    following.add(push)
    return () => following.delete(push)
  }
  const live: Live = { status: ref('live'), setVisible: () => undefined, follow }
  const filters = shallowRef<RunFilters>({ workflow: null, state: null })
  const scope = effectScope()
  const runs = scope.run(() => useRuns(ask, live, filters))!
  const shown = () => (runs.state.value.k === 'ready' ? runs.state.value.data.items.map((r) => [Number(r.id.slice(-12)), r.state]) : [])
  const push = () => [...following].forEach((p) => p())
  return { states, runs, filters, shown, push, scope, followed, following, holdUntil: (p: Promise<void>) => (hold = p) }
}

describe('useRuns', () => {
  it('shows a run that appears and finishes', () => {
    const s = setup(1, 1)
    expect(s.runs.state.value.k).toBe('loading')
    s.push()
    s.states.set(2, 'running')
    s.push()
    expect(s.shown()).toEqual([[2, 'running'], [1, 'success']])
    s.states.set(2, 'success')
    s.push()
    expect(s.shown()).toEqual([[2, 'success'], [1, 'success']])
    s.scope.stop()
    expect(s.following.size).toBe(0)
  })
  it('holds one page when no older one was asked for, however many runs come', () => {
    const s = setup(1, 60)
    s.push()
    for (let n = 61; n < 66; n++) s.states.set(n, 'running')
    s.push()
    expect(s.shown()).toHaveLength(50)
    for (let n = 66; n < 200; n++) s.states.set(n, 'running')
    s.push()
    expect(s.shown()).toHaveLength(50)
    expect(s.shown()[0]).toEqual([199, 'running'])
  })
  it('puts older pages below the one that changes, and loses nothing in between', async () => {
    const s = setup(1, 120)
    s.push()
    await s.runs.more()
    expect(s.shown()).toHaveLength(100)
    s.states.set(121, 'queued')
    s.push()
    expect(s.shown().map(([n]) => n)).toEqual(Array.from({ length: 101 }, (_, i) => 121 - i))
    await s.runs.more()
    expect(s.shown()).toHaveLength(121)
    expect(s.runs.state.value).toMatchObject({ data: { next: null } })
  })
  it('follows runs at work below the first page until they end', async () => {
    const s = setup(1, 120, (n) => (n === 40 || n === 60 ? 'running' : 'success'))
    s.push()
    await s.runs.more()
    await nextTick()
    expect(s.followed.at(-1)).toEqual({ operation: SomeRunsDocument, ids: [60, 40].filter((n) => n < 71 && n > 20) })
    s.states.set(60, 'failed')
    s.push()
    await nextTick()
    expect(s.shown().find(([n]) => n === 60)).toEqual([60, 'failed'])
    expect(s.followed.at(-1)?.ids).toEqual([40])
    s.states.set(40, 'success')
    s.push()
    await nextTick()
    expect(s.following.size).toBe(1)
  })
  it('drops a page for filters that changed meanwhile, and one that comes after the end', async () => {
    const s = setup(1, 120, (n) => (n % 2 ? 'failed' : 'success'))
    s.push()
    let release: () => void = () => undefined
    s.holdUntil(new Promise((done) => (release = done)))
    const late = s.runs.more()
    s.filters.value = { workflow: null, state: 'failed' }
    await nextTick()
    expect(s.runs.state.value.k).toBe('loading')
    expect(s.followed.at(-1)?.operation).toBe(LatestRunsDocument)
    s.push()
    release()
    await late
    await settle()
    expect(s.shown()).toHaveLength(50)
    expect(s.shown().every(([, state]) => state === 'failed')).toBe(true)
  })
})
