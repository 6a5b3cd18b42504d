import { effectScope } from 'vue'
import { describe, expect, it } from 'vitest'
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
const offline = new ApiError({ kind: 'network', status: 0, title: '', detail: 'gone', field: null, requestId: null, more: {} })

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
