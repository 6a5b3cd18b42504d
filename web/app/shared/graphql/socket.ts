import { createClient } from 'graphql-ws/client'
import { isRecord } from '../api'
import { keepDigits } from '../api/json'
import type { Socket, SocketEvents } from './live'

const ping_ms = 20_000
const pong_ms = 10_000
const orderly = 1_000

/** The address of the socket beside the page's own. */
export function socketUrl(page: { protocol: string; host: string }): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/v1/graphql`
}

/** One WebSocket (graphql-transport-ws) for all subscriptions; the session cookie goes along. Trying again is up to `live.ts`. */
export function openSocket(url: string, events: SocketEvents): Socket {
  let silence: ReturnType<typeof setTimeout> | undefined
  const client = createClient({
    url,
    retryAttempts: 0,
    lazyCloseTimeout: 1_000, // one view ends and the next begins: do not reconnect in between
    keepAlive: ping_ms,
    jsonMessageReviver: keepDigits,
    on: {
      connecting: events.connecting,
      connected: events.connected,
      closed: (event) => {
        clearTimeout(silence)
        events.closed()
        // After an orderly end graphql-ws begins again at once, and for ever where something between closes every time.
        if (isRecord(event) && event.code === orderly) setTimeout(() => client.terminate())
      },
      // A connection that died without a word looks open; a ping without an answer tells.
      ping: (received) => {
        if (!received) silence = setTimeout(() => client.terminate(), pong_ms)
      },
      pong: (received) => {
        if (received) clearTimeout(silence)
      },
    },
  })
  return { subscribe: (request, sink) => client.subscribe(request, { ...sink, next: (body) => sink.next(body) }) }
}
