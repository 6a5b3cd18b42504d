import { describe, expect, it } from 'vitest'
import type { Imported } from '~/shared/api'
import { fitGroups } from './imports.logic'

const node = (name: string, fit: Imported['nodes'][number]['fit']): Imported['nodes'][number] => ({ node: name, type: 'n8n-nodes-base.x', step: name, fit, notes: [] })

describe('the report of an import', () => {
  it('begins with what a person has to do', () => {
    const groups = fitGroups([node('a', 'exact'), node('b', 'by_hand'), node('c', 'exact')])
    expect(groups.map(({ fit, nodes }) => [fit, nodes.map((one) => one.node)])).toEqual([['by_hand', ['b']], ['exact', ['a', 'c']]])
  })
  it('is empty without nodes', () => {
    expect(fitGroups([])).toEqual([])
  })
})
