import type {
  ActionId, AppId, AppVersionId, ConnectionId, RunId, TokenId, TriggerId, VersionId, WorkflowId,
} from '../ids'
import type { Http } from './http'
import { page, type Json, type Parser } from './parse'
import * as T from './types'

export interface PageQuery {
  after?: string | null
  limit?: number
}
export interface RunQuery extends PageQuery {
  workflow_id?: WorkflowId | null
  state?: T.RunState | null
}
export type Fields = Readonly<Record<string, Json>>

/** Every operation of the REST contract that the UI uses. Throws ApiError, or ShapeError for an answer of another form. */
export function createApi(http: Http) {
  const get = async <R>(parse: Parser<R>, path: string, query: object = {}, signal?: AbortSignal) =>
    parse(await http.get(path, { ...query }, signal), 'answer')
  const send = async <R>(parse: Parser<R>, method: 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown, key?: string) =>
    parse(await http.send(method, path, body, key), 'answer')
  const none = async (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
    await http.send(method, path, body)
  }
  return {
    auth: authOperations(get, http),
    tokens: {
      list: (query: PageQuery, signal?: AbortSignal) => get(page(T.token), '/tokens', query, signal),
      create: (body: { name: string; role: T.Role; expires_in_days: number }, key: string) =>
        send(T.token, 'POST', '/tokens', body, key),
      remove: (id: TokenId) => none('DELETE', `/tokens/${id}`),
    },
    runs: {
      list: (query: RunQuery, signal?: AbortSignal) => get(page(T.run), '/runs', query, signal),
      get: (id: RunId, signal?: AbortSignal) => get(T.runDetail, `/runs/${id}`, {}, signal),
      step: (id: RunId, step: string, signal?: AbortSignal) =>
        get(T.stepDetail, `/runs/${id}/steps/${encodeURIComponent(step)}`, {}, signal),
      logs: (id: RunId, query: PageQuery, signal?: AbortSignal) => get(page(T.logLine), `/runs/${id}/logs`, query, signal),
      cancel: (id: RunId, reason: string) => none('POST', `/runs/${id}/cancel`, reason === '' ? {} : { reason }),
      rerun: (id: RunId, key: string) => send(T.runStarted, 'POST', `/runs/${id}/rerun`, {}, key),
    },
    workflows: workflowOperations(get, send, none),
    triggers: {
      list: (workflow: WorkflowId, signal?: AbortSignal) => get(page(T.trigger), `/workflows/${workflow}/triggers`, {}, signal),
      create: (workflow: WorkflowId, body: Fields, key: string) => send(T.trigger, 'POST', `/workflows/${workflow}/triggers`, body, key),
      setActive: (id: TriggerId, active: boolean) => none('POST', `/triggers/${id}/${active ? 'activate' : 'deactivate'}`),
      rotate: (id: TriggerId, what: 'token' | 'secret') => send(T.rotated, 'POST', `/triggers/${id}/rotate`, { what }),
      remove: (id: TriggerId) => none('DELETE', `/triggers/${id}`),
    },
    apps: appOperations(get, send, none),
    connections: {
      list: (query: PageQuery, signal?: AbortSignal) => get(page(T.connection), '/connections', query, signal),
      create: (body: { key: string; name: string; app_id: AppId; fields: Fields }, key: string) =>
        send(T.connection, 'POST', '/connections', body, key),
      replaceSecret: (id: ConnectionId, fields: Fields) => none('PUT', `/connections/${id}/secret`, { fields }),
      remove: (id: ConnectionId) => none('DELETE', `/connections/${id}`),
    },
  }
}

type Get = <R>(parse: Parser<R>, path: string, query?: object, signal?: AbortSignal) => Promise<R>
type Send = <R>(parse: Parser<R>, method: 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown, key?: string) => Promise<R>
type None = (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => Promise<void>

function authOperations(get: Get, http: Http) {
  return {
    status: () => get(T.authStatus, '/auth/status'),
    claim: (body: { token: string; email: string; name: string; password: string; tenant_name: string }) =>
      http.send('POST', '/auth/claim', body),
    login: (body: { email: string; password: string; tenant?: string }) => http.send('POST', '/auth/login', body),
    logout: () => http.send('POST', '/auth/logout'),
  }
}

function workflowOperations(get: Get, send: Send, none: None) {
  return {
    list: (query: PageQuery, signal?: AbortSignal) => get(page(T.workflow), '/workflows', query, signal),
    get: (id: WorkflowId, signal?: AbortSignal) => get(T.workflow, `/workflows/${id}`, {}, signal),
    create: (body: { key: string; name: string; description: string; definition?: Json }, key: string) =>
      send(T.workflow, 'POST', '/workflows', body, key),
    remove: (id: WorkflowId) => none('DELETE', `/workflows/${id}`),
    draft: (id: WorkflowId, signal?: AbortSignal) => get(T.draft, `/workflows/${id}/draft`, {}, signal),
    saveDraft: (id: WorkflowId, definition: Json, revision: number | null) =>
      send(T.draft, 'PUT', `/workflows/${id}/draft`, revision === null ? { definition } : { definition, revision }),
    validate: (id: WorkflowId, definition: Json) => send(T.validation, 'POST', `/workflows/${id}/validate`, { definition }),
    publish: (id: WorkflowId, key: string) => send(T.version, 'POST', `/workflows/${id}/publish`, {}, key),
    versions: (id: WorkflowId, query: PageQuery, signal?: AbortSignal) =>
      get(page(T.version), `/workflows/${id}/versions`, query, signal),
    version: (id: VersionId, signal?: AbortSignal) => get(T.versionDetail, `/workflow-versions/${id}`, {}, signal),
    start: (id: WorkflowId, input: Json, key: string) => send(T.runStarted, 'POST', `/workflows/${id}/runs`, { input }, key),
  }
}

function appOperations(get: Get, send: Send, none: None) {
  return {
    list: (query: PageQuery, signal?: AbortSignal) => get(page(T.app), '/apps', query, signal),
    get: (id: AppId, signal?: AbortSignal) => get(T.app, `/apps/${id}`, {}, signal),
    create: (body: { key: string; name: string; description: string }, key: string) => send(T.app, 'POST', '/apps', body, key),
    remove: (id: AppId) => none('DELETE', `/apps/${id}`),
    versions: (id: AppId, signal?: AbortSignal) => get(page(T.appVersion), `/apps/${id}/versions`, {}, signal),
    createVersion: (id: AppId, body: Fields, key: string) => send(T.appVersion, 'POST', `/apps/${id}/versions`, body, key),
    saveVersion: (id: AppVersionId, manifest: Json) => send(T.appVersion, 'PATCH', `/app-versions/${id}`, { manifest }),
    publishVersion: (id: AppVersionId) => none('POST', `/app-versions/${id}/publish`),
    deprecateVersion: (id: AppVersionId) => none('POST', `/app-versions/${id}/deprecate`),
    actions: (id: AppVersionId, signal?: AbortSignal) => get(page(T.action), `/app-versions/${id}/actions`, {}, signal),
    createAction: (id: AppVersionId, body: Fields, key: string) => send(T.action, 'POST', `/app-versions/${id}/actions`, body, key),
    saveAction: (id: ActionId, body: Fields) => send(T.action, 'PATCH', `/actions/${id}`, body),
    removeAction: (id: ActionId) => none('DELETE', `/actions/${id}`),
  }
}

export type Api = ReturnType<typeof createApi>
