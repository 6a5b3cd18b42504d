import { auth_kinds, isRecord, word, type AuthKind, type Json } from '~/shared/api'
import type { AppVersion } from '~/features/apps'
import type { ConnectionsQuery } from '~/shared/graphql/generated'
import type { AppId, ConnectionId } from '~/shared/ids'
import type { Refine } from '~/shared/rows'

type Row = ConnectionsQuery['connections'][number]
export type Circuit = 'closed' | 'open' | 'half_open'
export type Connection = Refine<Row, { id: ConnectionId; app_id: AppId; auth_kind: AuthKind; state: 'untested' | 'ok' | 'failing'; circuit: Circuit }>

export function toConnection(row: Row): Connection {
  return {
    ...row, auth_kind: word(auth_kinds)(row.auth_kind, 'connection.auth_kind'), state: word(['untested', 'ok', 'failing'])(row.state, 'connection.state'),
    circuit: word(['closed', 'open', 'half_open'])(row.circuit, 'connection.circuit'),
  }
}

export interface CredentialField {
  name: string
  title: string
  secret: boolean
}

/** The auth part of the version whose credentials a new connection holds: the newest published one, else the newest. */
export function authOf(versions: readonly Pick<AppVersion, 'major' | 'minor' | 'state' | 'manifest'>[]): Json | null {
  const newest = [...versions].sort((a, b) => b.major - a.major || b.minor - a.minor)
  const chosen = newest.find((v) => v.state === 'published') ?? newest[0]
  return chosen && isRecord(chosen.manifest) && chosen.manifest.auth !== undefined ? chosen.manifest.auth : null
}

export function authKind(auth: Json | null): AuthKind {
  const kind = isRecord(auth) ? auth.kind : null
  return auth_kinds.find((k) => k === kind) ?? 'none'
}

/** The fields a person fills in, as the server derives them from the app's auth. */
export function credentialFields(auth: Json | null): CredentialField[] {
  const members = isRecord(auth) ? auth : {}
  switch (authKind(auth)) {
    case 'none':
      return []
    case 'api_key':
      return [{ name: text(members.field) ?? 'api_key', title: text(members.name) ?? 'API key', secret: true }]
    case 'basic':
      return [{ name: 'username', title: 'User name', secret: false }, { name: 'password', title: 'Password', secret: true }]
    case 'bearer':
      return [{ name: 'token', title: 'Token', secret: true }]
    case 'headers': {
      const headers = isRecord(members.headers) ? members.headers : {}
      return Object.entries(headers).map(([header, field]) => ({ name: text(field) ?? header, title: header, secret: true }))
    }
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** The fields of a connection whose app cannot be read: what its kind always has. */
export function fieldsOfKind(kind: AuthKind): CredentialField[] {
  return credentialFields({ kind })
}

export function complete(fields: readonly CredentialField[], values: Readonly<Record<string, string>>): boolean {
  return fields.every((f) => (values[f.name] ?? '') !== '')
}

/** Exactly the fields asked for: what was typed for another app before is not sent. */
export function pick(fields: readonly CredentialField[], values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(fields.map((f) => [f.name, values[f.name] ?? '']))
}

/** What the form of the breaker holds: texts, in seconds. */
export interface BreakerForm {
  failures: string
  within: string
  open: string
}

export function breakerForm(connection: Pick<Connection, 'breaker_failures' | 'breaker_within_ms' | 'breaker_open_ms'>): BreakerForm {
  return {
    failures: String(connection.breaker_failures),
    within: String(Number(connection.breaker_within_ms) / 1000),
    open: String(Number(connection.breaker_open_ms) / 1000),
  }
}

/** What the server takes. A text that is no number is sent as null, so that the server says which field is wrong. */
export function breakerBody(form: BreakerForm): Record<string, number | null> {
  const number = (written: string, unit: number) => (/^\s*\d+(\.\d+)?\s*$/.test(written) ? Math.round(Number(written) * unit) : null)
  return { breaker_failures: number(form.failures, 1), breaker_within_ms: number(form.within, 1000), breaker_open_ms: number(form.open, 1000) }
}
