// Made by tools/codegen.ts from schema.graphql and the *.graphql files of the features. Do not edit: change those and run it.
import { array, boolean, json, maybe, number, object, string, type Json } from '../api/parse'
import { uuid, type Uuid } from '../ids'
import { operation, type Operation } from './operation'

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type String_comparison_exp = {
  _eq?: string | null | undefined;
  _gt?: string | null | undefined;
  _gte?: string | null | undefined;
  _ilike?: string | null | undefined;
  _in?: Array<string> | null | undefined;
  _iregex?: string | null | undefined;
  _is_null?: boolean | null | undefined;
  _like?: string | null | undefined;
  _lt?: string | null | undefined;
  _lte?: string | null | undefined;
  _neq?: string | null | undefined;
  _nilike?: string | null | undefined;
  _nin?: Array<string> | null | undefined;
  _niregex?: string | null | undefined;
  _nlike?: string | null | undefined;
  _nregex?: string | null | undefined;
  _nsimilar?: string | null | undefined;
  _regex?: string | null | undefined;
  _similar?: string | null | undefined;
};

export type bigint_comparison_exp = {
  _eq?: string | null | undefined;
  _gt?: string | null | undefined;
  _gte?: string | null | undefined;
  _in?: Array<string> | null | undefined;
  _is_null?: boolean | null | undefined;
  _lt?: string | null | undefined;
  _lte?: string | null | undefined;
  _neq?: string | null | undefined;
  _nin?: Array<string> | null | undefined;
};

export type timestamptz_comparison_exp = {
  _eq?: string | null | undefined;
  _gt?: string | null | undefined;
  _gte?: string | null | undefined;
  _in?: Array<string> | null | undefined;
  _is_null?: boolean | null | undefined;
  _lt?: string | null | undefined;
  _lte?: string | null | undefined;
  _neq?: string | null | undefined;
  _nin?: Array<string> | null | undefined;
};

export type uuid_comparison_exp = {
  _eq?: string | null | undefined;
  _gt?: string | null | undefined;
  _gte?: string | null | undefined;
  _in?: Array<string> | null | undefined;
  _is_null?: boolean | null | undefined;
  _lt?: string | null | undefined;
  _lte?: string | null | undefined;
  _neq?: string | null | undefined;
  _nin?: Array<string> | null | undefined;
};

export type AlertsQueryVariables = Exact<{
  before: string;
  like: string;
  limit: number;
}>;


export type AlertsQuery = { alerts: Array<{ id: Uuid, name: string, workflow_id: Uuid | null, states: Array<string>, failure_kinds: Array<string> | null, channel: string, target: string, group_ms: string, quiet: Json | null, state: string, pending: string, message_ends: string, sent_at: string | null, sent: string, lost: string, failing_since: string | null, problem: string | null, workflow: { name: string, key: string } | null }> };

export type AppRowFragment = { id: Uuid, key: string, name: string, description: string };

export type AppVersionRowFragment = { id: Uuid, major: number, minor: number, state: string, manifest: Json };

export type AppsQueryVariables = Exact<{
  before: string;
  like: string;
  limit: number;
}>;


export type AppsQuery = { apps: Array<AppRowFragment> };

export type AppQueryVariables = Exact<{
  id: string;
}>;


export type AppQuery = { apps: Array<AppRowFragment> };

export type AppVersionsQueryVariables = Exact<{
  app: string;
}>;


export type AppVersionsQuery = { app_versions: Array<AppVersionRowFragment> };

export type AppActionsQueryVariables = Exact<{
  version: string;
}>;


export type AppActionsQuery = { actions: Array<{ id: Uuid, key: string, name: string, definition: Json }> };

export type ConnectionsQueryVariables = Exact<{
  before: string;
  like: string;
  limit: number;
}>;


export type ConnectionsQuery = { connections: Array<{ id: Uuid, key: string, name: string, app_id: Uuid, auth_kind: string, state: string, last_used_at: string | null, last_error_status: number | null, last_error_at: string | null, breaker_failures: number, breaker_within_ms: string, breaker_open_ms: string, circuit: string, circuit_until: string | null, circuit_opened_at: string | null, circuit_reason: string | null, app: { name: string } | null }> };

export type ConnectableAppsQueryVariables = Exact<{ [key: string]: never; }>;


export type ConnectableAppsQuery = { apps: Array<AppRowFragment> };

export type DeadLettersQueryVariables = Exact<{
  before: string;
  workflow: uuid_comparison_exp;
  class: String_comparison_exp;
  since: timestamptz_comparison_exp;
  limit: number;
}>;


export type DeadLettersQuery = { dead_letters: Array<{ run_id: Uuid, workflow_id: Uuid, reason: string, error_class: string, step_id: string | null, is_poison: boolean, tries: number, created_at: string, workflow: { key: string, name: string } | null }> };

export type RunRowFragment = { id: Uuid, workflow_id: Uuid, workflow_version_id: Uuid, trigger_id: Uuid | null, rerun_of: Uuid | null, cause: string | null, parent_run_id: Uuid | null, parent_step_id: string | null, state: string, failure_kind: string | null, error: Json | null, created_at: string, started_at: string | null, finished_at: string | null, canceled_by_name: string | null, cancel_reason: string | null, workflow: { key: string, name: string } | null, version: { number: number } | null, job: { state: string, stage: string | null, cancel_requested_at: string | null, canceled_by_name: string | null, cancel_reason: string | null } | null };

export type StepRowFragment = { step_id: string, iteration: string, position: number, state: string, attempt: number, failure_kind: string | null, error: Json | null, started_at: string | null, finished_at: string | null, source: string | null };

export type WaitRowFragment = { step_id: string, kind: string, child_run_id: Uuid | null, deadline_at: string, event_name: string | null, event_key: string | null, policy: Json | null, child: { workflow: { key: string, name: string } | null } | null };

export type LogRowFragment = { seq: string, logged_at: string, level: string, step_id: string | null, iteration: string, message: string, fields: Json | null };

export type LatestRunsSubscriptionVariables = Exact<{
  workflow: uuid_comparison_exp;
  state: String_comparison_exp;
  limit: number;
}>;


export type LatestRunsSubscription = { runs: Array<RunRowFragment> };

export type OlderRunsQueryVariables = Exact<{
  workflow: uuid_comparison_exp;
  state: String_comparison_exp;
  before: string;
  limit: number;
}>;


export type OlderRunsQuery = { runs: Array<RunRowFragment> };

export type SomeRunsSubscriptionVariables = Exact<{
  ids: Array<string> | string;
  limit: number;
}>;


export type SomeRunsSubscription = { runs: Array<RunRowFragment> };

export type LiveRunSubscriptionVariables = Exact<{
  id: string;
}>;


export type LiveRunSubscription = { runs: Array<(
    { tier: string | null, cpu_us: string, memory_byte_seconds: string, bytes_in: string, bytes_out: string, calls: string, steps: Array<StepRowFragment>, waits: Array<WaitRowFragment>, parent: { workflow: { key: string, name: string } | null } | null, marks: Array<{ name: string, value: string }> }
    & RunRowFragment
  )> };

export type RunChildrenSubscriptionVariables = Exact<{
  id: string;
  limit: number;
}>;


export type RunChildrenSubscription = { runs: Array<RunRowFragment> };

export type RunInLineQueryVariables = Exact<{
  id: string;
}>;


export type RunInLineQuery = { jobs: Array<{ stage: string | null, gate: string | null, runs_ahead: string | null }> };

export type RunSizesQueryVariables = Exact<{
  run: string;
  slots: Array<string> | string;
}>;


export type RunSizesQuery = { run_values: Array<{ slot: string, size_bytes: number }> };

export type RunDataQueryVariables = Exact<{
  input: Array<string> | string;
  output: Array<string> | string;
  trigger: Array<string> | string;
}>;


export type RunDataQuery = { given: Array<{ input: Json | null }>, made: Array<{ output: Json | null }>, begun: Array<{ trigger_data: Json | null }> };

export type RunAgainQueryVariables = Exact<{
  id: string;
}>;


export type RunAgainQuery = { runs: Array<{ input: Json | null, version: { definition: Json } | null, workflow: { published_version: { number: number, definition: Json } | null } | null }> };

export type RunDefinitionQueryVariables = Exact<{
  version: string;
  workflow: string;
}>;


export type RunDefinitionQuery = { workflow_versions: Array<{ definition: Json }>, workflow_drafts: Array<{ definition: Json }> };

export type LoopItemsSubscriptionVariables = Exact<{
  run: string;
  steps: Array<string> | string;
  items: bigint_comparison_exp;
  limit: number;
}>;


export type LoopItemsSubscription = { run_steps: Array<StepRowFragment> };

export type LoopFailedQueryVariables = Exact<{
  run: string;
  fatal: Array<string> | string;
  after: string;
  until: string;
  limit: number;
  offset: number;
}>;


export type LoopFailedQuery = { run_steps: Array<{ iteration: string }> };

export type LoopCountsQueryVariables = Exact<{
  run: string;
  first: string;
  last: string;
  fatal: Array<string> | string;
  after: string;
  until: string;
}>;


export type LoopCountsQuery = { newest: Array<{ iteration: string }>, ended: { aggregate: { count: number } | null }, good: { aggregate: { count: number } | null }, failed: { aggregate: { count: number } | null } };

export type LiveItemStepSubscriptionVariables = Exact<{
  run: string;
  step: string;
  iteration: string;
}>;


export type LiveItemStepSubscription = { run_steps: Array<StepRowFragment> };

export type RunStepQueryVariables = Exact<{
  run: string;
  step: string;
  iteration: string;
  given: string;
  made: string;
  slots: Array<string> | string;
}>;


export type RunStepQuery = { given: Array<{ input: Json | null }>, made: Array<{ output: Json | null }>, cost: Array<{ cpu_us: string, memory_byte_seconds: string, bytes_in: string, bytes_out: string, calls: string }>, run_values: Array<{ slot: string, size_bytes: number }>, run_waits: Array<WaitRowFragment>, children: Array<{ id: Uuid, state: string, workflow: { key: string, name: string } | null }>, run_events: Array<{ occurred_at: string, detail: Json }> };

export type RunLogQueryVariables = Exact<{
  run: string;
  after: string;
  limit: number;
}>;


export type RunLogQuery = { run_logs: Array<LogRowFragment> };

export type RunLogFollowSubscriptionVariables = Exact<{
  run: string;
  after: string;
}>;


export type RunLogFollowSubscription = { run_logs_stream: Array<LogRowFragment> };

export type TokensQueryVariables = Exact<{
  before: string;
  like: string;
  now: string;
  limit: number;
}>;


export type TokensQuery = { tokens: Array<{ id: Uuid, name: string, role: string, hint: string, last_used_at: string | null, expires_at: string }> };

export type WorkflowRowFragment = { id: Uuid, key: string, name: string, description: string, state: string, has_unpublished_changes: boolean | null, updated_at: string, published_version_id: Uuid | null, published_version: { number: number } | null };

export type WorkflowsQueryVariables = Exact<{
  before: string;
  like: string;
  state: String_comparison_exp;
  limit: number;
}>;


export type WorkflowsQuery = { workflows: Array<WorkflowRowFragment> };

export type WorkflowQueryVariables = Exact<{
  id: string;
}>;


export type WorkflowQuery = { workflows: Array<WorkflowRowFragment> };

export type WorkflowNamesQueryVariables = Exact<{ [key: string]: never; }>;


export type WorkflowNamesQuery = { workflows: Array<{ id: Uuid, key: string, name: string }> };

export type WorkflowDraftQueryVariables = Exact<{
  id: string;
}>;


export type WorkflowDraftQuery = { workflow_drafts: Array<{ definition: Json, revision: number, updated_at: string }> };

export type WorkflowVersionsQueryVariables = Exact<{
  workflow: string;
  before: string;
  limit: number;
}>;


export type WorkflowVersionsQuery = { workflow_versions: Array<{ id: Uuid, number: number, published_at: string }> };

export type WorkflowVersionQueryVariables = Exact<{
  id: string;
}>;


export type WorkflowVersionQuery = { workflow_versions: Array<{ id: Uuid, number: number, definition: Json, published_at: string }> };

export type WorkflowTriggersQueryVariables = Exact<{
  workflow: string;
  before: string;
  limit: number;
}>;


export type WorkflowTriggersQuery = { triggers: Array<{ id: Uuid, kind: string, name: string, state: string, trigger_health: string | null, trigger_setup: string | null, config: Json, schedule: { next_slot_at: string | null, due_at: string | null, waiting_slot_at: string | null, last_fired_at: string | null, last_run_id: Uuid | null, fired: string, missed: string, skipped: string, problem: string | null } | null, poll: { due_at: string | null, polled_at: string | null, event_at: string | null, last_run_id: Uuid | null, polls: string, items: string, fired: string, filtered: string, failing_since: string | null, problem: string | null } | null, refused_deliveries: Array<{ reason: string, status: number, content_type: string, address: string, last_at: string, deliveries: string, size_bytes: string }> }> };

export type StepRunsQueryVariables = Exact<{
  workflow: string;
  steps: Array<string> | string;
}>;


export type StepRunsQuery = { runs: Array<{ id: Uuid, created_at: string, version: { number: number } | null, steps: Array<{ step_id: string }> }> };

export type StepOutputsQueryVariables = Exact<{
  run: string;
  steps: Array<string> | string;
}>;


export type StepOutputsQuery = { run_steps: Array<{ step_id: string, output: Json | null }> };

export type WorkflowPauseQueryVariables = Exact<{
  id: string;
}>;


export type WorkflowPauseQuery = { workflow_pauses: Array<{ state: string, until: string | null, opened_at: string | null, reason: string | null, probe_run_id: Uuid | null }> };

const AppRow = { id: uuid, key: string, name: string, description: string }
const AppVersionRow = { id: uuid, major: number, minor: number, state: string, manifest: json }
const RunRow = { id: uuid, workflow_id: uuid, workflow_version_id: uuid, trigger_id: maybe(uuid), rerun_of: maybe(uuid), cause: maybe(string), parent_run_id: maybe(uuid), parent_step_id: maybe(string), state: string, failure_kind: maybe(string), error: maybe(json), created_at: string, started_at: maybe(string), finished_at: maybe(string), canceled_by_name: maybe(string), cancel_reason: maybe(string), workflow: maybe(object({ key: string, name: string })), version: maybe(object({ number: number })), job: maybe(object({ state: string, stage: maybe(string), cancel_requested_at: maybe(string), canceled_by_name: maybe(string), cancel_reason: maybe(string) })) }
const StepRow = { step_id: string, iteration: string, position: number, state: string, attempt: number, failure_kind: maybe(string), error: maybe(json), started_at: maybe(string), finished_at: maybe(string), source: maybe(string) }
const WaitRow = { step_id: string, kind: string, child_run_id: maybe(uuid), child: maybe(object({ workflow: maybe(object({ key: string, name: string })) })), deadline_at: string, event_name: maybe(string), event_key: maybe(string), policy: maybe(json) }
const LogRow = { seq: string, logged_at: string, level: string, step_id: maybe(string), iteration: string, message: string, fields: maybe(json) }
const WorkflowRow = { id: uuid, key: string, name: string, description: string, state: string, has_unpublished_changes: maybe(boolean), updated_at: string, published_version_id: maybe(uuid), published_version: maybe(object({ number: number })) }

export const AlertsDocument: Operation<AlertsQuery, AlertsQueryVariables> = operation(
  "query Alerts($before:uuid!$like:String!$limit:Int!){alerts(where:{id:{_lt:$before}name:{_ilike:$like}}order_by:[{id:desc}]limit:$limit){id name workflow_id states failure_kinds channel target group_ms quiet state pending message_ends sent_at sent lost failing_since problem workflow{name key}}}",
  object({ alerts: array(object({ id: uuid, name: string, workflow_id: maybe(uuid), states: array(string), failure_kinds: maybe(array(string)), channel: string, target: string, group_ms: string, quiet: maybe(json), state: string, pending: string, message_ends: string, sent_at: maybe(string), sent: string, lost: string, failing_since: maybe(string), problem: maybe(string), workflow: maybe(object({ name: string, key: string })) })) }),
)
export const AppsDocument: Operation<AppsQuery, AppsQueryVariables> = operation(
  "query Apps($before:uuid!$like:String!$limit:Int!){apps(where:{id:{_lt:$before}_or:[{name:{_ilike:$like}}{key:{_ilike:$like}}]}order_by:[{id:desc}]limit:$limit){...AppRow}}fragment AppRow on apps{id key name description}",
  object({ apps: array(object({ ...AppRow })) }),
)
export const AppDocument: Operation<AppQuery, AppQueryVariables> = operation(
  "query App($id:uuid!){apps(where:{id:{_eq:$id}}limit:1){...AppRow}}fragment AppRow on apps{id key name description}",
  object({ apps: array(object({ ...AppRow })) }),
)
export const AppVersionsDocument: Operation<AppVersionsQuery, AppVersionsQueryVariables> = operation(
  "query AppVersions($app:uuid!){app_versions(where:{app_id:{_eq:$app}}order_by:[{major:desc}{minor:desc}]limit:100){...AppVersionRow}}fragment AppVersionRow on app_versions{id major minor state manifest}",
  object({ app_versions: array(object({ ...AppVersionRow })) }),
)
export const AppActionsDocument: Operation<AppActionsQuery, AppActionsQueryVariables> = operation(
  "query AppActions($version:uuid!){actions(where:{app_version_id:{_eq:$version}}order_by:[{id:desc}]limit:1000){id key name definition}}",
  object({ actions: array(object({ id: uuid, key: string, name: string, definition: json })) }),
)
export const ConnectionsDocument: Operation<ConnectionsQuery, ConnectionsQueryVariables> = operation(
  "query Connections($before:uuid!$like:String!$limit:Int!){connections(where:{id:{_lt:$before}_or:[{name:{_ilike:$like}}{key:{_ilike:$like}}]}order_by:[{id:desc}]limit:$limit){id key name app_id auth_kind state last_used_at last_error_status last_error_at breaker_failures breaker_within_ms breaker_open_ms circuit circuit_until circuit_opened_at circuit_reason app{name}}}",
  object({ connections: array(object({ id: uuid, key: string, name: string, app_id: uuid, auth_kind: string, state: string, last_used_at: maybe(string), last_error_status: maybe(number), last_error_at: maybe(string), breaker_failures: number, breaker_within_ms: string, breaker_open_ms: string, circuit: string, circuit_until: maybe(string), circuit_opened_at: maybe(string), circuit_reason: maybe(string), app: maybe(object({ name: string })) })) }),
)
export const ConnectableAppsDocument: Operation<ConnectableAppsQuery, ConnectableAppsQueryVariables> = operation(
  "query ConnectableApps{apps(order_by:[{name:asc}]limit:1000){...AppRow}}fragment AppRow on apps{id key name description}",
  object({ apps: array(object({ ...AppRow })) }),
)
export const DeadLettersDocument: Operation<DeadLettersQuery, DeadLettersQueryVariables> = operation(
  "query DeadLetters($before:uuid!$workflow:uuid_comparison_exp!$class:String_comparison_exp!$since:timestamptz_comparison_exp!$limit:Int!){dead_letters(where:{run_id:{_lt:$before}state:{_eq:\"open\"}workflow_id:$workflow error_class:$class created_at:$since}order_by:[{run_id:desc}]limit:$limit){run_id workflow_id reason error_class step_id is_poison tries created_at workflow{key name}}}",
  object({ dead_letters: array(object({ run_id: uuid, workflow_id: uuid, reason: string, error_class: string, step_id: maybe(string), is_poison: boolean, tries: number, created_at: string, workflow: maybe(object({ key: string, name: string })) })) }),
)
export const LatestRunsDocument: Operation<LatestRunsSubscription, LatestRunsSubscriptionVariables> = operation(
  "subscription LatestRuns($workflow:uuid_comparison_exp!$state:String_comparison_exp!$limit:Int!){runs(where:{workflow_id:$workflow state:$state}order_by:[{id:desc}]limit:$limit){...RunRow}}fragment RunRow on runs{id workflow_id workflow_version_id trigger_id rerun_of cause parent_run_id parent_step_id state failure_kind error created_at started_at finished_at canceled_by_name cancel_reason workflow{key name}version{number}job{state stage cancel_requested_at canceled_by_name cancel_reason}}",
  object({ runs: array(object({ ...RunRow })) }),
)
export const OlderRunsDocument: Operation<OlderRunsQuery, OlderRunsQueryVariables> = operation(
  "query OlderRuns($workflow:uuid_comparison_exp!$state:String_comparison_exp!$before:uuid!$limit:Int!){runs(where:{workflow_id:$workflow state:$state id:{_lt:$before}}order_by:[{id:desc}]limit:$limit){...RunRow}}fragment RunRow on runs{id workflow_id workflow_version_id trigger_id rerun_of cause parent_run_id parent_step_id state failure_kind error created_at started_at finished_at canceled_by_name cancel_reason workflow{key name}version{number}job{state stage cancel_requested_at canceled_by_name cancel_reason}}",
  object({ runs: array(object({ ...RunRow })) }),
)
export const SomeRunsDocument: Operation<SomeRunsSubscription, SomeRunsSubscriptionVariables> = operation(
  "subscription SomeRuns($ids:[uuid!]!$limit:Int!){runs(where:{id:{_in:$ids}}limit:$limit){...RunRow}}fragment RunRow on runs{id workflow_id workflow_version_id trigger_id rerun_of cause parent_run_id parent_step_id state failure_kind error created_at started_at finished_at canceled_by_name cancel_reason workflow{key name}version{number}job{state stage cancel_requested_at canceled_by_name cancel_reason}}",
  object({ runs: array(object({ ...RunRow })) }),
)
export const LiveRunDocument: Operation<LiveRunSubscription, LiveRunSubscriptionVariables> = operation(
  "subscription LiveRun($id:uuid!){runs(where:{id:{_eq:$id}}limit:1){...RunRow tier cpu_us memory_byte_seconds bytes_in bytes_out calls steps(where:{iteration:{_eq:0}}order_by:[{position:asc}]limit:1000){...StepRow}waits(where:{state:{_eq:\"open\"}iteration:{_eq:0}}order_by:[{opened_at:asc}]limit:500){...WaitRow}parent{workflow{key name}}marks(order_by:[{name:asc}{value:asc}]limit:100){name value}}}fragment RunRow on runs{id workflow_id workflow_version_id trigger_id rerun_of cause parent_run_id parent_step_id state failure_kind error created_at started_at finished_at canceled_by_name cancel_reason workflow{key name}version{number}job{state stage cancel_requested_at canceled_by_name cancel_reason}}fragment StepRow on run_steps{step_id iteration position state attempt failure_kind error started_at finished_at source}fragment WaitRow on run_waits{step_id kind child_run_id child{workflow{key name}}deadline_at event_name event_key policy}",
  object({ runs: array(object({ ...RunRow, tier: maybe(string), cpu_us: string, memory_byte_seconds: string, bytes_in: string, bytes_out: string, calls: string, steps: array(object({ ...StepRow })), waits: array(object({ ...WaitRow })), parent: maybe(object({ workflow: maybe(object({ key: string, name: string })) })), marks: array(object({ name: string, value: string })) })) }),
)
export const RunChildrenDocument: Operation<RunChildrenSubscription, RunChildrenSubscriptionVariables> = operation(
  "subscription RunChildren($id:uuid!$limit:Int!){runs(where:{parent_run_id:{_eq:$id}}order_by:[{id:desc}]limit:$limit){...RunRow}}fragment RunRow on runs{id workflow_id workflow_version_id trigger_id rerun_of cause parent_run_id parent_step_id state failure_kind error created_at started_at finished_at canceled_by_name cancel_reason workflow{key name}version{number}job{state stage cancel_requested_at canceled_by_name cancel_reason}}",
  object({ runs: array(object({ ...RunRow })) }),
)
export const RunInLineDocument: Operation<RunInLineQuery, RunInLineQueryVariables> = operation(
  "query RunInLine($id:uuid!){jobs(where:{run_id:{_eq:$id}state:{_eq:\"held\"}}limit:1){stage gate runs_ahead}}",
  object({ jobs: array(object({ stage: maybe(string), gate: maybe(string), runs_ahead: maybe(string) })) }),
)
export const RunSizesDocument: Operation<RunSizesQuery, RunSizesQueryVariables> = operation(
  "query RunSizes($run:uuid!$slots:[String!]!){run_values(where:{run_id:{_eq:$run}slot:{_in:$slots}}limit:5){slot size_bytes}}",
  object({ run_values: array(object({ slot: string, size_bytes: number })) }),
)
export const RunDataDocument: Operation<RunDataQuery, RunDataQueryVariables> = operation(
  "query RunData($input:[uuid!]!$output:[uuid!]!$trigger:[uuid!]!){given:runs(where:{id:{_in:$input}}limit:1){input}made:runs(where:{id:{_in:$output}}limit:1){output}begun:runs(where:{id:{_in:$trigger}}limit:1){trigger_data}}",
  object({ given: array(object({ input: maybe(json) })), made: array(object({ output: maybe(json) })), begun: array(object({ trigger_data: maybe(json) })) }),
)
export const RunAgainDocument: Operation<RunAgainQuery, RunAgainQueryVariables> = operation(
  "query RunAgain($id:uuid!){runs(where:{id:{_eq:$id}}limit:1){input version{definition}workflow{published_version{number definition}}}}",
  object({ runs: array(object({ input: maybe(json), version: maybe(object({ definition: json })), workflow: maybe(object({ published_version: maybe(object({ number: number, definition: json })) })) })) }),
)
export const RunDefinitionDocument: Operation<RunDefinitionQuery, RunDefinitionQueryVariables> = operation(
  "query RunDefinition($version:uuid!$workflow:uuid!){workflow_versions(where:{id:{_eq:$version}}limit:1){definition}workflow_drafts(where:{workflow_id:{_eq:$workflow}}limit:1){definition}}",
  object({ workflow_versions: array(object({ definition: json })), workflow_drafts: array(object({ definition: json })) }),
)
export const LoopItemsDocument: Operation<LoopItemsSubscription, LoopItemsSubscriptionVariables> = operation(
  "subscription LoopItems($run:uuid!$steps:[String!]!$items:bigint_comparison_exp!$limit:Int!){run_steps(where:{run_id:{_eq:$run}step_id:{_in:$steps}iteration:$items}order_by:[{iteration:asc}{position:asc}]limit:$limit){...StepRow}}fragment StepRow on run_steps{step_id iteration position state attempt failure_kind error started_at finished_at source}",
  object({ run_steps: array(object({ ...StepRow })) }),
)
export const LoopFailedDocument: Operation<LoopFailedQuery, LoopFailedQueryVariables> = operation(
  "query LoopFailed($run:uuid!$fatal:[String!]!$after:bigint!$until:bigint!$limit:Int!$offset:Int!){run_steps(where:{run_id:{_eq:$run}step_id:{_in:$fatal}state:{_eq:\"failed\"}iteration:{_gt:$after _lte:$until}}distinct_on:[iteration]order_by:[{iteration:asc}]limit:$limit offset:$offset){iteration}}",
  object({ run_steps: array(object({ iteration: string })) }),
)
export const LoopCountsDocument: Operation<LoopCountsQuery, LoopCountsQueryVariables> = operation(
  "query LoopCounts($run:uuid!$first:String!$last:String!$fatal:[String!]!$after:bigint!$until:bigint!){newest:run_steps(where:{run_id:{_eq:$run}step_id:{_eq:$first}iteration:{_gt:$after _lte:$until}}order_by:[{iteration:desc}]limit:1){iteration}ended:run_steps_aggregate(where:{run_id:{_eq:$run}step_id:{_eq:$last}iteration:{_gt:$after _lte:$until}state:{_nin:[\"queued\" \"running\" \"waiting\"]}}){aggregate{count}}good:run_steps_aggregate(where:{run_id:{_eq:$run}step_id:{_eq:$last}iteration:{_gt:$after _lte:$until}state:{_in:[\"success\" \"skipped\"]}}){aggregate{count}}failed:run_steps_aggregate(where:{run_id:{_eq:$run}step_id:{_in:$fatal}iteration:{_gt:$after _lte:$until}state:{_eq:\"failed\"}}){aggregate{count(columns:[iteration]distinct:true)}}}",
  object({ newest: array(object({ iteration: string })), ended: object({ aggregate: maybe(object({ count: number })) }), good: object({ aggregate: maybe(object({ count: number })) }), failed: object({ aggregate: maybe(object({ count: number })) }) }),
)
export const LiveItemStepDocument: Operation<LiveItemStepSubscription, LiveItemStepSubscriptionVariables> = operation(
  "subscription LiveItemStep($run:uuid!$step:String!$iteration:bigint!){run_steps(where:{run_id:{_eq:$run}step_id:{_eq:$step}iteration:{_eq:$iteration}}limit:1){...StepRow}}fragment StepRow on run_steps{step_id iteration position state attempt failure_kind error started_at finished_at source}",
  object({ run_steps: array(object({ ...StepRow })) }),
)
export const RunStepDocument: Operation<RunStepQuery, RunStepQueryVariables> = operation(
  "query RunStep($run:uuid!$step:String!$iteration:bigint!$given:bigint!$made:bigint!$slots:[String!]!){given:run_steps(where:{run_id:{_eq:$run}step_id:{_eq:$step}iteration:{_eq:$given}}limit:1){input}made:run_steps(where:{run_id:{_eq:$run}step_id:{_eq:$step}iteration:{_eq:$made}}limit:1){output}cost:run_steps(where:{run_id:{_eq:$run}step_id:{_eq:$step}iteration:{_eq:$iteration}}limit:1){cpu_us memory_byte_seconds bytes_in bytes_out calls}run_values(where:{run_id:{_eq:$run}slot:{_in:$slots}}limit:2){slot size_bytes}run_waits(where:{run_id:{_eq:$run}step_id:{_eq:$step}iteration:{_eq:$iteration}state:{_eq:\"open\"}}limit:1){...WaitRow}children:runs(where:{parent_run_id:{_eq:$run}parent_step_id:{_eq:$step}parent_iteration:{_eq:$iteration}}order_by:[{id:desc}]limit:5){id state workflow{key name}}run_events(where:{run_id:{_eq:$run}step_id:{_eq:$step}iteration:{_eq:$iteration}kind:{_eq:\"wait\"}}order_by:[{seq:asc}]limit:1000){occurred_at detail}}fragment WaitRow on run_waits{step_id kind child_run_id child{workflow{key name}}deadline_at event_name event_key policy}",
  object({ given: array(object({ input: maybe(json) })), made: array(object({ output: maybe(json) })), cost: array(object({ cpu_us: string, memory_byte_seconds: string, bytes_in: string, bytes_out: string, calls: string })), run_values: array(object({ slot: string, size_bytes: number })), run_waits: array(object({ ...WaitRow })), children: array(object({ id: uuid, state: string, workflow: maybe(object({ key: string, name: string })) })), run_events: array(object({ occurred_at: string, detail: json })) }),
)
export const RunLogDocument: Operation<RunLogQuery, RunLogQueryVariables> = operation(
  "query RunLog($run:uuid!$after:bigint!$limit:Int!){run_logs(where:{run_id:{_eq:$run}seq:{_gt:$after}}order_by:[{seq:asc}]limit:$limit){...LogRow}}fragment LogRow on run_logs{seq logged_at level step_id iteration message fields}",
  object({ run_logs: array(object({ ...LogRow })) }),
)
export const RunLogFollowDocument: Operation<RunLogFollowSubscription, RunLogFollowSubscriptionVariables> = operation(
  "subscription RunLogFollow($run:uuid!$after:bigint!){run_logs_stream(batch_size:200 cursor:[{initial_value:{seq:$after}ordering:ASC}]where:{run_id:{_eq:$run}}){...LogRow}}fragment LogRow on run_logs{seq logged_at level step_id iteration message fields}",
  object({ run_logs_stream: array(object({ ...LogRow })) }),
)
export const TokensDocument: Operation<TokensQuery, TokensQueryVariables> = operation(
  "query Tokens($before:uuid!$like:String!$now:timestamptz!$limit:Int!){tokens(where:{id:{_lt:$before}name:{_ilike:$like}revoked_at:{_is_null:true}expires_at:{_gt:$now}}order_by:[{id:desc}]limit:$limit){id name role hint last_used_at expires_at}}",
  object({ tokens: array(object({ id: uuid, name: string, role: string, hint: string, last_used_at: maybe(string), expires_at: string })) }),
)
export const WorkflowsDocument: Operation<WorkflowsQuery, WorkflowsQueryVariables> = operation(
  "query Workflows($before:uuid!$like:String!$state:String_comparison_exp!$limit:Int!){workflows(where:{id:{_lt:$before}state:$state _or:[{name:{_ilike:$like}}{key:{_ilike:$like}}]}order_by:[{id:desc}]limit:$limit){...WorkflowRow}}fragment WorkflowRow on workflows{id key name description state has_unpublished_changes updated_at published_version_id published_version{number}}",
  object({ workflows: array(object({ ...WorkflowRow })) }),
)
export const WorkflowDocument: Operation<WorkflowQuery, WorkflowQueryVariables> = operation(
  "query Workflow($id:uuid!){workflows(where:{id:{_eq:$id}}limit:1){...WorkflowRow}}fragment WorkflowRow on workflows{id key name description state has_unpublished_changes updated_at published_version_id published_version{number}}",
  object({ workflows: array(object({ ...WorkflowRow })) }),
)
export const WorkflowNamesDocument: Operation<WorkflowNamesQuery, WorkflowNamesQueryVariables> = operation(
  "query WorkflowNames{workflows(order_by:[{name:asc}]limit:1000){id key name}}",
  object({ workflows: array(object({ id: uuid, key: string, name: string })) }),
)
export const WorkflowDraftDocument: Operation<WorkflowDraftQuery, WorkflowDraftQueryVariables> = operation(
  "query WorkflowDraft($id:uuid!){workflow_drafts(where:{workflow_id:{_eq:$id}}limit:1){definition revision updated_at}}",
  object({ workflow_drafts: array(object({ definition: json, revision: number, updated_at: string })) }),
)
export const WorkflowVersionsDocument: Operation<WorkflowVersionsQuery, WorkflowVersionsQueryVariables> = operation(
  "query WorkflowVersions($workflow:uuid!$before:uuid!$limit:Int!){workflow_versions(where:{workflow_id:{_eq:$workflow}id:{_lt:$before}}order_by:[{id:desc}]limit:$limit){id number published_at}}",
  object({ workflow_versions: array(object({ id: uuid, number: number, published_at: string })) }),
)
export const WorkflowVersionDocument: Operation<WorkflowVersionQuery, WorkflowVersionQueryVariables> = operation(
  "query WorkflowVersion($id:uuid!){workflow_versions(where:{id:{_eq:$id}}limit:1){id number definition published_at}}",
  object({ workflow_versions: array(object({ id: uuid, number: number, definition: json, published_at: string })) }),
)
export const WorkflowTriggersDocument: Operation<WorkflowTriggersQuery, WorkflowTriggersQueryVariables> = operation(
  "query WorkflowTriggers($workflow:uuid!$before:uuid!$limit:Int!){triggers(where:{workflow_id:{_eq:$workflow}id:{_lt:$before}}order_by:[{id:desc}]limit:$limit){id kind name state trigger_health trigger_setup config schedule{next_slot_at due_at waiting_slot_at last_fired_at last_run_id fired missed skipped problem}poll{due_at polled_at event_at last_run_id polls items fired filtered failing_since problem}refused_deliveries(order_by:[{last_at:desc}]limit:50){reason status content_type address last_at deliveries size_bytes}}}",
  object({ triggers: array(object({ id: uuid, kind: string, name: string, state: string, trigger_health: maybe(string), trigger_setup: maybe(string), config: json, schedule: maybe(object({ next_slot_at: maybe(string), due_at: maybe(string), waiting_slot_at: maybe(string), last_fired_at: maybe(string), last_run_id: maybe(uuid), fired: string, missed: string, skipped: string, problem: maybe(string) })), poll: maybe(object({ due_at: maybe(string), polled_at: maybe(string), event_at: maybe(string), last_run_id: maybe(uuid), polls: string, items: string, fired: string, filtered: string, failing_since: maybe(string), problem: maybe(string) })), refused_deliveries: array(object({ reason: string, status: number, content_type: string, address: string, last_at: string, deliveries: string, size_bytes: string })) })) }),
)
export const StepRunsDocument: Operation<StepRunsQuery, StepRunsQueryVariables> = operation(
  "query StepRuns($workflow:uuid!$steps:[String!]!){runs(where:{workflow_id:{_eq:$workflow}}order_by:[{id:desc}]limit:50){id created_at version{number}steps(where:{step_id:{_in:$steps}iteration:{_eq:0}state:{_eq:\"success\"}}limit:500){step_id}}}",
  object({ runs: array(object({ id: uuid, created_at: string, version: maybe(object({ number: number })), steps: array(object({ step_id: string })) })) }),
)
export const StepOutputsDocument: Operation<StepOutputsQuery, StepOutputsQueryVariables> = operation(
  "query StepOutputs($run:uuid!$steps:[String!]!){run_steps(where:{run_id:{_eq:$run}step_id:{_in:$steps}iteration:{_eq:0}state:{_eq:\"success\"}}limit:500){step_id output}}",
  object({ run_steps: array(object({ step_id: string, output: maybe(json) })) }),
)
export const WorkflowPauseDocument: Operation<WorkflowPauseQuery, WorkflowPauseQueryVariables> = operation(
  "query WorkflowPause($id:uuid!){workflow_pauses(where:{workflow_id:{_eq:$id}state:{_neq:\"closed\"}}limit:1){state until opened_at reason probe_run_id}}",
  object({ workflow_pauses: array(object({ state: string, until: maybe(string), opened_at: maybe(string), reason: maybe(string), probe_run_id: maybe(uuid) })) }),
)
