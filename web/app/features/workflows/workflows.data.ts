import { word } from '~/shared/api'
import type { WorkflowRowFragment, WorkflowTriggersQuery, WorkflowVersionQuery } from '~/shared/graphql/generated'
import type { TriggerId, VersionId, WorkflowId } from '~/shared/ids'
import type { Refine } from '~/shared/rows'

export const workflow_states = ['active', 'inactive', 'archived'] as const
export type WorkflowState = (typeof workflow_states)[number]
export type Workflow = Refine<Omit<WorkflowRowFragment, 'published_version'>, { id: WorkflowId; state: WorkflowState; has_unpublished_changes: boolean; published_version_id: VersionId | null }> & {
  published_version_number: number | null
}
export const trigger_kinds = ['webhook', 'schedule', 'form', 'poll', 'feed', 'event', 'mail', 'postgres', 'notify'] as const
export type Trigger = Refine<WorkflowTriggersQuery['triggers'][number], { id: TriggerId; kind: (typeof trigger_kinds)[number]; state: 'active' | 'inactive' }>
export type VersionDetail = WorkflowVersionQuery['workflow_versions'][number]

export function toWorkflow({ published_version, ...row }: WorkflowRowFragment): Workflow {
  return {
    ...row, state: word(workflow_states)(row.state, 'workflow.state'), has_unpublished_changes: row.has_unpublished_changes === true, published_version_number: published_version?.number ?? null,
  }
}

export function toTrigger(row: WorkflowTriggersQuery['triggers'][number]): Trigger {
  return { ...row, kind: word(trigger_kinds)(row.kind, 'trigger.kind'), state: word(['active', 'inactive'])(row.state, 'trigger.state') }
}
