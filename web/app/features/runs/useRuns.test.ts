import { effectScope, nextTick, ref, shallowRef } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApi, type Http } from '~/shared/api'
import type { Live, LiveMessage } from '~/shared/live'
import type { RunFilters } from './runs.logic'
import { useRuns } from './useRuns'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const id = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`
const workflow_id = id(999)
const row = (n: number, state: string) => ({ id: id(n), workflow_id, state, created_at: '2026-01-01T00:00:00Z' })

function setup(first: Record<number, string>) {
  const rows = new Map(Object.entries(first).map(([n, state]) => [Number(n), state]))
  const calls: string[] = []
  let hold: Promise<void> = Promise.resolve()
  const http: Http = {
    get: async (path, query) => {
      calls.push(path)
      const wait = hold
      const answer = path === '/runs'
        ? { items: [...rows].filter(([, s]) => !query?.state || s === query.state).sort((a, b) => b[0] - a[0]).map(([n, s]) => row(n, s)), next: null }
        : row(Number(path.slice(-12)), rows.get(Number(path.slice(-12))) ?? 'queued')
      await wait
      return answer
    },
    send: () => Promise.reject(new Error('not here')),
  }
  let handler: (message: LiveMessage) => void = () => undefined
  const live: Live = { status: ref('live'), setVisible: () => undefined, subscribe: (h) => ((handler = h), () => undefined) }
  const filters = shallowRef<RunFilters>({ workflow: null, state: null })
  const scope = effectScope()
  const runs = scope.run(() => useRuns(createApi(http), live, filters))!
  const emit = (n: number) => handler({ k: 'run', run: { id: id(n) as never, state: 'running', workflow_id: null } })
  const shown = () => (runs.state.value.k === 'ready' ? runs.state.value.data.items.map((r) => [Number(r.id.slice(-12)), r.state]) : runs.state.value.k)
  return { rows, calls, emit, resync: () => handler({ k: 'resync' }), filters, shown, scope, holdUntil: (p: Promise<void>) => (hold = p) }
}

describe('useRuns', () => {
  it('shows a run that appears and finishes, fetching only that run', async () => {
    const s = setup({ 1: 'success' })
    await vi.advanceTimersByTimeAsync(0)
    s.rows.set(2, 'running')
    s.emit(2)
    await vi.advanceTimersByTimeAsync(10)
    expect(s.shown()).toEqual([[2, 'running'], [1, 'success']])
    s.rows.set(2, 'success')
    s.emit(2)
    await vi.advanceTimersByTimeAsync(500)
    expect(s.shown()).toEqual([[2, 'success'], [1, 'success']])
    expect(s.calls.filter((c) => c === '/runs')).toHaveLength(1)
  })
  it('answers a flood of events with few fetches of the first page', async () => {
    const s = setup({ 1: 'success' })
    await vi.advanceTimersByTimeAsync(0)
    for (let n = 2; n < 502; n++) {
      s.rows.set(n, 'running')
      s.emit(n)
    }
    await vi.advanceTimersByTimeAsync(2_000)
    expect(s.calls.length).toBeLessThanOrEqual(3)
    expect(s.shown()).toHaveLength(501)
  })
  it('fetches again after the stream was lost', async () => {
    const s = setup({ 1: 'running' })
    await vi.advanceTimersByTimeAsync(0)
    s.rows.set(1, 'failed')
    s.resync()
    await vi.advanceTimersByTimeAsync(300)
    expect(s.shown()).toEqual([[1, 'failed']])
  })
  it('drops an answer for filters that changed meanwhile', async () => {
    const s = setup({ 1: 'success', 2: 'failed' })
    await vi.advanceTimersByTimeAsync(0)
    let release: () => void = () => undefined
    s.holdUntil(new Promise((r) => (release = r)))
    s.resync()
    await nextTick()
    s.holdUntil(Promise.resolve())
    s.filters.value = { workflow: null, state: 'failed' }
    await vi.advanceTimersByTimeAsync(0)
    release()
    await vi.advanceTimersByTimeAsync(500)
    expect(s.shown()).toEqual([[2, 'failed']])
  })
})
