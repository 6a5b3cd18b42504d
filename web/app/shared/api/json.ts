/** A number with the digits it was written with, where a double would lose some: 12345678901234567890, 1.10, 1e400. */
export class Exact {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
  /** For who does not know it: as near as a double comes. */
  toJSON(): number {
    return Number(this.text)
  }
}

export type Json = null | boolean | number | string | Exact | Json[] | { [key: string]: Json }

/** What a number looks like that a double would print otherwise; finds some too many. With none of them, parsing is faster. */
const unusual = /(?:^|[[:,\s])(?:-?(?:[\d.]{16}|\d+\.\d*0(?!\d)|[\d.]+[eE])|-0)/

/** For JSON.parse. A browser that does not tell it the source (before Chrome 114, Firefox 135, Safari 18.4) rounds as it always did. */
export function keepDigits(_: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  return typeof value === 'number' && source !== undefined && String(value) !== source ? new Exact(source) : value
}

/** JSON.parse, but for numbers that a double cannot keep. Throws SyntaxError. */
export function readJson(text: string): unknown {
  return unusual.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text)
}

function membersOf(value: unknown): [string, unknown][] | null {
  if (value instanceof Map) return [...value]
  return typeof value === 'object' && value !== null ? Object.entries(value).filter(([, member]) => member !== undefined) : null
}

/** JSON.stringify, with the numbers' own digits. Objects may be maps, which keep their order. */
export function writeJson(value: unknown, indent = 0, at = ''): string {
  if (value instanceof Exact) return value.text
  const inner = at + ' '.repeat(indent)
  const members = Array.isArray(value) ? null : membersOf(value)
  if (members === null && !Array.isArray(value)) return JSON.stringify(value ?? null)
  const parts = members === null
    ? (Array.isArray(value) ? value : []).map((item) => writeJson(item, indent, inner))
    : members.map(([name, member]) => `${JSON.stringify(name)}:${indent > 0 ? ' ' : ''}${writeJson(member, indent, inner)}`)
  const [open, close] = members === null ? ['[', ']'] : ['{', '}']
  if (indent === 0 || parts.length === 0) return `${open}${parts.join(',')}${close}`
  return `${open}\n${parts.map((part) => inner + part).join(',\n')}\n${at}${close}`
}
