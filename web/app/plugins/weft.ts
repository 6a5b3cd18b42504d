import { createApi, createHttp } from '~/shared/api'
import type { Weft } from '~/shared/context'
import { createLive } from '~/shared/live'
import { createNotifier } from '~/shared/notify'
import { createSession } from '~/shared/session'

/** Wires the one API client, session, live stream and notifier of the page. */
export default defineNuxtPlugin(() => {
  const router = useRouter()
  const http = createHttp({
    fetch: window.fetch.bind(window),
    onUnauthorized: () => {
      session.forget()
      void router.push({ path: '/login', query: { next: router.currentRoute.value.fullPath } })
    },
  })
  const api = createApi(http)
  const session = createSession(api)
  const live = createLive(() => new EventSource('/api/v1/live'))
  document.addEventListener('visibilitychange', () => live.setVisible(document.visibilityState === 'visible'))
  const weft: Weft = { api, session, live, notify: createNotifier() }
  return { provide: { weft } }
})
