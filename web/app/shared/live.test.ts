import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { coalesce } from './coalesce'
import { createLive, type LiveMessage, type Source } from './live'

class FakeSource implements Source {
  readonly listeners = new Map<string, (event: { data?: unknown }) => void>()
  closed = false
  addEventListener(name: string, listener: (event: { data?: unknown }) => void) {
    this.listeners.set(name, listener)
  }
  close() {
    this.closed = true
  }
  emit(name: string, data?: unknown) {
    this.listeners.get(name)?.({ data })
  }
}
const id = '01890000-0000-7000-8000-000000000001'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setup() {
  const sources: FakeSource[] = []
  const live = createLive(() => {
    const source = new FakeSource()
    sources.push(source)
    return source
  })
  const got: LiveMessage[] = []
  const stop = live.subscribe((m) => got.push(m))
  return { sources, live, got, stop }
}

describe('live', () => {
  it('delivers runs, and ignores what it cannot read', () => {
    const { sources, live, got } = setup()
    sources[0]!.emit('hello')
    expect(live.status.value).toBe('live')
    sources[0]!.emit('run', JSON.stringify({ id, state: 'success', workflow_id: null }))
    sources[0]!.emit('run', '{"id":"nonsense"}')
    sources[0]!.emit('run', 'not json')
    expect(got).toEqual([{ k: 'run', run: { id, state: 'success', workflow_id: null } }])
  })
  it('reconnects with growing pauses and then asks for a resync', () => {
    const { sources, live, got } = setup()
    sources[0]!.emit('hello')
    sources[0]!.emit('error')
    expect(live.status.value).toBe('lost')
    expect(sources[0]!.closed).toBe(true)
    vi.advanceTimersByTime(1_000)
    sources[1]!.emit('error')
    vi.advanceTimersByTime(1_000)
    expect(sources).toHaveLength(2)
    vi.advanceTimersByTime(1_000)
    sources[2]!.emit('hello')
    expect(live.status.value).toBe('live')
    expect(got).toEqual([{ k: 'resync' }])
  })
  it('gives the connection back while hidden and without listeners', () => {
    const { sources, live, stop } = setup()
    live.setVisible(false)
    expect(sources[0]!.closed).toBe(true)
    live.setVisible(true)
    expect(sources).toHaveLength(2)
    stop()
    vi.advanceTimersByTime(2_000)
    expect(sources[1]!.closed).toBe(true)
    expect(live.status.value).toBe('off')
  })
  it('stays connected from one view to the next', () => {
    const { sources, live, stop } = setup()
    stop()
    live.subscribe(() => undefined)
    vi.advanceTimersByTime(5_000)
    expect(sources).toHaveLength(1)
    expect(sources[0]!.closed).toBe(false)
  })
})

describe('coalesce', () => {
  it('turns a burst into a run now and one after, never two at once', async () => {
    let active = 0
    let most = 0
    let runs = 0
    const renew = coalesce(async () => {
      runs++
      most = Math.max(most, ++active)
      await new Promise((r) => setTimeout(r, 50))
      active--
    }, 100)
    for (let i = 0; i < 1_000; i++) renew.request()
    await vi.advanceTimersByTimeAsync(1_000)
    expect({ runs, most }).toEqual({ runs: 2, most: 1 })
  })
  it('goes on after a failure, and ends when stopped', async () => {
    let runs = 0
    const renew = coalesce(async () => {
      runs++
      throw new Error('x')
    }, 10)
    renew.request()
    await vi.advanceTimersByTimeAsync(50)
    renew.request()
    await vi.advanceTimersByTimeAsync(50)
    expect(runs).toBe(2)
    renew.stop()
    renew.request()
    await vi.advanceTimersByTimeAsync(50)
    expect(runs).toBe(2)
  })
})
