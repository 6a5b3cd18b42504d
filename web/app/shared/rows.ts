import { missing, type Page } from './api'

/** A row with some members told more exactly than the schema can. */
export type Refine<R, C> = Omit<R, keyof C> & C

export const page_size = 50
/** Later than every id: where the first page begins. */
const newest_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Variables of a page, newest first: one row more than is shown tells whether there is another page. */
export function keyset(query: { after?: string | null }): { before: string; limit: number } {
  return { before: query.after ?? newest_id, limit: page_size + 1 }
}

/** What `_ilike` wants to find the text anywhere; signs that mean something to it are taken as they are. */
export function likeOf(text: string): string {
  return `%${text.trim().replace(/[\\%_]/g, '\\$&')}%`
}

/** The rows of a page that was asked for with `keyset`. */
export function pageOf<T extends { id: string }>(rows: readonly T[], size = page_size): Page<T> {
  const items = rows.slice(0, size)
  return { items, next: rows.length > size ? (items.at(-1)?.id ?? null) : null }
}

/** The row that was asked for by its id. */
export function only<T>(rows: readonly T[]): T {
  const [row] = rows
  if (row !== undefined) return row
  throw missing()
}
