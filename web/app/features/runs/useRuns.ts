import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { toProblem, type Page, type Problem } from '~/shared/api'
import type { Ask } from '~/shared/graphql/client'
import { LatestRunsDocument, OlderRunsDocument, SomeRunsDocument } from '~/shared/graphql/generated'
import type { Live } from '~/shared/graphql/live'
import type { Load } from '~/shared/load'
import { page_size, pageOf } from '~/shared/rows'
import { useSubscription } from '~/shared/subscription'
import { toRun, type Run } from './runs.data'
import { appendPage, conditions, mergeFirstPage, mergeRuns, unfinishedBelow, type RunFilters } from './runs.logic'

export interface Runs {
  state: Readonly<Ref<Load<Page<Run>>>>
  reload: () => void
  more: () => Promise<void>
  moreBusy: Readonly<Ref<boolean>>
  moreError: Readonly<Ref<Problem | null>>
}

/** The list of runs under `filters`. The first page follows the data; older pages are read once, but for their runs at work. */
export function useRuns(ask: Ask, live: Live, filters: Readonly<Ref<RunFilters>>): Runs {
  const state = shallowRef<Load<Page<Run>>>({ k: 'loading' })
  const moreBusy = ref(false)
  const moreError = shallowRef<Problem | null>(null)
  let seq = 0
  let extended = false

  const first = useSubscription(live, LatestRunsDocument, () => ({ ...conditions(filters.value), limit: page_size + 1 }), (data) => pageOf(data.runs.map(toRun)))
  const below = computed(() => unfinishedBelow(state.value, first.state.value))
  const rest = useSubscription(live, SomeRunsDocument, () => (below.value.length === 0 ? null : { ids: below.value, limit: below.value.length }), (data) => data.runs.map(toRun))

  function restart(): void {
    seq++
    extended = false
    moreError.value = null
  }
  watch(first.state, (now) => {
    if (now.k !== 'ready') restart()
    // Without older pages the first one is all there is; with them, what it pushes down stays.
    const shown = state.value.k === 'ready' && extended ? state.value.data : null
    state.value = now.k === 'ready' && shown !== null ? { k: 'ready', data: mergeFirstPage(shown, now.data, filters.value) } : now
  }, { immediate: true, flush: 'sync' })
  watch(rest.state, (now) => {
    if (now.k === 'ready' && state.value.k === 'ready') state.value = { k: 'ready', data: mergeRuns(state.value.data, now.data, filters.value) }
  }, { flush: 'sync' })
  watch(filters, restart, { flush: 'sync' })

  async function more(): Promise<void> {
    if (state.value.k !== 'ready' || state.value.data.next === null || moreBusy.value) return
    const mine = seq
    const before = state.value.data.items.at(-1)?.id
    if (before === undefined) return
    extended = true
    moreBusy.value = true
    moreError.value = null
    try {
      const { runs } = await ask(OlderRunsDocument, { ...conditions(filters.value), before, limit: page_size + 1 })
      // The list may have been replaced meanwhile; its end is then another.
      if (mine === seq && state.value.k === 'ready' && state.value.data.items.at(-1)?.id === before) {
        state.value = { k: 'ready', data: appendPage(state.value.data, pageOf(runs.map(toRun))) }
      }
    } catch (error) {
      if (mine === seq) moreError.value = toProblem(error)
    } finally {
      moreBusy.value = false
    }
  }
  onScopeDispose(() => seq++)
  return { state, reload: first.reload, more, moreBusy, moreError }
}
