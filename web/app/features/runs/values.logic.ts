import type { Json } from '~/shared/api'
import type { RunId } from '~/shared/ids'

/** A larger value is not loaded: its shape is shown. */
export const value_shown_max = 256 * 1024

export const value_parts = ['input', 'output', 'trigger'] as const
export type ValuePart = (typeof value_parts)[number]

/** Which value, and how large its JSON text is. */
export interface Large {
  of: ValuePart
  /** Null: of the run itself. */
  step: string | null
  item: string
  bytes: number
}
/** A value that is there; null where it is `large`. */
export interface Kept {
  value: Json
  large?: Large
}

/** What is kept under `slot` and is loaded as `json`, unless it is too large; null: nothing is. */
export function keptOf(sizes: readonly { slot: string; size_bytes: number }[], slot: string, json: Json | undefined, where: Omit<Large, 'bytes'>): Kept | null {
  const bytes = sizes.find((v) => v.slot === slot)?.size_bytes
  if (bytes === undefined) return null
  return bytes > value_shown_max ? { value: null, large: { ...where, bytes } } : { value: json ?? null }
}

export function isLarge(sizes: readonly { slot: string; size_bytes: number }[], slot: string): boolean {
  return sizes.some((v) => v.slot === slot && v.size_bytes > value_shown_max)
}

/** Where its bytes come from. */
export function largeHref(run: RunId, { of, step, item }: Large): string {
  const query = new URLSearchParams(step === null ? { of } : { of, step_id: step, iteration: item })
  return `/api/v1/runs/${run}/value?${query.toString()}`
}

/** A JSON pointer of names, and the names of one. */
export function pathOf(names: readonly string[]): string {
  return names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
export function pathNames(path: string): string[] {
  return path.split('/').slice(1).map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
}
