import { effectScope, ref, type Ref } from 'vue'
import { describe, expect, it } from 'vitest'
import { ApiError } from '~/shared/api'
import type { Ask } from '~/shared/graphql/client'
import { LiveRunDocument, RunDefinitionDocument, RunLogDocument, RunLogFollowDocument, RunSizesDocument, RunStepDocument } from '~/shared/graphql/generated'
import type { Follow, Live } from '~/shared/graphql/live'
import type { RunId } from '~/shared/ids'
import type { Place } from './loops.logic'
import { useLogs, useRun, useStep } from './useRun'

const id = '01890000-0000-7000-8000-000000000001' as RunId
const step = (step_id: string, state: string) => ({ step_id, iteration: '0', position: 0, state, attempt: 1, failure_kind: null, error: null, started_at: null, finished_at: null, source: null })
const row = (state: string, steps: object[]) => ({
  id, workflow_id: id, workflow_version_id: id, trigger_id: null, rerun_of: null, cause: null, parent_run_id: null, parent_step_id: null, parent: null, state, failure_kind: null, error: null, created_at: '2026-01-01T00:00:00Z',
  started_at: null, finished_at: null, workflow: null, version: null, tier: null, job: null, steps, waits: [], marks: [],
  cpu_us: '0', memory_byte_seconds: '0', bytes_in: '0', bytes_out: '0', calls: '0',
})
const line = (seq: number) => ({ seq: String(seq), logged_at: '', level: 'info', step_id: null, iteration: '0', message: `line ${seq}`, fields: null })
const settle = () => new Promise((done) => setTimeout(done))

function setup<R>(answers: ReadonlyMap<unknown, (variables: never) => unknown>, use: (ask: Ask, live: Live) => R) {
  const asked: unknown[] = []
  const followed: { operation: unknown; variables: () => unknown; push: (data: unknown) => void; open: boolean }[] = []
  const ask: Ask = async (operation, variables) => {
    asked.push(operation)
    return operation.parse(await answers.get(operation)?.(variables as never), 'data')
  }
  const follow: Follow = (operation, variables, sink) => {
    const entry = { operation, variables, push: (data: unknown) => sink.next(operation.parse(data, 'data')), open: true }
    followed.push(entry)
    return () => void (entry.open = false)
  }
  const scope = effectScope()
  const used = scope.run(() => use(ask, { status: ref('live'), setVisible: () => undefined, follow }))!
  return { asked, followed, scope, used }
}

describe('useRun', () => {
  it('follows the run, and reads what its steps use once', async () => {
    const definition = { steps: [{ id: 'a', uses: 'core/map' }, { id: 'b', uses: 'core/sleep' }] }
    const s = setup(new Map([[RunDefinitionDocument, () => ({ workflow_versions: [{ definition }], workflow_drafts: [] })]]), (ask, live) => useRun(ask, live, id, (definition) => definition))
    expect(s.followed.map((f) => [f.operation, f.variables()])).toEqual([[LiveRunDocument, { id }]])
    s.followed[0]!.push({ runs: [row('running', [step('a', 'running')])] })
    await settle()
    s.followed[0]!.push({ runs: [row('running', [step('a', 'success'), step('b', 'waiting')])] })
    await settle()
    expect(s.used.state.value).toMatchObject({ k: 'ready', data: { steps: [{ state: 'success', uses: 'core/map' }, { state: 'waiting', uses: 'core/sleep' }] } })
    expect(s.asked).toEqual([RunDefinitionDocument])
  })
  it('shows the run when its definition cannot be read, and says when there is no such run', async () => {
    const s = setup(new Map([[RunDefinitionDocument, () => Promise.reject(new Error('gone'))]]), (ask, live) => useRun(ask, live, id, (definition) => definition))
    s.followed[0]!.push({ runs: [row('running', [step('a', 'running')])] })
    await settle()
    expect(s.used.state.value).toMatchObject({ k: 'ready', data: { steps: [{ uses: '' }] } })
    s.followed[0]!.push({ runs: [] })
    expect(s.used.state.value).toMatchObject({ k: 'failed', error: { reason: 'missing' } })
  })
})

describe('useStep', () => {
  it('drops the values of a step that is no longer selected, and renews those shown without a loading state', async () => {
    const releases: (() => void)[] = []
    const wanted: Ref<Place | null> = ref({ step: 'a', item: '0' })
    const version = ref('1')
    const answer = ({ step: name }: { step: string }) =>
      new Promise((done) => releases.push(() => done({ cost: [], given: [], made: [{ output: name }], run_values: [{ slot: `step.${name}.output`, size_bytes: 3 }], run_waits: [], children: [], run_events: [] })))
    const s = setup(new Map<unknown, (variables: never) => unknown>([[RunSizesDocument, () => ({ run_values: [] })], [RunStepDocument, answer]]), (ask) => useStep(ask, id, wanted, version))
    wanted.value = { step: 'b', item: '0' }
    await settle()
    releases[1]!()
    await settle()
    releases[0]!()
    await settle()
    expect(s.used.value).toMatchObject({ k: 'ready', data: { output: { value: 'b' } } })
    version.value = '2'
    await settle()
    expect(s.used.value?.k).toBe('ready')
    wanted.value = null
    await settle()
    expect(s.used.value).toBeNull()
  })
})

describe('values that are large', () => {
  it('are not asked for', async () => {
    const asked: unknown[] = []
    const large = [{ slot: 'step.a[2].output', size_bytes: 300_000 }]
    const s = setup(
      new Map<unknown, (variables: never) => unknown>([
        [RunSizesDocument, () => ({ run_values: large })],
        [RunStepDocument, (variables: { given: string; made: string }) => {
          asked.push([variables.given, variables.made])
          return { cost: [], given: [{ input: 1 }], made: [], run_values: large, run_waits: [], children: [], run_events: [] }
        }],
      ]),
      (ask) => useStep(ask, id, ref({ step: 'a', item: '2' }), ref('1')),
    )
    await settle()
    expect(asked).toEqual([['2', '-1']])
    expect(s.used.value).toMatchObject({ k: 'ready', data: { input: null, output: { value: null, large: { of: 'output', step: 'a', item: '2', bytes: 300_000 } } } })
  })
})

describe('useLogs', () => {
  const pages = (total: number) => ({ after, limit }: { after: string; limit: number }) =>
    ({ run_logs: Array.from({ length: total }, (_, i) => line(i + 1)).filter((l) => Number(l.seq) > Number(after)).slice(0, limit) })
  it('reads nothing until it is shown, then every page, then follows behind the last line', async () => {
    const shown = ref(false)
    const s = setup(new Map([[RunLogDocument, pages(501)]]), (ask, live) => useLogs(ask, live, id, shown))
    await settle()
    expect(s.asked).toEqual([])
    shown.value = true
    await settle()
    expect(s.asked).toEqual([RunLogDocument, RunLogDocument])
    expect(s.followed.map((f) => [f.operation, f.variables()])).toEqual([[RunLogFollowDocument, { run: id, after: '501' }]])
    s.followed[0]!.push({ run_logs_stream: [line(501), line(502)] })
    expect(s.used.value.k === 'ready' && s.used.value.data.map((l) => l.seq).slice(-2)).toEqual(['501', '502'])
    expect(s.followed[0]!.variables()).toEqual({ run: id, after: '502' })
    shown.value = false
    await settle()
    shown.value = true
    await settle()
    expect(s.followed).toHaveLength(1)
    s.scope.stop()
    expect(s.followed[0]!.open).toBe(false)
  })
  it('shows why it cannot be read', async () => {
    const refused = () => Promise.reject(new ApiError({ kind: 'http', status: 403, title: '', detail: 'not yours', field: null, requestId: null, more: {} }))
    const s = setup(new Map([[RunLogDocument, refused]]), (ask, live) => useLogs(ask, live, id, ref(true)))
    await settle()
    expect(s.used.value).toMatchObject({ k: 'failed', error: { detail: 'not yours' } })
  })
})
