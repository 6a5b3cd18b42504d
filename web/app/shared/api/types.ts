import { id } from '../ids'
import type {
  ActionId, AppId, AppVersionId, ConnectionId, RunId, TenantId, TokenId, TriggerId, UserId, VersionId, WorkflowId,
} from '../ids'
import { array, boolean, json, maybe, number, object, string, withDefault, word, type Parser } from './parse'

// One parser per entity of the REST contract; the type is what the parser returns.
export const run_states = ['queued', 'running', 'waiting', 'success', 'failed', 'canceled'] as const
export const step_states = [...run_states, 'skipped'] as const
export const failure_kinds = ['workflow', 'provider', 'limit', 'platform'] as const
export const roles = ['owner', 'admin', 'builder', 'viewer'] as const
export const auth_kinds = ['none', 'api_key', 'basic', 'bearer', 'headers'] as const

export type RunState = (typeof run_states)[number]
export type StepState = (typeof step_states)[number]
export type FailureKind = (typeof failure_kinds)[number]
export type Role = (typeof roles)[number]
export type AuthKind = (typeof auth_kinds)[number]

const errorOf: Parser<StepError> = (value, at) => {
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

const runFields = {
  id: id<RunId>(),
  workflow_id: id<WorkflowId>(),
  workflow_key: withDefault(string, ''),
  workflow_name: withDefault(string, ''),
  version_number: maybe(number),
  trigger_id: maybe(id<TriggerId>()),
  state: word(run_states),
  failure_kind: maybe(word(failure_kinds)),
  error: maybe(errorOf),
  created_at: string,
  started_at: maybe(string),
  finished_at: maybe(string),
  duration_ms: maybe(number),
  rerun_of: maybe(id<RunId>()),
  is_cancel_requested: withDefault(boolean, false),
}
export const run = object(runFields)
export type Run = ReturnType<typeof run>

const stepFields = {
  step_id: string,
  position: withDefault(number, 0),
  uses: withDefault(string, ''),
  state: word(step_states),
  attempt: withDefault(number, 0),
  failure_kind: maybe(word(failure_kinds)),
  error: maybe(errorOf),
  started_at: maybe(string),
  finished_at: maybe(string),
  duration_ms: maybe(number),
}
export const step = object({ ...stepFields, has_input: withDefault(boolean, false), has_output: withDefault(boolean, false) })
export type Step = ReturnType<typeof step>
export const stepDetail = object({
  ...stepFields,
  input: maybe(json),
  output: maybe(json),
  attempts: withDefault(array(object({ attempt: number, at: maybe(string), error: maybe(errorOf) })), []),
})
export type StepDetail = ReturnType<typeof stepDetail>
export const runDetail = object({
  ...runFields,
  input: maybe(json),
  output: maybe(json),
  trigger: maybe(json),
  tier: maybe(string),
  steps: withDefault(array(step), []),
})
export type RunDetail = ReturnType<typeof runDetail>
export const logLine = object({ seq: number, logged_at: string, level: string, step_id: maybe(string), message: string })
export type LogLine = ReturnType<typeof logLine>
export const runStarted = object({ run_id: id<RunId>() })
export const liveRun = object({ id: id<RunId>(), state: word(run_states), workflow_id: maybe(id<WorkflowId>()) })
export type LiveRun = ReturnType<typeof liveRun>

export const workflow = object({
  id: id<WorkflowId>(),
  key: string,
  name: string,
  description: withDefault(string, ''),
  published_version_id: maybe(id<VersionId>()),
  published_version_number: maybe(number),
  created_at: maybe(string),
  updated_at: maybe(string),
})
export type Workflow = ReturnType<typeof workflow>
export const draft = object({ definition: json, revision: maybe(number), updated_at: maybe(string) })
export type Draft = ReturnType<typeof draft>
export const validation = object({
  valid: boolean,
  problems: withDefault(array(object({ field: withDefault(string, ''), message: string })), []),
})
export type Validation = ReturnType<typeof validation>
export const version = object({ id: id<VersionId>(), number, content_hash: withDefault(string, ''), published_at: maybe(string) })
export type Version = ReturnType<typeof version>
export const versionDetail = object({ id: id<VersionId>(), number, definition: json, published_at: maybe(string) })
export type VersionDetail = ReturnType<typeof versionDetail>

export const trigger = object({
  id: id<TriggerId>(),
  workflow_id: maybe(id<WorkflowId>()),
  kind: string,
  name: string,
  state: withDefault(word(['active', 'inactive']), 'inactive'),
  config: withDefault(json, {}),
  url: maybe(string),
  secret: maybe(string),
  created_at: maybe(string),
})
export type Trigger = ReturnType<typeof trigger>
export const rotated = object({ url: maybe(string), secret: maybe(string) })

export const app = object({
  id: id<AppId>(), key: string, name: string, description: withDefault(string, ''), updated_at: maybe(string),
})
export type App = ReturnType<typeof app>
export const appVersion = object({
  id: id<AppVersionId>(),
  major: number,
  minor: withDefault(number, 0),
  status: word(['draft', 'published', 'deprecated']),
  manifest: json,
  published_at: maybe(string),
})
export type AppVersion = ReturnType<typeof appVersion>
export const action = object({ id: id<ActionId>(), key: string, name: string, definition: json })
export type Action = ReturnType<typeof action>

export const connection = object({
  id: id<ConnectionId>(),
  key: string,
  name: string,
  app_id: id<AppId>(),
  auth_kind: word(auth_kinds),
  status: withDefault(word(['unverified', 'ok', 'failing']), 'unverified'),
  revision: withDefault(number, 1),
  last_used_at: maybe(string),
  created_at: maybe(string),
  updated_at: maybe(string),
})
export type Connection = ReturnType<typeof connection>

export const token = object({
  id: id<TokenId>(),
  name: string,
  hint: withDefault(string, ''),
  role: word(roles),
  created_at: maybe(string),
  last_used_at: maybe(string),
  expires_at: maybe(string),
  revoked_at: maybe(string),
  token: maybe(string),
})
export type Token = ReturnType<typeof token>
