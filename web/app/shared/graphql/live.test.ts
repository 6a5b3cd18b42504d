import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError, type NetworkProblem } from '../api'
import { number, object } from '../api/parse'
import { createLive, type Socket, type SocketEvents, type Variables } from './live'
import { operation, type Operation } from './operation'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const Count: Operation<{ n: number }, Variables> = operation('subscription Count{n}', object({ n: number }))
const Log: Operation<{ n: number }, Variables> = operation('subscription Log{n_stream(cursor:1)}', object({ n: number }))
const problem: NetworkProblem = { kind: 'network', title: '', detail: 'away', field: null }

function setup() {
  const asked: string[] = []
  let answer: () => Promise<unknown> = () => Promise.reject(new ApiError(problem))
  const subscriptions: { variables: Variables; next: (n: unknown) => void; error: (reason: unknown) => void; complete: () => void; open: boolean }[] = []
  let events: SocketEvents | null = null
  const live = createLive(async (op) => {
    asked.push(op.text)
    return (await answer()) as never
  }, (given): Socket => {
    events = given
    return {
      subscribe: ({ variables }, sink) => {
        const s = { variables, next: (n: unknown) => sink.next({ data: { n } }), error: sink.error, complete: sink.complete, open: true }
        subscriptions.push(s)
        return () => {
          s.open = false
        }
      },
    }
  })
  const got: unknown[] = []
  let variable = 1
  const follow = (op = Count) => live.follow(op, () => ({ after: variable++ }), { next: (d) => got.push(d.n), failed: (p) => got.push(p.detail) })
  const lose = () => subscriptions.filter((s) => s.open).forEach((s) => ((s.open = false), s.error({ code: 1006 })))
  return { live, follow, got, subscriptions, asked, lose, events: events as unknown as SocketEvents, answerWith: (a: () => Promise<unknown>) => (answer = a) }
}

describe('live', () => {
  it('gives what comes, checked', () => {
    const s = setup()
    s.follow()
    s.events.connecting()
    expect(s.live.status.value).toBe('connecting')
    s.events.connected()
    expect(s.live.status.value).toBe('live')
    s.subscriptions[0]!.next(1)
    s.subscriptions[0]!.next('x')
    expect(s.got[0]).toBe(1)
    expect(s.got[1]).toContain('data.n')
    expect(s.subscriptions[0]!.open).toBe(false)
  })
  it('begins again with growing pauses and new variables, asking over HTTP meanwhile', async () => {
    const s = setup()
    s.follow()
    s.events.connected()
    s.subscriptions[0]!.next(1)
    s.answerWith(async () => ({ n: 2 }))
    s.lose()
    expect(s.live.status.value).toBe('lost')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(s.subscriptions.map((x) => x.variables)).toEqual([{ after: 1 }, { after: 2 }])
    expect(s.asked).toEqual(['query Count{n}'])
    expect(s.got).toEqual([1, 2])
    s.lose()
    await vi.advanceTimersByTimeAsync(1_900)
    expect(s.subscriptions).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(200)
    expect(s.subscriptions).toHaveLength(3)
    s.events.connected()
    expect(s.live.status.value).toBe('live')
  })
  it('takes the answer over HTTP though the socket has failed again meanwhile, unless nobody follows any more', async () => {
    const s = setup()
    const stop = s.follow()
    const releases: ((v: unknown) => void)[] = []
    s.answerWith(() => new Promise((done) => releases.push(done)))
    s.lose()
    await vi.advanceTimersByTimeAsync(1_000)
    s.lose()
    releases[0]!({ n: 4 })
    await vi.advanceTimersByTimeAsync(0)
    expect(s.got).toEqual([4])
    await vi.advanceTimersByTimeAsync(2_000)
    stop()
    releases[1]!({ n: 5 })
    await vi.advanceTimersByTimeAsync(0)
    expect(s.got).toEqual([4])
  })
  it('drops an answer over HTTP that the socket has overtaken', async () => {
    const s = setup()
    s.follow()
    let release: (v: unknown) => void = () => undefined
    s.answerWith(() => new Promise((done) => (release = done)))
    s.lose()
    await vi.advanceTimersByTimeAsync(1_000)
    s.subscriptions[1]!.next(5)
    release({ n: 4 })
    await vi.advanceTimersByTimeAsync(0)
    expect(s.got).toEqual([5])
  })
  it('does not ask a stream over HTTP', async () => {
    const s = setup()
    s.follow(Log)
    s.lose()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(s.subscriptions).toHaveLength(2)
    expect(s.asked).toEqual([])
  })
  it('gives up on a refusal, and tries again what will pass', async () => {
    const s = setup()
    s.follow()
    s.subscriptions[0]!.error([{ message: 'no field', extensions: { code: 'validation-failed' } }])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(s.subscriptions).toHaveLength(1)
    s.follow()
    s.subscriptions[1]!.error([{ message: 'starting', extensions: { code: 'start-failed' } }])
    s.answerWith(async () => ({ n: 1 }))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(s.subscriptions).toHaveLength(3)
    expect(s.got).toEqual(['no field', 'starting', 1])
  })
  it('gives the socket back while hidden, and begins anew when shown', async () => {
    const s = setup()
    const stop = s.follow()
    s.events.connected()
    s.live.setVisible(false)
    expect(s.subscriptions[0]!.open).toBe(false)
    expect(s.live.status.value).toBe('off')
    s.subscriptions[0]!.complete()
    s.live.setVisible(true)
    expect(s.subscriptions[1]!.open).toBe(true)
    stop()
    expect(s.subscriptions[1]!.open).toBe(false)
    s.events.closed()
    expect(s.live.status.value).toBe('off')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(s.subscriptions).toHaveLength(2)
  })
  it('starts nothing while hidden, and hears nothing after its end', async () => {
    const s = setup()
    s.live.setVisible(false)
    const stop = s.follow()
    expect(s.subscriptions).toHaveLength(0)
    s.live.setVisible(true)
    stop()
    s.subscriptions[0]!.next(9)
    s.subscriptions[0]!.error({ code: 1006 })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(s.got).toEqual([])
    expect(s.subscriptions).toHaveLength(1)
  })
})
