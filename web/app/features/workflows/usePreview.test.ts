import { effectScope, nextTick, ref, type Ref } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Json } from '~/shared/api'
import { usePreview } from './usePreview'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setup() {
  const settings: Ref<Record<string, Json> | null> = ref(null)
  const answers: ((times: string[]) => void)[] = []
  const asked: Json[] = []
  const preview = (config: Json) =>
    new Promise<{ times: { at: string; local: string }[]; tzdata: string }>((done) => {
      asked.push(config)
      answers.push((times) => done({ times: times.map((at) => ({ at, local: at })), tzdata: '2026a' }))
    })
  const scope = effectScope()
  const api = { schedules: { preview, zones: () => Promise.resolve({ tzdata: '', names: [] }) } }
  const state = scope.run(() => usePreview(api, settings))!
  return { settings, asked, answers, state, scope }
}

describe('a schedule’s preview', () => {
  it('asks once typing pauses, and shows the answer to the last question', async () => {
    const s = setup()
    expect(s.state.value).toBeNull()
    for (const cron of ['0', '0 9', '0 9 * * *']) {
      s.settings.value = { cron }
      await nextTick()
    }
    await vi.advanceTimersByTimeAsync(300)
    expect(s.asked).toEqual([{ cron: '0 9 * * *' }])
    s.settings.value = { cron: '0 10 * * *' }
    await nextTick()
    await vi.advanceTimersByTimeAsync(300)
    s.answers[1]?.(['second'])
    s.answers[0]?.(['first'])
    await vi.advanceTimersByTimeAsync(0)
    expect(s.state.value).toMatchObject({ k: 'ready', data: { times: [{ at: 'second' }] } })
    s.settings.value = null
    await nextTick()
    expect(s.state.value).toBeNull()
    s.scope.stop()
  })
})
