import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { toProblem, type Page, type Problem } from './api'
import { useLoad, type Loader } from './load'

export interface List<T> extends Loader<Page<T>> {
  more: () => Promise<void>
  moreBusy: Readonly<Ref<boolean>>
  moreError: Readonly<Ref<Problem | null>>
}

const typing_pause_ms = 250

/** A list in pages: the first at once, each further one on demand, appended. It starts over when typing of `search` pauses. */
export function useList<T extends { id: string }>(
  fetcher: (query: { after?: string | null }, signal?: AbortSignal) => Promise<Page<T>>, search?: Readonly<Ref<string>>,
): List<T> {
  const loader = useLoad((signal) => fetcher({}, signal))
  if (search !== undefined) whenStill(search, () => void loader.reload())
  const moreBusy = ref(false)
  const moreError = shallowRef<Problem | null>(null)

  async function more(): Promise<void> {
    const before = loader.state.value
    if (before.k !== 'ready' || before.data.next === null || moreBusy.value) return
    moreBusy.value = true
    moreError.value = null
    try {
      const page = await fetcher({ after: before.data.next })
      // Dropped when the list was loaded again meanwhile.
      if (loader.state.value === before) loader.set({ items: [...before.data.items, ...page.items], next: page.next })
    } catch (error) {
      moreError.value = toProblem(error)
    } finally {
      moreBusy.value = false
    }
  }
  return { ...loader, more, moreBusy, moreError }
}

function whenStill(text: Readonly<Ref<string>>, act: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(text, () => {
    clearTimeout(timer)
    timer = setTimeout(act, typing_pause_ms)
  })
  onScopeDispose(() => clearTimeout(timer))
}
