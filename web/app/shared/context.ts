import type { Api } from './api'
import type { Confirm } from './confirm'
import type { Ask } from './graphql/client'
import type { Live } from './graphql/live'
import type { Notifier } from './notify'
import type { Session } from './session'

/** What every view may need, made once by plugins/weft.ts. */
export interface Weft {
  /** The REST contract: changes, and signing in. */
  api: Api
  /** GraphQL: everything that is read. */
  ask: Ask
  session: Session
  live: Live
  notify: Notifier
  /** Asks a person before something is done. */
  confirm: Confirm
}

declare module '#app' {
  interface NuxtApp {
    $weft: Weft
  }
}

export function useWeft(): Weft {
  return useNuxtApp().$weft
}
