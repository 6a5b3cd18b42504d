import type { Workflow } from './workflows.data'

export type WorkflowChange = 'activate' | 'deactivate' | 'archive' | 'restore' | 'delete'

/** What can be done with a workflow as it is. What may have run is archived before it is deleted, so that nothing goes in one step. */
export function changesOf(workflow: Pick<Workflow, 'state' | 'published_version_id'>): WorkflowChange[] {
  switch (workflow.state) {
    case 'archived':
      return ['restore', 'delete']
    case 'active':
      return workflow.published_version_id === null ? ['delete'] : ['deactivate', 'archive']
    case 'inactive':
      return ['activate', workflow.published_version_id === null ? 'delete' : 'archive']
  }
}

/** How the draft stands to what runs; what is typed and not saved comes before both. */
export function draftStanding(
  workflow: Pick<Workflow, 'published_version_id' | 'has_unpublished_changes'>, dirty: boolean,
): 'unsaved' | 'unpublished' | 'changed' | 'same' {
  if (dirty) return 'unsaved'
  if (workflow.published_version_id === null) return 'unpublished'
  return workflow.has_unpublished_changes ? 'changed' : 'same'
}
