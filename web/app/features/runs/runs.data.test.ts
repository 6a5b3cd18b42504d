import { describe, expect, it } from 'vitest'
import { LiveRunDocument, RunInLineDocument, RunStepDocument } from '~/shared/graphql/generated'
import { toInLine, toRun, toRunDetail, toStepDetail } from './runs.data'

const id = '01890000-0000-7000-8000-000000000001'
const row = {
  id, workflow_id: '01890000-0000-7000-8000-0000000000aa', workflow_version_id: '01890000-0000-7000-8000-0000000000bb', trigger_id: null, rerun_of: null,
  cause: null, parent_run_id: null, parent_step_id: null, parent: null, state: 'running', failure_kind: null, error: null, created_at: '2026-01-01T00:00:00.000000+00:00', started_at: null, finished_at: null,
  workflow: { key: 'a', name: 'A' }, version: { number: 1 }, tier: null, canceled_by_name: null, cancel_reason: null, job: null, steps: [], waits: [], marks: [],
  cpu_us: '0', memory_byte_seconds: '0', bytes_in: '0', bytes_out: '0', calls: '0',
}
const cost = { cpu_us: '850', memory_byte_seconds: '0', bytes_in: '0', bytes_out: '0', calls: '2' }
const read = (more: object = {}) => toRunDetail(LiveRunDocument.parse({ runs: [{ ...row, ...more }] }, 'data').runs[0]!)

describe('a run', () => {
  it('is read, and refused in an unknown state or with another id', () => {
    expect(read()).toMatchObject({ id, workflow_name: 'A', version_number: 1, state: 'running', is_cancel_requested: false, duration_ms: null })
    expect(() => read({ state: 'exploded' })).toThrow('run.state')
    expect(() => read({ id: '../x' })).toThrow('data.runs[0].id')
  })
  it('has an error given as text or as object', () => {
    expect(read({ error: 'boom' }).error?.message).toBe('boom')
    expect(read({ error: { message: 'm', line: 3 } }).error).toMatchObject({ message: 'm', line: 3, field: null })
    expect(() => read({ failure_kind: 'odd' })).toThrow('failure_kind')
  })
  it('is shown without a workflow that is gone', () => {
    expect(toRun(LiveRunDocument.parse({ runs: [{ ...row, workflow: null, version: null }] }, 'data').runs[0]!)).toMatchObject({ workflow_name: '', version_number: null })
  })
  it('took as long as from its start, or its creation, to its end', () => {
    const ended = { started_at: '2026-01-01T00:00:01.000000+00:00', finished_at: '2026-01-01T00:00:03.500250+00:00' }
    expect(read(ended).duration_ms).toBe(2_500)
    expect(read({ ...ended, started_at: null }).duration_ms).toBe(3_500)
  })
  it('has its cancellation asked for once the job says so', () => {
    const job = { state: 'leased', stage: null, cancel_requested_at: null, canceled_by_name: null, cancel_reason: null }
    expect(read({ job })).toMatchObject({ is_cancel_requested: false, cancel: null })
    const asked = { ...job, cancel_requested_at: '2026-01-01T00:00:00Z', canceled_by_name: 'Grace', cancel_reason: 'wrong order' }
    expect(read({ job: asked })).toMatchObject({ is_cancel_requested: true, cancel: { by: 'Grace', reason: 'wrong order', at: '2026-01-01T00:00:00Z' } })
  })
  it('tells who canceled it and why once it has ended so, and nothing when it ended otherwise', () => {
    const told = { canceled_by_name: 'Grace', cancel_reason: null }
    expect(read({ state: 'canceled', finished_at: '2026-01-01T00:00:01Z', ...told }).cancel).toEqual({ by: 'Grace', reason: null, at: '2026-01-01T00:00:01Z' })
    expect(read({ state: 'success', ...told }).cancel).toBeNull()
  })
})

describe('what a run is found by', () => {
  it('is a tag or a value with a name', () => {
    const marks = [{ name: 'order_id', value: '7' }, { name: 'tag', value: 'paid' }]
    expect(read({ marks }).marks).toEqual(marks)
  })
})

describe('a run that may not begin yet', () => {
  const read = (jobs: object[]) => toInLine(RunInLineDocument.parse({ jobs }, 'data'))
  it('has a place in line, and none once it may', () => {
    expect(read([{ stage: 'concurrency', gate: 'c-7', runs_ahead: '3' }])).toEqual({ key: 'c-7', ahead: 3 })
    expect(read([])).toBeNull()
  })
})

describe('what a step waits for', () => {
  const step = (step_id: string, state: string) => ({ step_id, iteration: '0', position: 0, state, attempt: 1, failure_kind: null, error: null, started_at: null, finished_at: null, source: null })
  const wait = { kind: 'callback', deadline_at: '2026-01-02T00:00:00Z', event_name: null, event_key: null, policy: null, child_run_id: null, child: null }
  it('is at the step, while that waits', () => {
    const waits = [
      { ...wait, step_id: 'call' }, { ...wait, step_id: 'through' }, { ...wait, step_id: 'paid', kind: 'event', event_name: 'invoice.paid', event_key: '4711' },
      { ...wait, step_id: 'ask', kind: 'approval', policy: { approvers: ['role:admin'], need: 2, veto: true } }, { ...wait, step_id: 'link', kind: 'approval', policy: {} },
      { ...wait, step_id: 'sub', kind: 'child', child_run_id: id, child: { workflow: { key: 'a', name: 'A' } } },
    ]
    const steps = [step('call', 'waiting'), step('through', 'success'), step('paid', 'waiting'), step('ask', 'waiting'), step('link', 'waiting'), step('sub', 'waiting'), step('nap', 'waiting')]
    const until = '2026-01-02T00:00:00Z'
    expect(read({ steps, waits }).steps.map((s) => s.wait)).toEqual([
      { kind: 'callback', until, event: null, policy: null, child: null },
      null,
      { kind: 'event', until, event: { name: 'invoice.paid', key: '4711' }, policy: null, child: null },
      { kind: 'approval', until, event: null, policy: { approvers: ['role:admin'], need: 2, veto: true }, child: null },
      { kind: 'approval', until, event: null, policy: { approvers: [], need: 1, veto: false }, child: null },
      { kind: 'child', until, event: null, policy: null, child: { id, name: 'A' } },
      null,
    ])
    expect(() => read({ waits: [{ ...wait, step_id: 'a', kind: 'miracle' }] })).toThrow('wait.kind')
  })
})

describe('a step', () => {
  const answer = (more: object) => RunStepDocument.parse({ given: [{ input: null }], made: [{ output: null }], cost: [cost], run_values: [], run_waits: [], children: [], run_events: [], ...more }, 'data')
  it('tells a value that is null from none', () => {
    expect(toStepDetail({ step: 'a', item: '0' }, answer({ run_values: [{ slot: 'step.a.output', size_bytes: 4 }] }))).toMatchObject({ input: null, output: { value: null } })
    expect(toStepDetail({ step: 'a', item: '0' }, answer({ made: [{ output: 5 }], run_values: [{ slot: 'step.a.output', size_bytes: 4 }] })).output).toEqual({ value: 5 })
  })
  it('says until when it sleeps, as last told, if at all', () => {
    const events = [{ occurred_at: 't1', detail: { attempt: 1, until: 1_000 } }, { occurred_at: 't2', detail: { attempt: 1, until: 1_767_312_000_000 } }]
    expect(toStepDetail({ step: 'a', item: '0' }, answer({ run_events: events })).until).toBe('2026-01-02T00:00:00.000Z')
    expect(toStepDetail({ step: 'a', item: '0' }, answer({ run_events: [{ occurred_at: 't', detail: { until: 'soon' } }] })).until).toBeNull()
    expect(toStepDetail({ step: 'a', item: '0' }, answer({})).until).toBeNull()
  })
  it('lists the attempts that failed before the last, not mere waiting', () => {
    const events = [
      { occurred_at: 't1', detail: { attempt: 1, until: 5, error: { message: '503' } } }, { occurred_at: 't2', detail: { attempt: 1, until: 9 } },
    ]
    expect(toStepDetail({ step: 'a', item: '0' }, answer({ run_events: events })).attempts).toEqual([{ attempt: 1, at: 't1', error: expect.objectContaining({ message: '503' }) }])
  })
  it('of an item has its values under the item’s number', () => {
    expect(toStepDetail({ step: 'a', item: '3000002' }, answer({ run_values: [{ slot: 'step.a[3000002].input', size_bytes: 4 }] }))).toMatchObject({ input: { value: null }, output: null })
  })
})
