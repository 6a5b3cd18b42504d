import type { ActionId, AlertId, AppId, AppVersionId, ConnectionId, RunId, TokenId, TriggerId, WorkflowId } from '../ids'
import { JsonText, type Http, type Query } from './http'
import type { Json, Parser } from './parse'
import * as T from './types'

export type Fields = Readonly<Record<string, Json>>

/**
 * The operations of the REST contract that the UI uses: changes, signing in, and what is kept sealed. Everything else is read
 * over GraphQL. Throws ApiError, or ShapeError for an answer of another form.
 */
export function createApi(http: Http) {
  const get = async <R>(parse: Parser<R>, path: string, query: object = {}, signal?: AbortSignal) =>
    parse(await http.get(path, { ...query }, signal), 'answer')
  const send = async <R>(parse: Parser<R>, method: 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown, key?: string) =>
    parse(await http.send(method, path, body, key), 'answer')
  const none = async (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, key?: string) => {
    await http.send(method, path, body, key)
  }
  return {
    auth: authOperations(get, http),
    tokens: {
      create: (body: { name: string; role: T.Role; expires_in_days: number }, key: string) => send(T.tokenMade, 'POST', '/tokens', body, key),
      remove: (id: TokenId) => none('DELETE', `/tokens/${id}`),
    },
    runs: {
      /** A look for runs; bounded, so that a page may be short and still have a next. */
      list: (query: Query, signal?: AbortSignal) => get(T.foundRuns, '/runs', query, signal),
      /** What a value is made of. */
      valueShape: (id: RunId, query: Query, signal?: AbortSignal) => get(T.valueShape, `/runs/${id}/value/shape`, query, signal),
      cancel: (id: RunId, reason: string) => none('POST', `/runs/${id}/cancel`, reason === '' ? {} : { reason }),
      /** `body` is JSON as text: an input keeps its digits. */
      rerun: (id: RunId, body: string, key: string) => send(T.runStarted, 'POST', `/runs/${id}/rerun`, new JsonText(body), key),
      previewRerun: (id: RunId, how: Query, signal?: AbortSignal) => get(T.rerunPlan, `/runs/${id}/rerun`, how, signal),
      dropLetters: (body: Fields) => none('POST', '/dead-letters/drop', body),
      /** A page of them. Sent again it repeats nothing twice. */
      rerunMany: (body: Fields) => send(T.runsRepeated, 'POST', '/runs/rerun', body),
    },
    usage: {
      list: (query: Query, signal?: AbortSignal) => get(T.usagePage, '/usage', query, signal),
    },
    files: {
      /** Its handle, as JSON text. */
      upload: async (file: File, signal?: AbortSignal) => T.fileHandle(await http.upload('/files', { name: file.name }, file, signal)),
    },
    approvals: approvalOperations(get, none, http),
    workflows: workflowOperations(send, none),
    triggers: {
      /** The webhook's address, opened from where it is kept sealed. */
      address: (id: TriggerId, signal?: AbortSignal) => get(T.triggerAddress, `/triggers/${id}`, {}, signal),
      create: (workflow: WorkflowId, body: Fields, key: string) => send(T.triggerMade, 'POST', `/workflows/${workflow}/triggers`, body, key),
      change: (id: TriggerId, body: Fields) => none('PATCH', `/triggers/${id}`, body),
      setActive: (id: TriggerId, active: boolean) => none('POST', `/triggers/${id}/${active ? 'activate' : 'deactivate'}`),
      /** `secret` is the sender's; one is made when it is empty. */
      rotate: (id: TriggerId, what: 'token' | 'secret', secret = '') =>
        send(T.triggerAddress, 'POST', `/triggers/${id}/rotate`, secret === '' ? { what } : { what, secret }),
      remove: (id: TriggerId) => none('DELETE', `/triggers/${id}`),
      sample: (id: TriggerId, signal?: AbortSignal) => get(T.triggerSample, `/triggers/${id}/sample`, {}, signal),
      health: (id: TriggerId, signal?: AbortSignal) => get(T.triggerHealth, `/triggers/${id}/health`, {}, signal),
      history: (id: TriggerId, query: Query, signal?: AbortSignal) => get(T.triggerHistory, `/triggers/${id}/history`, { limit: 20, ...query }, signal),
      /** Waits so long for the next event; 0: no longer. */
      capture: (id: TriggerId, seconds: number) => none('POST', `/triggers/${id}/capture`, { seconds }),
    },
    schedules: {
      zones: () => get(T.zones, '/schedules/zones'),
      /** Refused as saving them would be; `change` is the trigger that they are to change. */
      preview: (config: Json, change: TriggerId | null) =>
        send(T.schedulePreview, 'POST', '/schedules/preview', change === null ? { config } : { config, trigger_id: change }),
    },
    alerts: {
      create: (body: Fields, key: string) => send(T.alertMade, 'POST', '/alerts', body, key),
      change: (id: AlertId, body: Fields) => none('PATCH', `/alerts/${id}`, body),
      setActive: (id: AlertId, active: boolean) => none('POST', `/alerts/${id}/${active ? 'enable' : 'disable'}`),
      rotate: (id: AlertId) => send(T.alertMade, 'POST', `/alerts/${id}/secret`),
      /** Asks for a message; what came of it is known some moments later. */
      test: (id: AlertId) => none('POST', `/alerts/${id}/test`),
      tested: (id: AlertId) => get(T.alertTested, `/alerts/${id}`),
      remove: (id: AlertId) => none('DELETE', `/alerts/${id}`),
    },
    apps: appOperations(send, none),
    connections: {
      create: (body: { key: string; name: string; app_id: AppId; fields: Fields }, key: string) => none('POST', '/connections', body, key),
      replaceSecret: (id: ConnectionId, fields: Fields) => none('PUT', `/connections/${id}/secret`, { fields }),
      change: (id: ConnectionId, body: Fields) => none('PATCH', `/connections/${id}`, body),
      closeCircuit: (id: ConnectionId) => none('POST', `/connections/${id}/close-circuit`),
      remove: (id: ConnectionId) => none('DELETE', `/connections/${id}`),
    },
  }
}

type Get = <R>(parse: Parser<R>, path: string, query?: object, signal?: AbortSignal) => Promise<R>
type Send = <R>(parse: Parser<R>, method: 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown, key?: string) => Promise<R>
type None = (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, key?: string) => Promise<void>

function authOperations(get: Get, http: Http) {
  return {
    status: () => get(T.authStatus, '/auth/status'),
    claim: (body: { token: string; email: string; name: string; password: string; tenant_name: string }) =>
      http.send('POST', '/auth/claim', body),
    login: (body: { email: string; password: string; tenant?: string }) => http.send('POST', '/auth/login', body),
    logout: () => http.send('POST', '/auth/logout'),
  }
}

/** `iteration`: the item's number, "0" outside of loops. */
export interface ApprovalPlace { run_id: RunId; step_id: string; iteration: string | number }
export interface Decision { approved: boolean; comment: string; name: string; form: Readonly<Record<string, Json>> | null }

function approvalOperations(get: Get, none: None, http: Http) {
  const said = (decision: Decision) => ({
    approved: decision.approved,
    ...(decision.comment === '' ? {} : { comment: decision.comment }),
    ...(decision.form === null ? {} : { form: decision.form }),
  })
  return {
    list: async (signal?: AbortSignal) => (await get(T.approvalItems, '/approvals', { limit: 100 }, signal)).items,
    get: (at: ApprovalPlace, signal?: AbortSignal) => get(T.approval, `/runs/${at.run_id}/approvals/${at.step_id}`, { iteration: Number(at.iteration) }, signal),
    decide: (at: ApprovalPlace, decision: Decision) => none('POST', `/runs/${at.run_id}/approvals/${at.step_id}`, { ...said(decision), iteration: Number(at.iteration) }),
    /** By the address that was sent to somebody: no session. */
    asked: async (token: string) => T.approvalAsked(await http.callback('GET', token), 'answer'),
    answer: (token: string, decision: Decision) => http.callback('POST', token, { ...said(decision), name: decision.name }),
  }
}

function workflowOperations(send: Send, none: None) {
  return {
    create: (body: { key: string; name: string; description: string; definition?: Json }, key: string) =>
      send(T.workflowMade, 'POST', '/workflows', body, key),
    /** What n8n exported, as a draft and a report; nothing is saved. */
    importN8n: (file: string, zone: string) => send(T.imported, 'POST', '/workflows/import/n8n', { file, zone }),
    remove: (id: WorkflowId) => none('DELETE', `/workflows/${id}`),
    resume: (id: WorkflowId) => none('POST', `/workflows/${id}/resume`),
    setState: (id: WorkflowId, change: 'activate' | 'deactivate' | 'archive' | 'restore') => none('POST', `/workflows/${id}/${change}`),
    saveDraft: (id: WorkflowId, definition: Json, revision: number | null) =>
      send(T.draft, 'PUT', `/workflows/${id}/draft`, revision === null ? { definition } : { definition, revision }),
    validate: (id: WorkflowId, definition: Json) => send(T.validation, 'POST', `/workflows/${id}/validate`, { definition }),
    publish: (id: WorkflowId, key: string) => none('POST', `/workflows/${id}/publish`, {}, key),
    /** `body` is JSON as text. */
    test: (id: WorkflowId, body: string, key: string) => send(T.runStarted, 'POST', `/workflows/${id}/test`, new JsonText(body), key),
    /** `input` is JSON as text. */
    start: (id: WorkflowId, input: string, key: string) => send(T.runStarted, 'POST', `/workflows/${id}/runs`, new JsonText(`{"input":${input}}`), key),
  }
}

function appOperations(send: Send, none: None) {
  return {
    create: (body: { key: string; name: string; description: string }, key: string) => send(T.appMade, 'POST', '/apps', body, key),
    createVersion: (id: AppId, body: Fields, key: string) => none('POST', `/apps/${id}/versions`, body, key),
    saveVersion: (id: AppVersionId, manifest: Json) => none('PATCH', `/app-versions/${id}`, { manifest }),
    publishVersion: (id: AppVersionId) => none('POST', `/app-versions/${id}/publish`),
    deprecateVersion: (id: AppVersionId) => none('POST', `/app-versions/${id}/deprecate`),
    createAction: (id: AppVersionId, body: Fields, key: string) => none('POST', `/app-versions/${id}/actions`, body, key),
    saveAction: (id: ActionId, body: Fields) => none('PATCH', `/actions/${id}`, body),
  }
}

export type Api = ReturnType<typeof createApi>
