import { effectScope, nextTick, shallowRef } from 'vue'
import { describe, expect, it, vi } from 'vitest'
import { foundRuns } from '~/shared/api/types'
import { useFoundRuns } from './useFoundRuns'

const row = (id: string) => ({
  id, workflow_id: '01900000-0000-7000-8000-00000000000a', workflow_key: 'k', workflow_name: 'Name', workflow_version_id: '01900000-0000-7000-8000-00000000000b', version_number: 3, trigger_id: null, rerun_of: null,
  cause: null, parent_run_id: null, parent_step_id: null, state: 'failed', failure_kind: 'workflow', error: { message: 'No' }, canceled_by_name: null,
  cancel_reason: null, held: null, is_cancel_requested: false, created_at: '2026-05-01T10:00:00Z', started_at: null, finished_at: '2026-05-01T10:00:01Z', duration_ms: 1000,
  tags: ['eu'], index: { order_id: '1001' },
})
const settled = () => new Promise((resolve) => setTimeout(resolve))

describe('runs that are searched for', () => {
  it('come a look at a time, and an empty one goes on', async () => {
    const list = vi.fn(async (query: object) =>
      foundRuns('after' in query ? { items: [row('01900000-0000-7000-8000-000000000001')], next: null } : { items: [], next: '01900000-0000-7000-8000-000000000002' }, 'answer'))
    const query = shallowRef<Record<string, string> | null>({ tag: 'eu' })
    const scope = effectScope()
    const found = scope.run(() => useFoundRuns({ runs: { list } } as never, query))
    await settled()
    expect(found?.state.value).toEqual({ k: 'ready', data: { items: [], next: '01900000-0000-7000-8000-000000000002' } })
    await found?.more()
    const now = found?.state.value
    expect(now?.k === 'ready' && now.data.items.map((r) => [r.state, r.tags, r.index, r.error?.message])).toEqual([['failed', ['eu'], { order_id: '1001' }, 'No']])
    query.value = null
    await nextTick()
    await settled()
    expect(found?.state.value).toEqual({ k: 'ready', data: { items: [], next: null } })
    expect(list).toHaveBeenCalledTimes(2)
    scope.stop()
  })
})
