import { onScopeDispose, ref, type Ref } from 'vue'
import { liveRun, type LiveRun } from './api'

export type LiveStatus = 'off' | 'connecting' | 'live' | 'lost'
export type LiveMessage = { k: 'run'; run: LiveRun } | { k: 'resync' }

/** The part of EventSource that is used, so that a test can stand in for the browser. */
export interface Source {
  addEventListener: (name: string, listener: (event: { data?: unknown }) => void) => void
  close: () => void
}

export interface Live {
  status: Readonly<Ref<LiveStatus>>
  subscribe: (handler: (message: LiveMessage) => void) => () => void
  /** A hidden page gives its connection back: browsers allow only six per host on HTTP/1.1. */
  setVisible: (visible: boolean) => void
}

const retry_first_ms = 1_000
const retry_max_ms = 15_000

/**
 * One stream of run changes for the whole page, open while somebody listens and the page is visible. Every (re)connect
 * after the first sends `resync`: what changed in between is unknown, so listeners fetch again.
 */
export function createLive(open: () => Source): Live {
  const status = ref<LiveStatus>('off')
  const handlers = new Set<(message: LiveMessage) => void>()
  let source: Source | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let visible = true
  let seen = false

  function tell(message: LiveMessage): void {
    for (const handler of [...handlers]) handler(message)
  }
  function connect(): void {
    const mine = open()
    source = mine
    status.value = failures === 0 ? 'connecting' : 'lost'
    mine.addEventListener('hello', () => {
      if (source !== mine) return
      status.value = 'live'
      failures = 0
      if (seen) tell({ k: 'resync' })
      seen = true
    })
    // The server's queue for us overflowed: it dropped what it had.
    mine.addEventListener('resync', () => source === mine && tell({ k: 'resync' }))
    mine.addEventListener('run', (event) => {
      if (source !== mine) return
      const run = parseRun(event.data)
      if (run) tell({ k: 'run', run })
    })
    // EventSource retries some failures by itself and gives up on others; doing it here treats all alike.
    mine.addEventListener('error', () => {
      if (source !== mine) return
      disconnect('lost')
      timer = setTimeout(update, Math.min(retry_max_ms, retry_first_ms * 2 ** failures++))
    })
  }
  function disconnect(next: LiveStatus): void {
    clearTimeout(timer)
    source?.close()
    source = null
    status.value = next
  }
  function update(): void {
    const wanted = visible && handlers.size > 0
    if (wanted && source === null) connect()
    if (!wanted) disconnect('off')
  }
  return {
    status,
    subscribe: (handler) => {
      handlers.add(handler)
      update()
      return () => {
        handlers.delete(handler)
        // Routes change by one view ending and the next beginning: do not reconnect in between.
        setTimeout(() => handlers.size === 0 && ((seen = false), update()), 1_000)
      }
    },
    setVisible: (now) => {
      visible = now
      update()
    },
  }
}

function parseRun(data: unknown): LiveRun | null {
  try {
    return liveRun(JSON.parse(String(data)), 'event')
  } catch {
    return null
  }
}

/** Listens for as long as the calling scope lives. */
export function useLiveRuns(live: Live, handler: (message: LiveMessage) => void): void {
  onScopeDispose(live.subscribe(handler))
}
