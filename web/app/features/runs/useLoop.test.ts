import { effectScope, ref } from 'vue'
import { describe, expect, it } from 'vitest'
import type { Ask } from '~/shared/graphql/client'
import { LiveItemStepDocument, LoopCountsDocument, LoopFailedDocument, LoopItemsDocument } from '~/shared/graphql/generated'
import type { Live } from '~/shared/graphql/live'
import type { RunId } from '~/shared/ids'
import { planOf, type Place } from './loops.logic'
import { useItemStep, useLoopCounts, useLoopItems, type LoopOf } from './useLoop'

const run = '01890000-0000-7000-8000-000000000001' as RunId
const plan = planOf({ steps: [{ id: 'each', uses: 'core/foreach', steps: [{ id: 'a', uses: 'core/map' }, { id: 'soft', uses: 'core/http', 'on-error': 'continue' }] }] })
const loop: LoopOf = { run, place: { step: 'each', item: '3' }, plan, body: ['a', 'soft'] }
const row = (step_id: string, iteration: string, state: string) => ({ step_id, iteration, position: 0, state, attempt: 1, failure_kind: null, error: null, started_at: null, finished_at: null, source: null })
const settle = () => new Promise((done) => setTimeout(done))

function setup<R>(answer: unknown, use: (ask: Ask, live: Live) => R) {
  const asked: [unknown, unknown][] = []
  const followed: { operation: unknown; variables: unknown; push: (data: unknown) => void }[] = []
  const ask: Ask = async (operation, variables) => {
    asked.push([operation, variables])
    return operation.parse(answer, 'data')
  }
  const live: Live = {
    status: ref('live'), setVisible: () => undefined,
    follow: (operation, variables, sink) => {
      followed.push({ operation, variables: variables(), push: (data) => sink.next(operation.parse(data, 'data')) })
      return () => undefined
    },
  }
  return { asked, followed, used: effectScope().run(() => use(ask, live))! }
}

describe('useLoopCounts', () => {
  it('counts the items of this loop only, again with each version', async () => {
    const count = (n: number) => ({ aggregate: { count: n } })
    const version = ref('1')
    const s = setup({ newest: [{ iteration: '3000009' }], ended: count(8), good: count(7), failed: count(1) }, (ask) => useLoopCounts(ask, () => loop, version))
    await settle()
    expect(s.asked).toEqual([[LoopCountsDocument, { run, first: 'a', last: 'soft', fatal: ['a'], after: '3000000', until: '3999999' }]])
    expect(s.used.value).toEqual({ k: 'ready', data: { begun: 9, succeeded: 7, failed: 1, canceled: 0 } })
    version.value = '2'
    await settle()
    expect(s.asked).toHaveLength(2)
  })
})

describe('useLoopItems', () => {
  it('follows one page, and nothing while the loop is closed', async () => {
    const page = ref<number | null>(null)
    const s = setup({}, (ask, live) => useLoopItems(ask, live, () => loop, page, ref(false), ref('1')))
    expect(s.followed).toEqual([])
    page.value = 1
    await settle()
    expect(s.followed).toMatchObject([{ operation: LoopItemsDocument, variables: { steps: ['a', 'soft'], items: { _gt: '3000050', _lte: '3000100' }, limit: 100 } }])
    s.followed[0]!.push({ run_steps: [row('a', '3000051', 'failed'), row('a', '3000052', 'running')] })
    expect(s.used.value).toMatchObject({ k: 'ready', data: [{ id: '3000051', state: 'failed' }, { id: '3000052', state: 'running' }] })
    expect(s.asked).toEqual([])
  })
  it('of failed items asks which they are, and follows those', async () => {
    const s = setup({ run_steps: [{ iteration: '3000007' }, { iteration: '3000900' }] }, (ask, live) => useLoopItems(ask, live, () => loop, ref(2), ref(true), ref('1')))
    await settle()
    expect(s.asked).toMatchObject([[LoopFailedDocument, { fatal: ['a'], limit: 50, offset: 100, after: '3000000' }]])
    expect(s.followed).toMatchObject([{ variables: { items: { _in: ['3000007', '3000900'] } } }])
  })
})

describe('useItemStep', () => {
  it('follows a step of an item, and none outside of loops', async () => {
    const place = ref<Place | null>({ step: 'a', item: '0' })
    const s = setup({}, (_ask, live) => useItemStep(live, run, place))
    expect(s.followed).toEqual([])
    place.value = { step: 'a', item: '3000001' }
    await settle()
    expect(s.followed).toMatchObject([{ operation: LiveItemStepDocument, variables: { step: 'a', iteration: '3000001' } }])
    s.followed[0]!.push({ run_steps: [row('a', '3000001', 'running')] })
    expect(s.used.value).toMatchObject({ step_id: 'a', state: 'running' })
    s.followed[0]!.push({ run_steps: [] })
    expect(s.used.value).toBeNull()
  })
})
