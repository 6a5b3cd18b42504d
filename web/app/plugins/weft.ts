import { createApi, createHttp } from '~/shared/api'
import { createConfirm } from '~/shared/confirm'
import type { Weft } from '~/shared/context'
import { createAsk } from '~/shared/graphql/client'
import { createLive } from '~/shared/graphql/live'
import { openSocket, socketUrl } from '~/shared/graphql/socket'
import { createNotifier } from '~/shared/notify'
import { createSession } from '~/shared/session'

/** Wires the one REST client, GraphQL client, session, socket and notifier of the page. */
export default defineNuxtPlugin(() => {
  const router = useRouter()
  const transport = {
    fetch: window.fetch.bind(window),
    onUnauthorized: () => {
      session.forget()
      void router.push({ path: '/login', query: { next: router.currentRoute.value.fullPath } })
    },
  }
  const http = createHttp(transport)
  const ask = createAsk(transport)
  const api = createApi(http)
  const session = createSession(api)
  const live = createLive(ask, (events) => openSocket(socketUrl(location), events))
  document.addEventListener('visibilitychange', () => live.setVisible(document.visibilityState === 'visible'))
  const weft: Weft = { api, ask, session, live, notify: createNotifier(), confirm: createConfirm() }
  return { provide: { weft } }
})
