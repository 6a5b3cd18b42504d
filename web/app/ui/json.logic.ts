import { Exact, isRecord, type Json } from '~/shared/api'
import { routeId } from '~/shared/ids'

export interface JsonEntry {
  key: string
  value: Json
}

/** The children of a list or object; null for a plain value. */
export function children(value: Json): JsonEntry[] | null {
  if (Array.isArray(value)) return value.map((item, i) => ({ key: String(i), value: item }))
  if (isRecord(value)) return Object.entries(value).map(([key, item]) => ({ key, value: item }))
  return null
}

/** What a closed list or object says of itself. */
export function summary(value: Json): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.length} ]`
  if (isRecord(value)) {
    const keys = Object.keys(value)
    if (keys.length === 0) return '{}'
    const shown = keys.slice(0, 4).join(', ')
    return `{ ${shown}${keys.length > 4 ? ', …' : ''} }`
  }
  return ''
}

export const text_shown_max = 400
export const children_shown_max = 100

/** The type of a plain value, for its colour. */
export function kindOf(value: Json): 'null' | 'boolean' | 'number' | 'string' | 'nested' {
  if (value === null) return 'null'
  if (value instanceof Exact) return 'number'
  const kind = typeof value
  return kind === 'boolean' || kind === 'number' || kind === 'string' ? kind : 'nested'
}

/** Small documents open whole, large ones only their first level. */
export function openDepth(value: Json): number {
  const size = countUpTo(value, 200)
  return size < 60 ? 8 : size < 200 ? 2 : 1
}

export interface FileLink {
  id: string
  name: string
  type: string
  size: number
  href: string
}

const files_max = 100

/** The files whose handles a value holds, each once, in their order. */
export function filesIn(value: Json): FileLink[] {
  const found = new Map<string, FileLink>()
  const queue: Json[] = [value]
  for (let at = 0; at < queue.length && at < 10_000 && found.size < files_max; at++) {
    const next = queue[at]
    if (next === undefined) break
    const file = fileOf(next)
    if (file !== null) found.set(file.id, file)
    else for (const entry of children(next) ?? []) queue.push(entry.value)
  }
  return [...found.values()]
}

function fileOf(value: Json): FileLink | null {
  if (!isRecord(value)) return null
  const { $file: id, name, type, size } = value
  if (typeof id !== 'string' || routeId(id) === null) return null
  if (typeof name !== 'string' || typeof type !== 'string' || typeof size !== 'number') return null
  return { id, name, type, size, href: `/api/v1/files/${id}/content` }
}

/** "1.5 MiB" */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let n = bytes
  let unit = 0
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024
    unit++
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : Math.round(n * 10) / 10} ${units[unit]}`
}

function countUpTo(value: Json, max: number): number {
  let n = 0
  const queue: Json[] = [value]
  for (let next = queue.pop(); next !== undefined && n < max; next = queue.pop()) {
    n++
    for (const entry of children(next)?.slice(0, max) ?? []) queue.push(entry.value)
  }
  return n
}
