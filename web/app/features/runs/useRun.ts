import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { isAbort, toProblem, type Api, type LogLine, type RunDetail, type StepDetail } from '~/shared/api'
import { coalesce } from '~/shared/coalesce'
import type { RunId } from '~/shared/ids'
import { useLiveRuns, type Live } from '~/shared/live'
import { useLoad, type Load, type Loader } from '~/shared/load'
import { appendLogs, isFinal } from './runs.logic'

const pause_ms = 300
// The stream tells of runs, not of steps: a run at work is looked at again this often as well.
const poll_ms = 2_000

/** One run with its steps, renewed while it is at work. `onRenewed` is called after each renewal. */
export function useRun(api: Api, live: Live, id: RunId): Loader<RunDetail> {
  const loader = useLoad((signal) => api.runs.get(id, signal))
  const renew = coalesce(() => loader.refresh(), pause_ms)
  const timer = setInterval(() => {
    const s = loader.state.value
    if (s.k === 'ready' && !isFinal(s.data.state) && document.visibilityState === 'visible') renew.request()
  }, poll_ms)
  useLiveRuns(live, (message) => {
    if (message.k === 'resync' || message.run.id === id) renew.request()
  })
  onScopeDispose(() => {
    clearInterval(timer)
    renew.stop()
  })
  return loader
}

/** The details of the selected step; fetched again when the selection, or `version` (anything that changes with it), changes. */
export function useStep(api: Api, id: RunId, step: Ref<string | null>, version: Ref<string>): Readonly<Ref<Load<StepDetail> | null>> {
  const state = shallowRef<Load<StepDetail> | null>(null)
  let seq = 0
  watch(
    [step, version],
    async ([now], [before]) => {
      const mine = ++seq
      if (now === null) {
        state.value = null
        return
      }
      if (now !== before || state.value === null) state.value = { k: 'loading' }
      try {
        const data = await api.runs.step(id, now)
        if (mine === seq) state.value = { k: 'ready', data }
      } catch (error) {
        if (mine === seq) state.value = { k: 'failed', error: toProblem(error) }
      }
    },
    { immediate: true },
  )
  onScopeDispose(() => seq++)
  return state
}

/** The log of a run, oldest first; follows while `version` changes. */
export function useLogs(api: Api, id: RunId, version: Ref<string>): Readonly<Ref<Load<LogLine[]>>> {
  const state = shallowRef<Load<LogLine[]>>({ k: 'loading' })
  const control = new AbortController()
  let after: string | null = null

  async function follow(): Promise<void> {
    try {
      for (;;) {
        const page = await api.runs.logs(id, { limit: 100, after }, control.signal)
        const shown = state.value.k === 'ready' ? state.value.data : []
        state.value = { k: 'ready', data: appendLogs(shown, page.items) }
        // Without a cursor the last page is asked for again next time; appendLogs drops what is known.
        if (page.next === null) return
        after = page.next
      }
    } catch (error) {
      if (!isAbort(error) && state.value.k !== 'ready') state.value = { k: 'failed', error: toProblem(error) }
    }
  }
  const renew = coalesce(follow, pause_ms)
  watch(version, () => renew.request(), { immediate: true })
  onScopeDispose(() => {
    control.abort()
    renew.stop()
  })
  return state
}
