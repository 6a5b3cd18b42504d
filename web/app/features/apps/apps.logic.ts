import { isRecord, json, readJson, word, type Json } from '~/shared/api'
import type { AppActionsQuery, AppVersionRowFragment } from '~/shared/graphql/generated'
import type { ActionId, AppVersionId } from '~/shared/ids'
import type { Refine } from '~/shared/rows'

export type AppVersion = Refine<AppVersionRowFragment, { id: AppVersionId; state: 'draft' | 'published' | 'deprecated' }>
export type Action = Refine<AppActionsQuery['actions'][number], { id: ActionId }>

export function toVersion(row: AppVersionRowFragment): AppVersion {
  return { ...row, state: word(['draft', 'published', 'deprecated'])(row.state, 'version.state') }
}

export const manifest_starter: Json = {
  base_url: 'https://api.example.com',
  auth: { kind: 'api_key', in: 'header', name: 'X-Api-Key' },
}

export const action_starter: Json = {
  key: 'get-item',
  name: 'Get item',
  definition: {
    method: 'GET',
    path: '/items/{{ input.id }}',
    input: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
    effect: 'idempotent',
  },
}

export function parseJson(text: string): { k: 'ok'; value: Json } | { k: 'bad'; message: string } {
  try {
    return { k: 'ok', value: json(readJson(text), 'text') }
  } catch (error) {
    return { k: 'bad', message: error instanceof Error ? error.message : String(error) }
  }
}

/** "GET /items/{id}" of an action, for the list. */
export function callOf(definition: Json): string {
  if (!isRecord(definition)) return ''
  const method = typeof definition.method === 'string' ? definition.method : ''
  const path = typeof definition.path === 'string' ? definition.path : ''
  return `${method} ${path}`.trim()
}

export function effectOf(definition: Json): string {
  return isRecord(definition) && typeof definition.effect === 'string' ? definition.effect : ''
}
