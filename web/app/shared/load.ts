import { onScopeDispose, shallowRef, type Ref } from 'vue'
import { isAbort, toProblem, type Problem } from './api'

/** Asynchronous state is one of three things, never three booleans. */
export type Load<T> = { k: 'loading' } | { k: 'ready'; data: T } | { k: 'failed'; error: Problem }

export interface Loader<T> {
  state: Readonly<Ref<Load<T>>>
  /** Starts over: shows loading. */
  reload: () => Promise<void>
  /** Fetches again behind what is shown; a failure leaves it standing. */
  refresh: () => Promise<void>
  /** Replaces what is shown, and drops an answer that is under way. */
  set: (data: T) => void
}

/** Loads with `fetcher` at once. Answers that come late (after a newer request, or after the scope ended) are dropped. */
export function useLoad<T>(fetcher: (signal: AbortSignal) => Promise<T>): Loader<T> {
  const state = shallowRef<Load<T>>({ k: 'loading' })
  let seq = 0
  let control = new AbortController()

  async function start(quiet: boolean): Promise<void> {
    const mine = ++seq
    control.abort()
    control = new AbortController()
    if (!quiet) state.value = { k: 'loading' }
    try {
      const data = await fetcher(control.signal)
      if (mine === seq) state.value = { k: 'ready', data }
    } catch (error) {
      if (mine !== seq || isAbort(error)) return
      if (quiet && state.value.k === 'ready') return
      state.value = { k: 'failed', error: toProblem(error) }
    }
  }
  function set(data: T): void {
    seq++
    state.value = { k: 'ready', data }
  }
  onScopeDispose(() => {
    seq++
    control.abort()
  })
  void start(false)
  return { state, reload: () => start(false), refresh: () => start(true), set }
}
