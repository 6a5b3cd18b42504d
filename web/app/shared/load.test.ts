import { effectScope, nextTick, ref } from 'vue'
import { describe, expect, it, vi } from 'vitest'
import { useAction } from './action'
import { ApiError } from './api'
import { useList } from './list'
import { useLoad } from './load'

function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((a, b) => ([resolve, reject] = [a, b]))
  return { promise, resolve, reject }
}
const tick = () => new Promise((r) => setTimeout(r))
const offline = new ApiError({ kind: 'network', title: '', detail: 'gone', field: null })

describe('useLoad', () => {
  it('drops an answer that comes after a newer one', async () => {
    const answers = [deferred<string>(), deferred<string>()]
    let n = 0
    const scope = effectScope()
    const loader = scope.run(() => useLoad(() => answers[n++]!.promise))!
    void loader.reload()
    answers[1]!.resolve('new')
    await tick()
    answers[0]!.resolve('old')
    await tick()
    expect(loader.state.value).toEqual({ k: 'ready', data: 'new' })
    scope.stop()
  })
  it('drops an answer that comes after the scope ended', async () => {
    const answer = deferred<string>()
    const scope = effectScope()
    const loader = scope.run(() => useLoad(() => answer.promise))!
    scope.stop()
    answer.resolve('late')
    await tick()
    expect(loader.state.value.k).toBe('loading')
  })
  it('keeps what is shown when a refresh fails, and shows the failure of a first load', async () => {
    let fail = false
    const scope = effectScope()
    const loader = scope.run(() => useLoad(async () => (fail ? Promise.reject(offline) : 'data')))!
    await tick()
    fail = true
    await loader.refresh()
    expect(loader.state.value).toEqual({ k: 'ready', data: 'data' })
    await loader.reload()
    expect(loader.state.value).toMatchObject({ k: 'failed', error: { detail: 'gone' } })
    scope.stop()
  })
})

describe('useList', () => {
  it('appends pages until there is no next', async () => {
    const scope = effectScope()
    const list = scope.run(() => useList(async ({ after }) => (after ? { items: [{ id: 'b' }], next: null } : { items: [{ id: 'a' }], next: 'c1' })))!
    await tick()
    await list.more()
    expect(list.state.value).toEqual({ k: 'ready', data: { items: [{ id: 'a' }, { id: 'b' }], next: null } })
    await list.more()
    expect(list.state.value).toMatchObject({ data: { items: [{ id: 'a' }, { id: 'b' }] } })
    scope.stop()
  })
  it('starts over once typing pauses, not at every letter', async () => {
    vi.useFakeTimers()
    const scope = effectScope()
    try {
      const asked: string[] = []
      const text = ref('')
      scope.run(() => useList(async () => {
        asked.push(text.value)
        return { items: [], next: null }
      }, text))
      for (const typed of ['o', 'or', 'ord']) {
        text.value = typed
        await nextTick()
        await vi.advanceTimersByTimeAsync(100)
      }
      expect(asked).toEqual([''])
      await vi.advanceTimersByTimeAsync(250)
      expect(asked).toEqual(['', 'ord'])
    } finally {
      scope.stop()
      vi.useRealTimers()
    }
  })
})

describe('useAction', () => {
  it('keeps its key after a lost connection and takes a new one after an answer', async () => {
    const keys: string[] = []
    let failWith: unknown = offline
    const action = useAction(async (key) => {
      keys.push(key)
      if (failWith !== null) throw failWith
    })
    expect(await action.run()).toBe(false)
    expect(action.error.value?.detail).toBe('gone')
    failWith = null
    expect(await action.run()).toBe(true)
    await action.run()
    expect(keys[0]).toBe(keys[1])
    expect(keys[2]).not.toBe(keys[1])
  })
  it('does not run twice at once', async () => {
    const gate = deferred<undefined>()
    let runs = 0
    const action = useAction(async () => {
      runs++
      await gate.promise
    })
    const first = action.run()
    expect(await action.run()).toBe(false)
    gate.resolve(undefined)
    expect(await first).toBe(true)
    expect(runs).toBe(1)
  })
})
