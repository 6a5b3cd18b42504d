import { id } from '../ids'
import type { AppId, RunId, TenantId, TriggerId, UserId, VersionId, WorkflowId } from '../ids'
import { array, boolean, isRecord, json, maybe, number, object, string, withDefault, word, type Parser } from './parse'

// The words of the data model, and one parser per answer of the REST contract; the type is what the parser returns.
export const run_states = ['queued', 'running', 'waiting', 'success', 'failed', 'canceled'] as const
export const step_states = [...run_states, 'skipped', 'not_reached'] as const
export const failure_kinds = ['workflow', 'provider', 'limit', 'platform'] as const
export const roles = ['owner', 'admin', 'builder', 'viewer'] as const
export const auth_kinds = ['none', 'api_key', 'basic', 'bearer', 'headers'] as const

export type RunState = (typeof run_states)[number]
export type StepState = (typeof step_states)[number]
export type FailureKind = (typeof failure_kinds)[number]
export type Role = (typeof roles)[number]
export type AuthKind = (typeof auth_kinds)[number]

/** Why a run or a step failed, as the engine wrote it down. */
export const errorOf: Parser<StepError> = (value, at) => {
  if (typeof value === 'string') return { message: value, field: null, step_id: null, line: null, column: null, status: null }
  return errorObject(value, at)
}
const errorObject = object({
  message: withDefault(string, ''),
  field: maybe(string),
  step_id: maybe(string),
  line: maybe(number),
  column: maybe(number),
  /** What the other system answered. */
  status: maybe(number),
})
export type StepError = ReturnType<typeof errorObject>

const user = object({ id: id<UserId>(), email: string, name: string })
const tenant = object({ id: id<TenantId>(), slug: string, name: string })
export const authStatus = object({
  claimed: boolean,
  user: maybe(user),
  tenant: maybe(tenant),
  role: maybe(word(roles)),
  permissions: withDefault(array(string), []),
})
export type AuthStatus = ReturnType<typeof authStatus>
export const tenantChoices = array(object({ slug: string, name: string }))

/** What somebody who decides may look at. */
const approvalFiles = withDefault(array(object({ id: string, name: string, type: string, size: number })), [])
export const approvalAsked = object({
  title: string, description: string, is_for_members: boolean, form: withDefault(json, null), run_id: id<RunId>(), step_id: string,
  iteration: withDefault(number, 0), until: string, files: approvalFiles,
})
/** Who decides, and how; nobody named: whoever has the address. */
const policy = { approvers: withDefault(array(string), []), need: withDefault(number, 1), veto: withDefault(boolean, false) }
export const approvalPolicy = object(policy)
const approvalItem = object({
  run_id: id<RunId>(), step_id: string, iteration: withDefault(number, 0), workflow_name: maybe(string), title: string, description: string,
  ...policy, may_decide: boolean, approvals: number, rejections: number, until: string,
})
export type ApprovalItem = ReturnType<typeof approvalItem>
export const approval_states = ['open', 'answered', 'closed'] as const
export const approvalItems = object({ items: array(approvalItem) })
export const approval = object({
  run_id: id<RunId>(), step_id: string, title: string, description: string, ...policy, may_decide: boolean, has_decided: boolean, approvals: number, rejections: number,
  until: string, state: word(approval_states), form: withDefault(json, null), files: approvalFiles,
  decisions: withDefault(array(object({ by: string, approved: boolean, at: string })), []),
})
export type Approval = ReturnType<typeof approval>
const fileKept = object({ id: string, name: string, type: string, size: number, sha256: string })
/** What a run's input says of an uploaded file. */
export function fileHandle(answer: unknown): string {
  const { id: $file, ...about } = fileKept(answer, 'answer')
  return JSON.stringify({ $file, ...about })
}
export const runStarted = object({ run_id: id<RunId>() })
/** Calls of a step that may act twice when they are made again. */
const runEffect = object({ step_id: string, uses: string, effect: word(['keyed', 'unsafe']), calls: number, last_at: maybe(string) })
export type RunEffect = ReturnType<typeof runEffect>
export const runEffects = array(runEffect)
/** What repeating a run would do; no number is that of a test. */
export const rerunPlan = object({ version_number: maybe(number), kept: array(string), again: array(string), effects: runEffects })
export type RerunPlan = ReturnType<typeof rerunPlan>
const texts: Parser<Record<string, string>> = (value, at) => {
  const all = json(value, at)
  if (!isRecord(all)) return {}
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, string(one, `${at}.${name}`)]))
}
const runFound = object({
  id: id<RunId>(), workflow_id: id<WorkflowId>(), workflow_key: maybe(string), workflow_name: maybe(string), workflow_version_id: id<VersionId>(),
  version_number: maybe(number), trigger_id: maybe(id<TriggerId>()), rerun_of: maybe(id<RunId>()), cause: maybe(string), parent_run_id: maybe(id<RunId>()),
  parent_step_id: maybe(string), state: word(run_states), failure_kind: maybe(word(failure_kinds)), error: maybe(errorOf), canceled_by_name: maybe(string),
  cancel_reason: maybe(string), is_cancel_requested: boolean, held: maybe(object({ rule: string })), created_at: string, started_at: maybe(string),
  finished_at: maybe(string), duration_ms: maybe(number), tags: withDefault(array(string), []), index: withDefault(texts, {}),
})
export type RunFound = ReturnType<typeof runFound>
export const foundRuns = object({ items: array(runFound), next: maybe(string) })
export const valueShape = object({
  path: string, kind: string, size_bytes: number, items: maybe(number), has_more_keys: boolean,
  keys: array(object({ name: string, count: number, kinds: array(string), size_bytes: number, example: json })),
  rows: array(object({ offset: number, size_bytes: number, is_large: boolean, value: json })),
})
export const usageRow = object({
  day: maybe(string),
  workflow_id: maybe(id<WorkflowId>()),
  workflow_key: maybe(string),
  workflow_name: maybe(string),
  runs: number,
  steps: number,
  cpu_us: number,
  memory_byte_seconds: number,
  bytes_in: number,
  bytes_out: number,
  calls: number,
})
export type UsageRow = ReturnType<typeof usageRow>
export const usagePage = object({ items: array(usageRow), next: maybe(string) })
export type UsagePage = ReturnType<typeof usagePage>
export const runsRepeated = object({
  started: array(object({ run_id: id<RunId>(), rerun_of: id<RunId>() })),
  left: array(object({ run_id: id<RunId>(), reason: string })),
  next: maybe(string),
})
export type RunsRepeated = ReturnType<typeof runsRepeated>
export const workflowMade = object({ id: id<WorkflowId>() })
export const draft = object({ definition: json, revision: maybe(number), updated_at: maybe(string) })
export type Draft = ReturnType<typeof draft>
export const validation = object({
  valid: boolean,
  problems: withDefault(array(object({ field: withDefault(string, ''), message: string })), []),
  warnings: withDefault(array(string), []),
})
export type Validation = ReturnType<typeof validation>

export const node_fits = ['by_hand', 'adapted', 'exact'] as const
export type NodeFit = (typeof node_fits)[number]
/** A workflow of another product: what would be saved, and what became of each of its nodes. */
export const imported = object({
  name: string,
  key: string,
  definition: json,
  triggers: array(object({ kind: string, name: string, config: json })),
  nodes: array(object({ node: string, type: string, step: string, fit: word(node_fits), notes: array(string) })),
  notes: array(string),
})
export type Imported = ReturnType<typeof imported>

/** The parts of a webhook that are secret; its signing secret is shown once. */
const sealed = { url: maybe(string), secret: maybe(string) }
export const triggerMade = object({ id: id<TriggerId>(), ...sealed })
export const triggerAddress = object(sealed)
export const sample_states = ['none', 'listening', 'captured', 'failed', 'made'] as const
/** The newest event of a trigger that was captured: what a run would see as its input and trigger. */
export const triggerSample = object({
  state: word(sample_states),
  listening_until: maybe(string),
  captured_at: maybe(string),
  problem: maybe(string),
  is_hidden: boolean,
  event: json,
})
export type TriggerSample = ReturnType<typeof triggerSample>
/** How a trigger fares. */
export const triggerHealth = object({ health: string, missed_at: maybe(string), missed_reason: maybe(string), day_runs: number, day_runs_is_more: boolean, day_missed: number })
/** Runs of a trigger, and what it did not take. */
export const triggerHistory = object({
  items: array(object({ id: string, at: string, run_id: maybe(id<RunId>()), run_state: maybe(word(run_states)), reason: maybe(string), events: number, detail: maybe(string) })),
  next: maybe(string),
})
/** When a schedule would fire; `local` is what the clocks of its zone show then. */
export const schedulePreview = object({ times: array(object({ at: string, local: string })), tzdata: string })
export type SchedulePreview = ReturnType<typeof schedulePreview>
export const zones = object({ tzdata: string, names: array(string) })
/** A webhook's signing secret is shown once. */
export const alertMade = object({ secret: maybe(string) })
export const alertTested = object({ is_testing: boolean, tested_at: maybe(string), test_problem: maybe(string) })
export const appMade = object({ id: id<AppId>() })
export const tokenMade = object({ token: string })
