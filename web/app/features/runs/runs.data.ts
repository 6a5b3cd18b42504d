import { approvalPolicy, errorOf, failure_kinds, isRecord, run_states, step_states, word, type FailureKind, type Json, type RunFound, type RunState, type StepError, type StepState } from '~/shared/api'
import type {
  LiveRunSubscription, LogRowFragment, RunInLineQuery, RunRowFragment, RunStepQuery, StepRowFragment, WaitRowFragment,
} from '~/shared/graphql/generated'
import type { RunId, TriggerId, VersionId, WorkflowId } from '~/shared/ids'
import type { Place } from './loops.logic'
import { keptOf, type Kept } from './values.logic'

// What the views show, from the rows that GraphQL gives.
interface Timed {
  started_at: string | null
  finished_at: string | null
  /** Null until it ended. */
  duration_ms: number | null
}
export interface Run extends Timed {
  id: RunId
  workflow_id: WorkflowId
  workflow_key: string
  workflow_name: string
  version_id: VersionId
  version_number: number | null
  /** Of what is not published: it has no version. */
  is_test: boolean
  trigger_id: TriggerId | null
  rerun_of: RunId | null
  /** Why another run began it, and which; null when none did. */
  cause: Cause | null
  parent_run_id: RunId | null
  parent_step_id: string | null
  state: RunState
  failure_kind: FailureKind | null
  error: StepError | null
  created_at: string
  /** The rule of its workflow that keeps it from beginning. */
  held_at: HeldAt | null
  /** Who asked it to stop, and why, as far as they said; null while nobody did. `at`: since when it is asked for, or canceled. */
  cancel: { by: string | null; reason: string | null; at: string | null } | null
  /** What it is found by, where that was asked for. */
  tags?: string[]
  index?: Record<string, string>
}
export const held_at = ['breaker', 'debounce', 'throttle', 'concurrency'] as const
export type HeldAt = (typeof held_at)[number]
/** Where a run stands that may not begin yet: its key at the rule, and how many stand before it, counted up to 1,000. */
export interface InLine {
  key: string
  ahead: number
}
export const causes = ['child', 'handler', 'follower'] as const
export type Cause = (typeof causes)[number]
/** A run that a step began. */
export interface Child {
  id: RunId
  state: RunState
  name: string
}
export const wait_kinds = ['callback', 'event', 'approval', 'child'] as const
export const step_sources = ['rerun', 'pin'] as const
export type StepSource = (typeof step_sources)[number]
/** What somebody outside does to end a wait. */
export interface Wait {
  kind: (typeof wait_kinds)[number]
  until: string
  /** Of an event. */
  event: { name: string; key: string } | null
  /** Of an approval; nobody named: whoever has its address decides. */
  policy: { approvers: string[]; need: number; veto: boolean } | null
  /** The run whose end it waits for. */
  child: { id: RunId; name: string } | null
}
export interface Step extends Timed {
  step_id: string
  /** The number of its item, a 64-bit number; "0" outside of loops. */
  iteration: string
  position: number
  /** The action it performs; empty until the definition is known. */
  uses: string
  state: StepState
  attempt: number
  failure_kind: FailureKind | null
  error: StepError | null
  /** Where its output comes from when the run has not done it: the run that it repeats, or who tests. */
  source: StepSource | null
  /** Who or what it waits for, while it does; null of a sleep, and of steps in loops. */
  wait: Wait | null
}
/** What work has cost until it was last written. */
export interface Cost {
  cpu_us: number
  memory_byte_seconds: number
  bytes_in: number
  bytes_out: number
  calls: number
}
export interface RunDetail extends Run {
  /** Of the workflow whose run began it; empty when that is gone. */
  parent_name: string
  tier: string | null
  is_cancel_requested: boolean
  /** What it is found by: tags, whose name is `tag`, and values of its index. */
  marks: { name: string; value: string }[]
  cost: Cost
  /** Those outside of loops. */
  steps: Step[]
}
export interface Attempt {
  attempt: number
  at: string
  error: StepError
}
export interface StepDetail {
  /** Null when there is none; a value that is null is `{ value: null }`. */
  input: Kept | null
  output: Kept | null
  /** The failed attempts that a later one followed. */
  attempts: Attempt[]
  /** Who or what it waits for, also in a loop. */
  wait: Wait | null
  /** The newest runs that it began: one for each attempt. */
  children: Child[]
  /** When a sleep ends, or the next attempt begins, as last said. */
  until: string | null
  /** Of all its attempts. */
  cost: Cost | null
}
export interface LogLine {
  /** A 64-bit number: grows along the log. */
  seq: string
  logged_at: string
  level: string
  step_id: string | null
  iteration: string
  message: string
  /** An object, or null. */
  fields: Json
}

const failureKind = word(failure_kinds)
const errorIn = (error: Json) => (error === null ? null : errorOf(error, 'error'))

function spanMs(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from))
}

function outcome(row: { failure_kind: string | null; error: Json }): { failure_kind: FailureKind | null; error: StepError | null } {
  return { failure_kind: row.failure_kind === null ? null : failureKind(row.failure_kind, 'failure_kind'), error: errorIn(row.error) }
}

export function toRun(row: RunRowFragment): Run {
  return {
    ...row,
    ...outcome(row),
    state: word(run_states)(row.state, 'run.state'),
    cause: row.cause === null ? null : word(causes)(row.cause, 'run.cause'),
    workflow_key: row.workflow?.key ?? '',
    workflow_name: row.workflow?.name ?? '',
    version_id: row.workflow_version_id,
    version_number: row.version?.number ?? null,
    // Versions go with their workflow only.
    is_test: row.version === null && row.workflow !== null,
    duration_ms: spanMs(row.started_at ?? row.created_at, row.finished_at),
    held_at: row.job?.state === 'held' && row.job.stage !== null ? word(held_at)(row.job.stage, 'job.stage') : null,
    cancel: cancelOf(row),
  }
}

/** A run as the list of the REST contract shows it. */
export function runFound(row: RunFound): Run {
  const { workflow_version_id, is_cancel_requested, held, canceled_by_name: by, cancel_reason: reason, ...rest } = row
  return {
    ...rest,
    workflow_key: row.workflow_key ?? '',
    workflow_name: row.workflow_name ?? '',
    version_id: workflow_version_id,
    is_test: row.version_number === null && row.workflow_key !== null,
    cause: row.cause === null ? null : word(causes)(row.cause, 'run.cause'),
    held_at: held === null ? null : word(held_at)(held.rule, 'run.held'),
    cancel: row.state === 'canceled' || is_cancel_requested ? { by, reason, at: row.finished_at } : null,
  }
}

/** Null once it may begin. */
export function toInLine({ jobs: [job] }: RunInLineQuery): InLine | null {
  return job ? { key: job.gate ?? '', ahead: Number(job.runs_ahead ?? 0) } : null
}

export function toStep(row: StepRowFragment): Step {
  return { ...row, ...outcome(row), state: word(step_states)(row.state, 'step.state'), uses: '', source: row.source === null ? null : word(step_sources)(row.source, 'step.source'), wait: null, duration_ms: spanMs(row.started_at, row.finished_at) }
}

function nameOf(workflow: { key: string; name: string } | null | undefined): string {
  return workflow?.name || workflow?.key || ''
}

export function toWait(row: WaitRowFragment): Wait {
  const kind = word(wait_kinds)(row.kind, 'wait.kind')
  return {
    kind,
    until: row.deadline_at,
    event: row.event_name === null ? null : { name: row.event_name, key: row.event_key ?? '' },
    policy: kind === 'approval' ? approvalPolicy(row.policy ?? {}, 'wait.policy') : null,
    child: row.child_run_id === null ? null : { id: row.child_run_id, name: nameOf(row.child?.workflow) },
  }
}

export function toRunDetail(row: LiveRunSubscription['runs'][number]): RunDetail {
  const waits = new Map(row.waits.map((w) => [w.step_id, toWait(w)]))
  return {
    ...toRun(row), parent_name: nameOf(row.parent?.workflow), tier: row.tier, is_cancel_requested: row.job?.cancel_requested_at != null, marks: row.marks,
    cost: costOf(row),
    steps: row.steps.map((s) => ({ ...toStep(s), wait: s.state === 'waiting' ? (waits.get(s.step_id) ?? null) : null })),
  }
}

/** The job knows while it lives, the run once it has ended as canceled. */
function cancelOf({ state, job, finished_at, canceled_by_name, cancel_reason }: RunRowFragment): Run['cancel'] {
  if (state === 'canceled') return { by: canceled_by_name, reason: cancel_reason, at: finished_at }
  return job?.cancel_requested_at == null ? null : { by: job.canceled_by_name, reason: job.cancel_reason, at: job.cancel_requested_at }
}

/** Where the values of a step are kept. */
export function slotsOf({ step, item }: Place): { input: string; output: string } {
  const name = item === '0' ? step : `${step}[${item}]`
  return { input: `step.${name}.input`, output: `step.${name}.output` }
}

export function toStepDetail(place: Place, answer: RunStepQuery): StepDetail {
  const slots = slotsOf(place)
  return {
    input: keptOf(answer.run_values, slots.input, answer.given[0]?.input, { of: 'input', ...place }),
    output: keptOf(answer.run_values, slots.output, answer.made[0]?.output, { of: 'output', ...place }),
    attempts: answer.run_events.flatMap(({ occurred_at, detail }) =>
      isRecord(detail) && detail.error != null ? [{ attempt: Number(detail.attempt ?? 0), at: occurred_at, error: errorOf(detail.error, 'attempt.error') }] : [],
    ),
    wait: answer.run_waits[0] === undefined ? null : toWait(answer.run_waits[0]),
    children: answer.children.map((c) => ({ id: c.id, state: word(run_states)(c.state, 'run.state'), name: nameOf(c.workflow) })),
    until: untilOf(answer.run_events.at(-1)?.detail),
    cost: answer.cost[0] === undefined ? null : costOf(answer.cost[0]),
  }
}

/** Counters are 64-bit numbers, hence texts. */
function costOf(row: Record<keyof Cost, string>): Cost {
  return {
    cpu_us: Number(row.cpu_us), memory_byte_seconds: Number(row.memory_byte_seconds), bytes_in: Number(row.bytes_in), bytes_out: Number(row.bytes_out), calls: Number(row.calls),
  }
}

function untilOf(detail: Json | undefined): string | null {
  const at = new Date(isRecord(detail) && detail.until !== undefined ? Number(detail.until) : Number.NaN)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}

export function toLogLine(row: LogRowFragment): LogLine {
  return row
}
