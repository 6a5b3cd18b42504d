import { describe, expect, it } from 'vitest'
import { isSearching, listQuery, lookedUntil, no_search, queryFromSearch, searchFromQuery } from './search.logic'

describe('what runs are searched for', () => {
  it('stands in the URL and comes back from it', () => {
    const search = { ...no_search, tag: 'eu', index: 'order_id', value: '10*', longer: '2.5' }
    expect(searchFromQuery(queryFromSearch(search))).toEqual(search)
  })
  it('drops what the URL says wrongly', () => {
    expect(searchFromQuery({ begun_by: 'magic', failure_kind: 'x', after: 'soon', longer: '-1', tag: ['a'], error: 'x'.repeat(300) })).toEqual(no_search)
  })
  it('asks for a value or for how it begins, and for none without its index', () => {
    const all = { workflow: null, state: null }
    expect(listQuery(all, { ...no_search, index: 'n', value: '10' })).toEqual({ index: 'n', value: '10' })
    expect(listQuery(all, { ...no_search, index: 'n', value: '10*' })).toEqual({ index: 'n', value_begins: '10' })
    expect(isSearching({ ...no_search, value: '10' })).toBe(false)
    expect(isSearching({ ...no_search, index: 'n' })).toBe(false)
    expect(isSearching({ ...no_search, index: 'n', value: '*' })).toBe(false)
  })
  it('gives times as instants and durations in milliseconds', () => {
    const query = listQuery({ workflow: null, state: 'failed' }, { ...no_search, after: '2026-05-01T10:00', longer: '2.5' })
    expect(query).toEqual({ state: 'failed', created_after: new Date('2026-05-01T10:00').toISOString(), duration_min_ms: '2500' })
  })
  it('knows how far a look went', () => {
    expect(lookedUntil('0196f0c6-8000-7000-8000-000000000000')).toBe(new Date(0x0196f0c68000).toISOString())
  })
})
