import { onScopeDispose, readonly, shallowRef, watch, type Ref } from 'vue'
import { toProblem, type Api, type Json } from '~/shared/api'
import type { SchedulePreview } from '~/shared/api/types'
import type { TriggerId } from '~/shared/ids'
import type { Load } from '~/shared/load'

/** Typing asks the server once it pauses. */
const pause_ms = 300

/** When the settings would fire, as the server says it; null while there are none. Answers that come late are dropped. */
export function usePreview(api: Pick<Api, 'schedules'>, settings: Readonly<Ref<Record<string, Json> | null>>, change: () => TriggerId | null = () => null) {
  const state = shallowRef<Load<SchedulePreview> | null>(null)
  let seq = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(config: Record<string, Json>, mine: number) {
    try {
      const data = await api.schedules.preview(config, change())
      if (mine === seq) state.value = { k: 'ready', data }
    } catch (error) {
      if (mine === seq) state.value = { k: 'failed', error: toProblem(error) }
    }
  }
  watch(() => JSON.stringify(settings.value), () => {
    const mine = ++seq
    clearTimeout(timer)
    const config = settings.value
    if (config === null) state.value = null
    else timer = setTimeout(() => void ask(config, mine), pause_ms)
  }, { immediate: true })
  onScopeDispose(() => {
    seq++
    clearTimeout(timer)
  })
  return readonly(state)
}
