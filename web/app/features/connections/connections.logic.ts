import { auth_kinds, isRecord, word, type AuthKind, type Json } from '~/shared/api'
import type { AppVersion } from '~/features/apps'
import type { ConnectionsQuery } from '~/shared/graphql/generated'
import type { AppId, ConnectionId } from '~/shared/ids'
import type { Refine } from '~/shared/rows'

type Row = ConnectionsQuery['connections'][number]
export type Connection = Refine<Row, { id: ConnectionId; app_id: AppId; auth_kind: AuthKind; state: 'untested' | 'ok' | 'failing' }>

export function toConnection(row: Row): Connection {
  return {
    ...row, auth_kind: word(auth_kinds)(row.auth_kind, 'connection.auth_kind'), state: word(['untested', 'ok', 'failing'])(row.state, 'connection.state'),
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
