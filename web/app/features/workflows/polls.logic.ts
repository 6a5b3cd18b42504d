import { isRecord, type Json, readJson, writeJson } from '~/shared/api'

/** Kinds of triggers that ask another system. */
export const poll_kinds = ['feed', 'poll', 'mail', 'postgres', 'notify'] as const
export type PollKind = (typeof poll_kinds)[number]
export const starts = ['now', 'all'] as const
export const after_mail = ['nothing', 'seen', 'move', 'delete'] as const
export const cursors = ['none', 'items', 'answer'] as const

/** Their settings, as the dialog has them; `with`, `headers` and `filter` are JSON texts. */
export interface PollForm {
  url: string
  uses: string
  connection: string
  with: string
  headers: string
  items: string
  id: string
  cursor_of: (typeof cursors)[number]
  cursor: string
  every: string
  start: (typeof starts)[number]
  batch: boolean
  filter: string
  folder: string
  unseen: boolean
  after: (typeof after_mail)[number]
  move_to: string
  attachments: boolean
  schema: string
  table: string
  channel: string
  cursor_columns: string
  columns: string
}

const text = (value: Json | undefined) => (typeof value === 'string' ? value : '')
const written = (value: Json | undefined) => (value === undefined || value === null ? '' : writeJson(value, 2))

const listed = (value: Json | undefined) => (Array.isArray(value) ? value.map((one) => (typeof one === 'string' ? one : '')).join(', ') : '')
const names = (value: string) => value.split(',').map((one) => one.trim()).filter((one) => one !== '')

export function pollFormOf(config: Json): PollForm {
  const members = isRecord(config) ? config : {}
  const cursor = isRecord(members.cursor) ? members.cursor : {}
  return {
    url: text(members.url), uses: text(members.uses) || 'core/http', connection: text(members.connection), with: written(members.with) || '{\n  "url": ""\n}',
    headers: written(members.headers), items: text(members.items), id: text(members.id), cursor_of: cursors.find((of) => of === cursor.of) ?? 'none', cursor: text(cursor.path),
    every: text(members.every), start: members.start === 'all' ? 'all' : 'now', batch: members.batch === true, filter: written(members.filter),
    folder: text(members.folder), unseen: members.unseen === true, after: after_mail.find((what) => what === members.after) ?? 'nothing', move_to: text(members.move_to),
    attachments: members.attachments !== false,
    schema: text(members.schema), table: text(members.table), channel: text(members.channel), cursor_columns: listed(members.cursor), columns: listed(members.columns),
  }
}

/** A text that is no JSON, by its field: the server never sees it. */
export class NoJson extends Error {
  constructor(readonly field: string) {
    super(field)
  }
}

export function parsed(field: string, value: string): Json {
  try {
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- what it gives is JSON
    return readJson(value) as Json
  } catch {
    throw new NoJson(field)
  }
}

/** What is empty is left to the server's default. Throws NoJson. */
export function pollConfigOf(kind: PollKind, form: PollForm): { [name: string]: Json } {
  const config: { [name: string]: Json } = {}
  const put = (name: string, value: string) => {
    if (value.trim() !== '') config[name] = value.trim()
  }
  const putJson = (name: string, value: string) => {
    if (value.trim() !== '') config[name] = parsed(name, value)
  }
  if (kind === 'feed') {
    put('url', form.url)
    putJson('headers', form.headers)
  } else if (kind === 'postgres') {
    put('schema', form.schema)
    put('table', form.table)
    config.cursor = names(form.cursor_columns)
    if (names(form.columns).length > 0) config.columns = names(form.columns)
  } else if (kind === 'notify') {
    put('channel', form.channel)
  } else if (kind === 'mail') {
    put('folder', form.folder)
    config.unseen = form.unseen
    config.after = form.after
    if (form.after === 'move') put('move_to', form.move_to)
    config.attachments = form.attachments
  } else {
    put('uses', form.uses)
    putJson('with', form.with)
    put('items', form.items)
    put('id', form.id)
    if (form.cursor_of !== 'none') config.cursor = { of: form.cursor_of, path: form.cursor.trim() }
  }
  put('connection', form.connection)
  if (kind !== 'notify') {
    put('every', form.every)
    config.start = form.start
  }
  if (kind === 'feed' || kind === 'poll') config.batch = form.batch
  putJson('filter', form.filter)
  return config
}

/** What is asked, for the list. */
export function sourceText(config: Json): string {
  const members = isRecord(config) ? config : {}
  if (typeof members.url === 'string') return members.url
  if (typeof members.channel === 'string') return `${text(members.connection)} · ${members.channel}`
  if (typeof members.table === 'string') return `${text(members.connection)} · ${text(members.schema)}.${members.table}`
  if (typeof members.folder === 'string') return `${text(members.connection)} · ${members.folder}`
  const asked = isRecord(members.with) ? members.with : {}
  return members.uses === 'core/http' && typeof asked.url === 'string' ? asked.url : text(members.uses)
}

export interface PollStanding {
  due_at?: string | null
  polled_at?: string | null
  failing_since?: string | null
}
/** How it stands, in one word. */
export function pollHealth(active: boolean, at: PollStanding | null): 'off' | 'failing' | 'waiting' | 'ok' {
  if (!active) return 'off'
  if (at?.failing_since != null) return 'failing'
  return at?.polled_at == null ? 'waiting' : 'ok'
}
