import { ref, shallowRef, type Ref } from 'vue'
import { idempotencyKey, toProblem, type Problem } from './api'

export interface UserAction<A extends unknown[]> {
  busy: Readonly<Ref<boolean>>
  error: Readonly<Ref<Problem | null>>
  /** Runs it, unless it is running already. True when it succeeded. */
  run: (...args: A) => Promise<boolean>
  clear: () => void
}

/**
 * Something a person does that changes the server: one at a time, its failure kept to be shown. The idempotency key
 * stays the same until an answer came, so that trying again after a lost connection does not do it twice.
 */
export function useAction<A extends unknown[]>(perform: (key: string, ...args: A) => Promise<void>): UserAction<A> {
  const busy = ref(false)
  const error = shallowRef<Problem | null>(null)
  let key = idempotencyKey()

  async function run(...args: A): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    error.value = null
    try {
      await perform(key, ...args)
      key = idempotencyKey()
      return true
    } catch (thrown) {
      error.value = toProblem(thrown)
      if (error.value.kind !== 'network') key = idempotencyKey()
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, error, run, clear: () => (error.value = null) }
}
