import { computed, onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { isAbort, toProblem, type Json } from '~/shared/api'
import { useFollowing } from '~/shared/following'
import type { Ask } from '~/shared/graphql/client'
import { LiveRunDocument, RunDataDocument, RunDefinitionDocument, RunInLineDocument, RunLogDocument, RunLogFollowDocument, RunSizesDocument, RunStepDocument } from '~/shared/graphql/generated'
import type { Live } from '~/shared/graphql/live'
import type { RunId, VersionId } from '~/shared/ids'
import type { Load } from '~/shared/load'
import { only } from '~/shared/rows'
import { useSubscription, type Subscription } from '~/shared/subscription'
import { planOf, type Place, type Plan } from './loops.logic'
import { slotsOf, toInLine, toLogLine, toRunDetail, toStepDetail, type InLine, type LogLine, type RunDetail, type StepDetail } from './runs.data'
import { appendLogs } from './runs.logic'
import { isLarge, keptOf, value_parts, type Kept, type ValuePart } from './values.logic'

/**
 * One run with its steps, as they change, and what its definition says of them; empty until that is known. `treeOf` reads a draft that is
 * kept as text.
 */
export function useRun(ask: Ask, live: Live, id: RunId, treeOf: (definition: Json) => Json): Subscription<RunDetail> & { plan: Readonly<Ref<Plan>> } {
  const run = useSubscription(live, LiveRunDocument, () => ({ id }), (data) => toRunDetail(only(data.runs)))
  const of = computed(() => (run.state.value.k === 'ready' ? run.state.value.data : null))
  const version = computed(() => of.value?.version_id ?? null)
  const never = computed(() => '')
  // What a step uses stands in the definition, which does not change with the run.
  const planned = useFollowing(version, never, async (wanted: VersionId, signal) => {
    const { workflow_versions, workflow_drafts } = await ask(RunDefinitionDocument, { version: wanted, workflow: of.value?.workflow_id ?? wanted }, signal)
    return planOf(treeOf(only([...workflow_versions, ...workflow_drafts]).definition))
  })
  const plan = computed<Plan>(() => (planned.value?.k === 'ready' ? planned.value.data : new Map()))
  const state = computed<Load<RunDetail>>(() => {
    const now = run.state.value
    if (now.k !== 'ready') return now
    return { k: 'ready', data: { ...now.data, steps: now.data.steps.map((s) => ({ ...s, uses: plan.value.get(s.step_id)?.uses ?? '' })) } }
  })
  return { state, reload: run.reload, plan }
}

/** The values and attempts of the selected step. */
export function useStep(ask: Ask, id: RunId, place: Readonly<Ref<Place | null>>, version: Readonly<Ref<string>>): Readonly<Ref<Load<StepDetail> | null>> {
  const subject = computed(() => (place.value === null ? null : `${place.value.item} ${place.value.step}`))
  return useFollowing(subject, version, async (wanted, signal) => {
    const [item = '0', step = ''] = wanted.split(' ')
    const names = slotsOf({ step, item })
    const slots = [names.input, names.output]
    const { run_values: sizes } = await ask(RunSizesDocument, { run: id, slots }, signal)
    const wantedOf = (slot: string) => (isLarge(sizes, slot) ? '-1' : item)
    return toStepDetail({ step, item }, await ask(RunStepDocument, { run: id, step, iteration: item, given: wantedOf(names.input), made: wantedOf(names.output), slots }, signal))
  })
}

/** What a run began with and gave. */
export interface RunData { input: Kept | null; output: Kept | null; trigger: Kept | null }

/** Read only while it is `shown`. */
export function useData(ask: Ask, id: RunId, shown: Readonly<Ref<boolean>>, version: Readonly<Ref<string>>): Readonly<Ref<Load<RunData> | null>> {
  const subject = computed(() => (shown.value ? id : null))
  return useFollowing(subject, version, async (run, signal) => {
    const { run_values: sizes } = await ask(RunSizesDocument, { run, slots: [...value_parts] }, signal)
    const wantedOf = (slot: string) => (isLarge(sizes, slot) ? [] : [run])
    const { given, made, begun } = await ask(RunDataDocument, { input: wantedOf('input'), output: wantedOf('output'), trigger: wantedOf('trigger') }, signal)
    const kept = (of: ValuePart, json: Json | undefined) => keptOf(sizes, of, json, { of, step: null, item: '0' })
    return { input: kept('input', given[0]?.input), output: kept('output', made[0]?.output), trigger: kept('trigger', begun[0]?.trigger_data) }
  })
}

/** Where the run `subject` stands that may not begin yet; null once it may. */
export function useHeld(ask: Ask, subject: Readonly<Ref<RunId | null>>, version: Readonly<Ref<string>>): Readonly<Ref<Load<InLine | null> | null>> {
  return useFollowing(subject, version, async (wanted, signal) => toInLine(await ask(RunInLineDocument, { id: wanted }, signal)))
}

const lines_per_page = 500

/** The log of a run, oldest first: read once it is `shown`, then followed. */
export function useLogs(ask: Ask, live: Live, id: RunId, shown: Readonly<Ref<boolean>>): Readonly<Ref<Load<LogLine[]>>> {
  const state = shallowRef<Load<LogLine[]>>({ k: 'loading' })
  const control = new AbortController()
  let stop: () => void = () => undefined
  const known = () => (state.value.k === 'ready' ? state.value.data : [])
  const after = () => known().at(-1)?.seq ?? '0'

  function add(more: readonly LogLine[]): void {
    state.value = { k: 'ready', data: appendLogs(known(), more) }
  }
  async function begin(): Promise<void> {
    try {
      for (let full = true; full;) {
        const { run_logs } = await ask(RunLogDocument, { run: id, after: after(), limit: lines_per_page }, control.signal)
        add(run_logs.map(toLogLine))
        full = run_logs.length === lines_per_page
      }
    } catch (error) {
      if (isAbort(error)) return
      state.value = { k: 'failed', error: toProblem(error) }
    }
    if (control.signal.aborted) return
    // Every connection goes on behind the last line that is known.
    stop = live.follow(RunLogFollowDocument, () => ({ run: id, after: after() }), {
      next: (data) => add(data.run_logs_stream.map(toLogLine)),
      failed: (error) => {
        if (state.value.k !== 'ready') state.value = { k: 'failed', error }
      },
    })
  }
  let begun = false
  watch(shown, (now) => {
    if (!now || begun) return
    begun = true
    void begin()
  }, { immediate: true })
  onScopeDispose(() => {
    control.abort()
    stop()
  })
  return state
}
