import { ShapeError, type Parser } from './api/parse'

// Branded ids: a run's id cannot be handed to what wants a workflow's.
type Brand<B extends string> = string & { readonly __brand: B }

export type RunId = Brand<'RunId'>
export type WorkflowId = Brand<'WorkflowId'>
export type VersionId = Brand<'VersionId'>
export type TriggerId = Brand<'TriggerId'>
export type AppId = Brand<'AppId'>
export type AppVersionId = Brand<'AppVersionId'>
export type ActionId = Brand<'ActionId'>
export type ConnectionId = Brand<'ConnectionId'>
export type AlertId = Brand<'AlertId'>
export type TokenId = Brand<'TokenId'>
export type UserId = Brand<'UserId'>
export type TenantId = Brand<'TenantId'>

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function isId<T extends Brand<string>>(value: unknown): value is T {
  return typeof value === 'string' && form.test(value)
}

/** Parser of a uuid as it stands in JSON. */
export function id<T extends Brand<string>>(): Parser<T> {
  return (value, at) => {
    if (!isId<T>(value)) throw new ShapeError(at, 'an id')
    return value
  }
}

/** An id as GraphQL gives it: the schema does not say of what, so it fits where one is named. */
export type Uuid = string & { readonly __brand: never }
export const uuid: Parser<Uuid> = id<Uuid>()

/** A route parameter as an id, or null when it is none. */
export function routeId<T extends Brand<string>>(value: unknown): T | null {
  return isId<T>(value) ? value : null
}
