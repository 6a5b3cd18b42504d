import { isRecord, ShapeError } from '../api/parse'
import { ApiError, problemFrom, statusOf, type HttpProblem, type Problem } from '../api/problem'
import { parseBody, reach } from '../api/http'
import type { Operation } from './operation'

/** Asks once. Throws ApiError, or ShapeError for an answer of another form. */
export type Ask = <T, V>(operation: Operation<T, V>, variables: V, signal?: AbortSignal) => Promise<T>

interface Options {
  fetch: typeof fetch
  /** Called when a request found no session. */
  onUnauthorized: () => void
}

const path = '/v1/graphql'
const timeout_ms = 30_000
// While the server waits for its database it says so; that passes.
const starting_retry_ms = [500, 1_500, 3_000]

// GraphQL answers 200 for everything; the status of a problem is what the UI looks at.
const status_of: Readonly<Record<string, number>> = {
  'access-denied': 401, forbidden: 403, 'not-found': 404, conflict: 409, 'start-failed': 503, busy: 503,
}

/** The first error of an answer, as a problem. */
export function problemOf(errors: unknown, requestId: string | null = null): HttpProblem {
  const first: unknown = Array.isArray(errors) ? errors[0] : null
  const error = isRecord(first) ? first : {}
  const more = isRecord(error.extensions) ? error.extensions : {}
  const code = typeof more.code === 'string' ? more.code : 'unexpected'
  const detail = typeof error.message === 'string' && error.message !== '' ? error.message : code
  return {
    kind: 'http', status: status_of[code] ?? 400, title: code, detail, requestId, more, field: typeof more.field === 'string' ? more.field : null,
  }
}

/** True for what passes by itself. */
export function isStarting(problem: Problem): boolean {
  return problem.title === 'start-failed'
}

/** The data of an answer, checked; its errors thrown. */
export function dataOf<T, V>(operation: Operation<T, V>, body: unknown, requestId: string | null = null): T {
  if (!isRecord(body)) throw new ShapeError('answer', 'an object')
  if (body.errors !== undefined) throw new ApiError(problemOf(body.errors, requestId))
  return operation.parse(body.data, 'data')
}

/** GraphQL over fetch, with the rules of the REST client: the csrf header, an upper limit in time, problems as ApiError. */
export function createAsk(options: Options): Ask {
  async function once<T, V>(operation: Operation<T, V>, variables: V, signal?: AbortSignal): Promise<T> {
    const limit = AbortSignal.timeout(timeout_ms)
    const { answer, text } = await reach(options.fetch, path, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { accept: 'application/json', 'content-type': 'application/json', 'x-weft-csrf': '1' },
      body: JSON.stringify({ query: operation.text, variables }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    })
    const requestId = answer.headers.get('x-request-id')
    const body = parseBody(text)
    if (isRecord(body)) return dataOf(operation, body, requestId)
    throw new ApiError(problemFrom(answer.status, body, requestId))
  }
  return async (operation, variables, signal) => {
    for (let tries = 0; ; tries++) {
      try {
        return await once(operation, variables, signal)
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        if (statusOf(error.problem) === 401) options.onUnauthorized()
        const pause = isStarting(error.problem) ? starting_retry_ms[tries] : undefined
        if (pause === undefined) throw error
        await new Promise((resolve) => setTimeout(resolve, pause))
        signal?.throwIfAborted()
      }
    }
  }
}
