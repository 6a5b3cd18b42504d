import { t } from '../i18n'
import { isRecord, ShapeError } from './parse'

interface Told {
  readonly title: string
  readonly detail: string
  /** The field at fault, when one is. */
  readonly field: string | null
}
/** The server refused: RFC 9457, or an error of GraphQL. */
export interface HttpProblem extends Told {
  readonly kind: 'http'
  readonly status: number
  readonly requestId: string | null
  /** Further members of the problem, for the few callers that know them. */
  readonly more: Readonly<Record<string, unknown>>
}
/** Nobody answered: it may have been done or not. */
export interface NetworkProblem extends Told {
  readonly kind: 'network'
}
/** The server answered what we cannot read. */
export interface ShapeProblem extends Told {
  readonly kind: 'shape'
}
/** Found in the page, so no status and no request id belong to it. */
export interface LocalProblem extends Told {
  readonly kind: 'local'
  /** What was asked for is not there; what was typed cannot be read; the page itself has a fault. */
  readonly reason: 'missing' | 'unreadable' | 'fault'
}
/** What went wrong, ready to be shown. */
export type Problem = HttpProblem | NetworkProblem | ShapeProblem | LocalProblem

/** A failure that people are told of. */
export class ProblemError<P extends Problem = Problem> extends Error {
  readonly problem: P
  constructor(problem: P) {
    super(problem.detail)
    this.name = 'ProblemError'
    this.problem = problem
  }
}
/** The server's refusal, or its silence. */
export class ApiError extends ProblemError<HttpProblem | NetworkProblem> {}
export class LocalError extends ProblemError<LocalProblem> {}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** A problem from the answer's status and body; the body may be anything. */
export function problemFrom(status: number, body: unknown, requestId: string | null): HttpProblem {
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

export function noAnswer(detail: string): NetworkProblem {
  return { kind: 'network', title: t('problem.silent'), detail, field: null }
}

/** What was asked for is not among what there is. */
export function missing(): LocalError {
  return new LocalError({ kind: 'local', reason: 'missing', title: t('error.missing'), detail: t('error.missing.text'), field: null })
}

/** What a person typed cannot be read, and was not sent. */
export function unreadable(detail: string, field: string | null = null): LocalError {
  return new LocalError({ kind: 'local', reason: 'unreadable', title: t('problem.unreadable'), detail, field })
}

/** Any thrown value as a problem. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem
  if (error instanceof ShapeError) {
    return { kind: 'shape', title: t('problem.shape'), detail: t('problem.shape.text', { at: error.message }), field: null }
  }
  const detail = t('problem.fault.text', { message: error instanceof Error ? error.message : String(error) })
  return { kind: 'local', reason: 'fault', title: t('problem.fault'), detail, field: null }
}

/** What it is made of: a definition that is refused tells all that is wrong with it. */
export function partsOf(problem: Problem): Pick<Told, 'field' | 'detail'>[] {
  const told = problem.kind === 'http' && Array.isArray(problem.more.problems) ? problem.more.problems : []
  const parts = told.flatMap((one: unknown) => (isRecord(one) && typeof one.message === 'string' ? [{ field: text(one.field), detail: one.message }] : []))
  return parts.length > 0 ? parts : [problem]
}

/** The status of the server's refusal; null when it was not the server. */
export function statusOf(problem: Problem | null): number | null {
  return problem?.kind === 'http' ? problem.status : null
}

export function isMissing(problem: Problem): boolean {
  return problem.kind === 'local' ? problem.reason === 'missing' : statusOf(problem) === 404
}

/** True for the failures of a request that was given up on purpose. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
