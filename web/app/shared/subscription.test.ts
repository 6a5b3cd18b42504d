import { effectScope, nextTick, ref } from 'vue'
import { describe, expect, it } from 'vitest'
import { missing, type Problem } from './api'
import { number, object } from './api/parse'
import type { Follow, Live, Sink, Variables } from './graphql/live'
import { operation, type Operation } from './graphql/operation'
import { useSubscription } from './subscription'

const Count: Operation<{ n: number }, Variables> = operation('subscription Count{n}', object({ n: number }))
const away: Problem = { kind: 'network', title: '', detail: 'away', field: null }

function setup() {
  const followed: { variables: Variables; sink: Sink<{ n: number }>; open: boolean }[] = []
  const follow: Follow = (_operation, variables, sink) => {
    const entry = { variables: variables(), sink: sink as never, open: true }
    followed.push(entry)
    return () => void (entry.open = false)
  }
  const live: Live = { status: ref('live'), setVisible: () => undefined, follow }
  const of = ref<number | null>(1)
  const scope = effectScope()
  const sub = scope.run(() =>
    useSubscription(live, Count, () => (of.value === null ? null : { of: of.value }), ({ n }) => {
      if (n < 0) throw missing()
      return n * 2
    }),
  )!
  return { followed, of, scope, sub }
}

describe('useSubscription', () => {
  it('shows each answer as it is read', () => {
    const s = setup()
    expect(s.sub.state.value).toEqual({ k: 'loading' })
    s.followed[0]!.sink.next({ n: 2 })
    expect(s.sub.state.value).toEqual({ k: 'ready', data: 4 })
    s.followed[0]!.sink.next({ n: -1 })
    expect(s.sub.state.value).toMatchObject({ k: 'failed', error: { reason: 'missing' } })
  })
  it('keeps what is known while the connection is away, and shows the failure when nothing is', () => {
    const s = setup()
    s.followed[0]!.sink.failed(away)
    expect(s.sub.state.value).toMatchObject({ k: 'failed' })
    s.followed[0]!.sink.next({ n: 1 })
    s.followed[0]!.sink.failed(away)
    expect(s.sub.state.value).toEqual({ k: 'ready', data: 2 })
  })
  it('asks anew for other variables only, and for none follows nothing', async () => {
    const s = setup()
    s.followed[0]!.sink.next({ n: 1 })
    s.of.value = 2
    await nextTick()
    expect(s.followed.map((f) => [f.variables, f.open])).toEqual([[{ of: 1 }, false], [{ of: 2 }, true]])
    expect(s.sub.state.value.k).toBe('loading')
    s.of.value = null
    await nextTick()
    expect(s.followed.map((f) => f.open)).toEqual([false, false])
    s.sub.reload()
    expect(s.followed).toHaveLength(2)
  })
  it('ends with its scope', () => {
    const s = setup()
    s.scope.stop()
    expect(s.followed[0]!.open).toBe(false)
  })
})
