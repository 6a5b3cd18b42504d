import type { Api } from './api'
import type { Live } from './live'
import type { Notifier } from './notify'
import type { Session } from './session'

/** What every view may need, made once by plugins/weft.ts. */
export interface Weft {
  api: Api
  session: Session
  live: Live
  notify: Notifier
}

declare module '#app' {
  interface NuxtApp {
    $weft: Weft
  }
}

export function useWeft(): Weft {
  return useNuxtApp().$weft
}
