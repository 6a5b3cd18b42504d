import { failure_kinds } from '~/shared/api'
import type { RunFilters } from './runs.logic'

/** What runs are searched for beyond state and workflow, as the fields hold it; empty: not asked about. */
export interface RunSearch {
  begun_by: string
  failure_kind: string
  error: string
  tag: string
  index: string
  /** With a star at its end: how the value begins. */
  value: string
  /** Local time, as an input of the kind datetime-local has it. */
  after: string
  before: string
  /** Seconds. */
  longer: string
}
export const beginnings = ['manual', 'rerun', 'child', 'handler', 'webhook', 'form', 'schedule', 'poll', 'feed', 'mail', 'postgres', 'notify', 'event'] as const
export const no_search: RunSearch = { begun_by: '', failure_kind: '', error: '', tag: '', index: '', value: '', after: '', before: '', longer: '' }
const names = ['begun_by', 'failure_kind', 'error', 'tag', 'index', 'value', 'after', 'before', 'longer'] as const

/** The URL is the truth about them; what it says wrongly counts as nothing. */
export function searchFromQuery(query: Readonly<Record<string, unknown>>): RunSearch {
  const out = { ...no_search }
  for (const name of names) {
    const value = query[name]
    if (typeof value === 'string' && value.length <= 257 && isGood(name, value)) out[name] = value
  }
  return out
}

function isGood(name: keyof RunSearch, value: string): boolean {
  if (name === 'begun_by') return beginnings.some((b) => b === value)
  if (name === 'failure_kind') return failure_kinds.some((k) => k === value)
  if (name === 'after' || name === 'before') return !Number.isNaN(Date.parse(value))
  if (name === 'longer') return Number(value) > 0 && Number(value) <= 315_360_000
  return true
}

export function queryFromSearch(search: RunSearch): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (search[name] === '' ? [] : [[name, search[name]]])))
}

/** A value is of an index, and an index alone says nothing. */
export function isSearching(search: RunSearch): boolean {
  return Object.keys(queryOf(search)).length > 0
}

function queryOf(search: RunSearch): Record<string, string> {
  const { begun_by, failure_kind, error, tag, index, value, after, before, longer } = search
  const starts = value.endsWith('*')
  const text = starts ? value.slice(0, -1) : value
  const said: Record<string, string> = {
    begun_by, failure_kind, error: error.trim(), tag: tag.trim(),
    created_after: instant(after), created_before: instant(before), duration_min_ms: longer === '' ? '' : String(Math.round(Number(longer) * 1_000)),
  }
  if (index !== '' && text !== '') Object.assign(said, { index, [starts ? 'value_begins' : 'value']: text })
  return Object.fromEntries(Object.entries(said).filter(([, one]) => one !== ''))
}

function instant(local: string): string {
  return local === '' ? '' : new Date(local).toISOString()
}

/** All filters as the API's list takes them. */
export function listQuery(filters: RunFilters, search: RunSearch): Record<string, string> {
  return {
    ...(filters.workflow === null ? {} : { workflow_id: filters.workflow }),
    ...(filters.state === null ? {} : { state: filters.state }),
    ...queryOf(search),
  }
}

/** How far a look has gone whose page goes on behind `next`: an id of version 7 begins with its time. */
export function lookedUntil(next: string): string {
  return new Date(Number.parseInt(next.replace(/-/g, '').slice(0, 12), 16)).toISOString()
}
