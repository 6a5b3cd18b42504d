import { t } from '../i18n'
import { readJson, writeJson } from './json'
import { ApiError, noAnswer, problemFrom } from './problem'

export interface Http {
  get(path: string, query?: Query, signal?: AbortSignal): Promise<unknown>
  send(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, key?: string): Promise<unknown>
  /** The body goes up from the disk as it is. */
  upload(path: string, query: Query, file: Blob, signal?: AbortSignal): Promise<unknown>
  /** What waits at an address that was given away; whoever asks is nobody. */
  callback(method: 'GET' | 'POST', token: string, body?: unknown): Promise<unknown>
}

/** A body that is JSON already. */
export class JsonText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Query = Readonly<Record<string, string | number | null | undefined>>

interface Options {
  fetch: typeof fetch
  /** Called when a request that needed a session found none. */
  onUnauthorized: () => void
}

const base = '/api/v1'
const timeout_ms = 30_000
const upload_ms = 3_600_000 // 5 GiB at 12 Mbit/s, as the server allows

/** JSON over fetch with our rules: the csrf header on every change, problems as ApiError, an upper limit in time. */
export function createHttp(options: Options): Http {
  async function call(path: string, init: RequestInit, signal?: AbortSignal, most_ms = timeout_ms): Promise<unknown> {
    const limit = AbortSignal.timeout(most_ms)
    const { answer, text } = await reach(options.fetch, base + path, {
      ...init,
      credentials: 'same-origin',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    })
    const body = parseBody(text)
    if (answer.ok) return body
    if (answer.status === 401 && !path.startsWith('/auth/')) options.onUnauthorized()
    throw new ApiError(problemFrom(answer.status, body, answer.headers.get('x-request-id')))
  }
  async function callback(method: 'GET' | 'POST', token: string, body?: unknown): Promise<unknown> {
    const { answer, text } = await reach(options.fetch, `/callbacks/${encodeURIComponent(token)}`, {
      method,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? null : writeJson(body),
      credentials: 'omit',
      signal: AbortSignal.timeout(timeout_ms),
    })
    if (answer.ok) return parseBody(text)
    throw new ApiError(problemFrom(answer.status, parseBody(text), answer.headers.get('x-request-id')))
  }
  return {
    callback,
    upload: (path, query, file, signal) => {
      const headers = { 'accept': 'application/json', 'x-weft-csrf': '1', 'content-type': file.type === '' ? 'application/octet-stream' : file.type }
      return call(path + queryString(query), { method: 'POST', headers, body: file }, signal, upload_ms)
    },
    get: (path, query, signal) => call(path + queryString(query ?? {}), { headers: { accept: 'application/json' } }, signal),
    send: (method, path, body, key) => {
      const headers: Record<string, string> = { accept: 'application/json', 'x-weft-csrf': '1' }
      if (body !== undefined) headers['content-type'] = 'application/json'
      if (key !== undefined) headers['idempotency-key'] = key
      return call(path, { method, headers, body: body === undefined ? null : body instanceof JsonText ? body.text : writeJson(body) })
    },
  }
}

/** fetch, body and all, whose failures are problems; those of a request that was given up stay what they are. */
export async function reach(fetcher: typeof fetch, url: string, init: RequestInit): Promise<{ answer: Response; text: string }> {
  try {
    const answer = await fetcher(url, init)
    return { answer, text: await answer.text() }
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    const slow = error instanceof DOMException && error.name === 'TimeoutError'
    throw new ApiError(noAnswer(slow ? t('problem.slow.text', { n: timeout_ms / 1000 }) : t('problem.silent.text')))
  }
}

/** JSON, or null for anything else. */
export function parseBody(text: string): unknown {
  if (text === '') return null
  try {
    return readJson(text)
  } catch {
    return null
  }
}

export function queryString(query: Query): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}

/** A key that makes a repeated create harmless. `crypto.randomUUID` is missing on plain http, so it is made by hand. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}
