import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { toProblem } from './api'
import type { Live, Variables } from './graphql/live'
import type { Operation } from './graphql/operation'
import type { Load } from './load'

export interface Subscription<T> {
  state: Readonly<Ref<Load<T>>>
  /** Begins anew: shows loading. */
  reload: () => void
}

/**
 * Follows a live query for as long as the scope lives. Other variables are another question: it shows loading. What was last known
 * stays while the connection is away. `read` turns an answer into what is shown, and may throw. Null variables follow nothing.
 */
export function useSubscription<T, V extends Variables, R>(
  live: Live, operation: Operation<T, V>, variables: () => V | null, read: (data: T) => R,
): Subscription<R> {
  const state = shallowRef<Load<R>>({ k: 'loading' })
  let stop: () => void = () => undefined

  function begin(): void {
    stop()
    stop = () => undefined
    state.value = { k: 'loading' }
    const first = variables()
    if (first === null) return
    stop = live.follow(operation, () => variables() ?? first, {
      next: (data) => {
        try {
          state.value = { k: 'ready', data: read(data) }
        } catch (error) {
          state.value = { k: 'failed', error: toProblem(error) }
        }
      },
      failed: (error) => {
        if (state.value.k !== 'ready') state.value = { k: 'failed', error }
      },
    })
  }
  // Compared as text: a new object with the same members is no new question.
  watch(() => JSON.stringify(variables()), begin, { immediate: true })
  onScopeDispose(() => stop())
  return { state, reload: begin }
}
