import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { isAbort, toProblem, type Api, type Page, type Problem, type Run } from '~/shared/api'
import { coalesce } from '~/shared/coalesce'
import type { RunId } from '~/shared/ids'
import { useLiveRuns, type Live } from '~/shared/live'
import type { Load } from '~/shared/load'
import { appendPage, mergeFirstPage, mergeRuns, type RunFilters } from './runs.logic'

const page_size = 50
// Up to this many changed runs are fetched one by one; beyond it a fresh first page is cheaper.
const single_max = 4
const pause_ms = 250

export interface Runs {
  state: Readonly<Ref<Load<Page<Run>>>>
  reload: () => Promise<void>
  more: () => Promise<void>
  moreBusy: Readonly<Ref<boolean>>
  moreError: Readonly<Ref<Problem | null>>
}

/** The list of runs under `filters`, kept up to date by the live stream. */
export function useRuns(api: Api, live: Live, filters: Readonly<Ref<RunFilters>>): Runs {
  const state = shallowRef<Load<Page<Run>>>({ k: 'loading' })
  const moreBusy = ref(false)
  const moreError = shallowRef<Problem | null>(null)
  const changed = new Set<RunId>()
  let all = false
  let seq = 0

  const fetchFirst = () => api.runs.list({ workflow_id: filters.value.workflow, state: filters.value.state, limit: page_size })

  async function reload(): Promise<void> {
    const mine = ++seq
    state.value = { k: 'loading' }
    moreError.value = null
    try {
      const data = await fetchFirst()
      if (mine === seq) state.value = { k: 'ready', data }
    } catch (error) {
      if (mine === seq && !isAbort(error)) state.value = { k: 'failed', error: toProblem(error) }
    }
  }

  async function more(): Promise<void> {
    if (state.value.k !== 'ready' || state.value.data.next === null || moreBusy.value) return
    const mine = seq
    const after = state.value.data.next
    moreBusy.value = true
    moreError.value = null
    try {
      const page = await api.runs.list({ workflow_id: filters.value.workflow, state: filters.value.state, limit: page_size, after })
      // The list may have been replaced meanwhile; its end is then another.
      if (mine === seq && state.value.data.next === after) state.value = { k: 'ready', data: appendPage(state.value.data, page) }
    } catch (error) {
      if (mine === seq) moreError.value = toProblem(error)
    } finally {
      moreBusy.value = false
    }
  }

  async function catchUp(): Promise<void> {
    if (state.value.k !== 'ready') return
    const mine = seq
    const ids = [...changed]
    const whole = all || ids.length > single_max
    changed.clear()
    all = false
    const first = whole ? await fetchFirst() : null
    const single = whole ? [] : await Promise.all(ids.map((id) => api.runs.get(id)))
    if (mine !== seq || state.value.k !== 'ready') return
    const list = state.value.data
    state.value = { k: 'ready', data: first ? mergeFirstPage(list, first, filters.value) : mergeRuns(list, single, filters.value) }
  }

  const renew = coalesce(catchUp, pause_ms)
  onScopeDispose(() => {
    seq++
    renew.stop()
  })
  useLiveRuns(live, (message) => {
    if (message.k === 'resync') all = true
    else changed.add(message.run.id)
    renew.request()
  })
  watch(filters, () => void reload(), { immediate: true })
  return { state, reload, more, moreBusy, moreError }
}
