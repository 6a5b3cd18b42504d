// Parsers for foreign JSON: a value either has the promised shape or names the place where it has not.
// Small on purpose; those of GraphQL's answers are generated (graphql/generated.ts).

import { Exact, type Json } from './json'

export type { Json } from './json'

export type Parser<T> = (value: unknown, at: string) => T

export class ShapeError extends Error {
  readonly at: string
  constructor(at: string, wanted: string) {
    super(`${at}: expected ${wanted}`)
    this.name = 'ShapeError'
    this.at = at
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Exact)
}

export const string: Parser<string> = (value, at) => {
  if (typeof value !== 'string') throw new ShapeError(at, 'text')
  return value
}

export const number: Parser<number> = (value, at) => {
  if (value instanceof Exact) return Number(value.text)
  if (typeof value !== 'number') throw new ShapeError(at, 'a number')
  return value
}

export const boolean: Parser<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw new ShapeError(at, 'true or false')
  return value
}

/** Any JSON value. Only readJson makes what this sees, so nothing else can be in it. */
export const json: Parser<Json> = (value, at) => {
  if (!isJson(value)) throw new ShapeError(at, 'JSON')
  return value
}

function isJson(value: unknown): value is Json {
  return value === null || ['boolean', 'number', 'string', 'object'].includes(typeof value)
}

/** Missing and null are the same: absent. */
export function maybe<T>(inner: Parser<T>): Parser<T | null> {
  return (value, at) => (value === undefined || value === null ? null : inner(value, at))
}

/** A missing value becomes `fallback`. */
export function withDefault<T>(inner: Parser<T>, fallback: T): Parser<T> {
  return (value, at) => (value === undefined || value === null ? fallback : inner(value, at))
}

export function array<T>(inner: Parser<T>): Parser<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw new ShapeError(at, 'a list')
    return value.map((item: unknown, i) => inner(item, `${at}[${i}]`))
  }
}

/** One of the given words. */
export function word<const W extends string>(words: readonly W[]): Parser<W> {
  return (value, at) => {
    const found = words.find((w) => w === value)
    if (found === undefined) throw new ShapeError(at, words.join(' | '))
    return found
  }
}

type Shape = Record<string, Parser<unknown>>
type Parsed<S extends Shape> = { [K in keyof S]: ReturnType<S[K]> }

/** An object with these members; further members are ignored, so that a newer server is still understood. */
export function object<S extends Shape>(shape: S): Parser<Parsed<S>> {
  const members = Object.entries(shape)
  return (value, at) => {
    if (!isRecord(value)) throw new ShapeError(at, 'an object')
    const out = Object.fromEntries(members.map(([key, parse]) => [key, parse(value[key], `${at}.${key}`)]))
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- each member was made by its parser just above
    return out as Parsed<S>
  }
}

export interface Page<T> {
  items: T[]
  next: string | null
}
