import { watch, type Ref } from 'vue'
import type { Api } from '~/shared/api'
import { useList, type List } from '~/shared/list'
import { runFound, type Run } from './runs.data'

/** Runs that fit `query`, a look at a time; none without one. A look is bounded: a page may be short and go on. */
export function useFoundRuns(api: Pick<Api, 'runs'>, query: Readonly<Ref<Record<string, string> | null>>): List<Run> {
  const list = useList<Run>(async ({ after }, signal) => {
    if (query.value === null) return { items: [], next: null }
    const page = await api.runs.list({ ...query.value, ...(after == null ? {} : { after }) }, signal)
    return { items: page.items.map(runFound), next: page.next }
  })
  watch(query, () => void list.reload())
  return list
}
