import { computed, type Ref } from 'vue'
import { useFollowing } from '~/shared/following'
import type { Ask } from '~/shared/graphql/client'
import { LiveItemStepDocument, LoopCountsDocument, LoopFailedDocument, LoopItemsDocument } from '~/shared/graphql/generated'
import type { Live } from '~/shared/graphql/live'
import type { RunId } from '~/shared/ids'
import type { Load } from '~/shared/load'
import { only } from '~/shared/rows'
import { useSubscription } from '~/shared/subscription'
import { countsOf, itemNumber, itemsPerPage, toItems, type Item, type LoopCounts, type Place, type Plan } from './loops.logic'
import { toStep, type Step } from './runs.data'

const items_max = 999_999

/** One loop of a run, or of an item of the loop around it. */
export interface LoopOf {
  run: RunId
  /** The loop itself. */
  place: Place
  plan: Plan
  /** The steps of its body. */
  body: readonly string[]
}

function rangeOf({ run, place }: LoopOf) {
  return { run, after: place.item === '0' ? '0' : itemNumber(place.item, 0), until: itemNumber(place.item, items_max) }
}

function fatalOf({ plan, body }: LoopOf): string[] {
  return body.filter((id) => plan.get(id)?.isFatal !== false)
}

/** How far a loop has come; counted again whenever `version` changes. */
export function useLoopCounts(ask: Ask, loop: () => LoopOf, version: Readonly<Ref<string>>): Readonly<Ref<Load<LoopCounts> | null>> {
  const subject = computed(() => JSON.stringify(loop().place))
  return useFollowing(subject, version, async (_subject, signal) => {
    const now = loop()
    const [first, last] = [now.body[0], now.body.at(-1)]
    if (first === undefined || last === undefined) return { begun: 0, succeeded: 0, failed: 0, canceled: 0 }
    const answer = await ask(LoopCountsDocument, { ...rangeOf(now), first, last, fatal: fatalOf(now) }, signal)
    return countsOf({
      newest: answer.newest[0]?.iteration ?? null, ended: answer.ended.aggregate?.count ?? 0,
      good: answer.good.aggregate?.count ?? 0, failed: answer.failed.aggregate?.count ?? 0,
    })
  })
}

/** One page of a loop's items, as they change; `page` counts from 0, null follows none. */
export function useLoopItems(
  ask: Ask, live: Live, loop: () => LoopOf, page: Readonly<Ref<number | null>>, failedOnly: Readonly<Ref<boolean>>, version: Readonly<Ref<string>>,
): Readonly<Ref<Load<Item[]>>> {
  const size = computed(() => itemsPerPage(loop().body))
  const wanted = computed(() => (page.value !== null && failedOnly.value ? `${page.value}` : null))
  // Which items failed is asked for: there may be any number of others between them.
  const failed = useFollowing(wanted, version, async (at: string, signal) => {
    const now = loop()
    const { run_steps } = await ask(LoopFailedDocument, { ...rangeOf(now), fatal: fatalOf(now), limit: size.value, offset: Number(at) * size.value }, signal)
    return run_steps.map((row) => row.iteration)
  })
  const condition = computed(() => {
    if (page.value === null) return null
    if (failedOnly.value) return failed.value?.k === 'ready' ? { _in: failed.value.data } : null
    const { item } = loop().place
    return { _gt: itemNumber(item, page.value * size.value), _lte: itemNumber(item, (page.value + 1) * size.value) }
  })
  const rows = useSubscription(
    live, LoopItemsDocument,
    () => (condition.value === null ? null : { run: loop().run, steps: [...loop().body], items: condition.value, limit: size.value * loop().body.length }),
    (data) => toItems(loop().plan, loop().body, data.run_steps.map(toStep)),
  )
  return computed(() => (failedOnly.value && failed.value?.k === 'failed' ? failed.value : rows.state.value))
}

/** One step of an item, as it changes; null outside of loops, and while it is not known. */
export function useItemStep(live: Live, run: RunId, place: Readonly<Ref<Place | null>>): Readonly<Ref<Step | null>> {
  const { state } = useSubscription(
    live, LiveItemStepDocument,
    () => (place.value === null || place.value.item === '0' ? null : { run, step: place.value.step, iteration: place.value.item }),
    (data) => toStep(only(data.run_steps)),
  )
  return computed(() => (state.value.k === 'ready' ? state.value.data : null))
}
