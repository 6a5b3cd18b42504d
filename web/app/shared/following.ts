import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { isAbort, toProblem } from './api'
import type { Load } from './load'

/**
 * Loads what belongs to `subject`, and again whenever `version` (anything that changes with it) does. Only another subject shows
 * loading; null shows nothing. Late answers are dropped.
 */
export function useFollowing<S extends string, T>(
  subject: Readonly<Ref<S | null>>, version: Readonly<Ref<string>>, fetcher: (subject: S, signal: AbortSignal) => Promise<T>,
): Readonly<Ref<Load<T> | null>> {
  const state = shallowRef<Load<T> | null>(null)
  let control = new AbortController()
  watch(
    [subject, version],
    async ([now], [before]) => {
      control.abort()
      const mine = (control = new AbortController())
      if (now === null) {
        state.value = null
        return
      }
      if (now !== before || state.value?.k !== 'ready') state.value = { k: 'loading' }
      try {
        const data = await fetcher(now, mine.signal)
        if (!mine.signal.aborted) state.value = { k: 'ready', data }
      } catch (error) {
        if (!mine.signal.aborted && !isAbort(error)) state.value = { k: 'failed', error: toProblem(error) }
      }
    },
    { immediate: true },
  )
  onScopeDispose(() => control.abort())
  return state
}
