import { describe, expect, it } from 'vitest'
import { en } from '~/shared/i18n/en'
import type { VersionId } from '~/shared/ids'
import { changesOf, draftStanding } from './state.logic'
import { workflow_states } from './workflows.data'

const version = '01890000-0000-7000-8000-000000000001' as VersionId

describe('what can be done with a workflow', () => {
  it('never deletes in one step what may have run', () => {
    expect(changesOf({ state: 'active', published_version_id: version })).toEqual(['deactivate', 'archive'])
    expect(changesOf({ state: 'inactive', published_version_id: version })).toEqual(['activate', 'archive'])
    expect(changesOf({ state: 'archived', published_version_id: version })).toEqual(['restore', 'delete'])
    expect(changesOf({ state: 'active', published_version_id: null })).toEqual(['delete'])
  })
  it('has words for each', () => {
    const all = new Set(workflow_states.flatMap((state) => [version, null].flatMap((id) => changesOf({ state, published_version_id: id }))))
    expect([...all].sort()).toEqual(['activate', 'archive', 'deactivate', 'delete', 'restore'])
    for (const change of all) for (const part of ['', '.title', '.text'] as const) expect(en[`workflow.${change}${part}`]).toBeTruthy()
  })
})

describe('how the draft stands', () => {
  it.each([
    [null, false, false, 'unpublished'], [version, false, false, 'same'], [version, true, false, 'changed'], [version, true, true, 'unsaved'], [version, false, true, 'unsaved'],
  ] as const)('published %s, changed %s, dirty %s: %s', (published_version_id, has_unpublished_changes, dirty, standing) => {
    expect(draftStanding({ published_version_id, has_unpublished_changes }, dirty)).toBe(standing)
  })
})
