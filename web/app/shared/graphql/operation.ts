import type { Parser } from '../api/parse'

/** A query, mutation or subscription: its text, and the parser that checks an answer. Made by tools/codegen.ts. */
export interface Operation<T, V> {
  readonly text: string
  readonly parse: Parser<T>
  /** Never there: carries the type of the variables. */
  readonly variables?: (variables: V) => void
}

export function operation<T, V>(text: string, parse: Parser<T>): Operation<T, V> {
  return { text, parse }
}

/** A live query as a query that is asked once: the same selection under the other root. */
export function asQuery<T, V>(live: Operation<T, V>): Operation<T, V> {
  return { text: live.text.replace(/^subscription\b/, 'query'), parse: live.parse }
}

/** A stream gives what comes after a cursor; asked once it would mean something else. */
export function isStream(operation: { readonly text: string }): boolean {
  return /_stream\(/.test(operation.text)
}
