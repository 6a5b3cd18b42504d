import { isRecord, ShapeError } from './parse'

/** What went wrong, ready to be shown: RFC 9457 problems, lost connections and answers we cannot read alike. */
export interface Problem {
  readonly kind: 'http' | 'network' | 'shape'
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly field: string | null
  readonly requestId: string | null
  /** Further members of the problem, for the few callers that know them. */
  readonly more: Readonly<Record<string, unknown>>
}

export class ApiError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ApiError'
    this.problem = problem
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** A problem from the answer's status and body; the body may be anything. */
export function problemFrom(status: number, body: unknown, requestId: string | null): Problem {
  const members = isRecord(body) ? body : {}
  const title = text(members.title) ?? `HTTP ${status}`
  return {
    kind: 'http',
    status,
    title,
    detail: text(members.detail) ?? title,
    field: text(members.field),
    requestId: text(members.request_id) ?? requestId,
    more: members,
  }
}

/** Any thrown value as a problem. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem
  const base = { status: 0, field: null, requestId: null, more: {} }
  if (error instanceof ShapeError) {
    return { ...base, kind: 'shape', title: 'Unexpected answer', detail: `The server's answer has an unexpected form (${error.message}).` }
  }
  const detail = error instanceof Error ? error.message : String(error)
  return { ...base, kind: 'network', title: 'No answer', detail }
}

/** True for the failures of a request that was given up on purpose. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
