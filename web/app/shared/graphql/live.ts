import { ref, type Ref } from 'vue'
import { toProblem, type Problem } from '../api'
import { dataOf, isStarting, problemOf, type Ask } from './client'
import { asQuery, isStream, type Operation } from './operation'

export type LiveStatus = 'off' | 'connecting' | 'live' | 'lost'
export type Variables = Record<string, unknown>

interface SocketSink {
  next: (body: unknown) => void
  /** Errors of the subscription as a list, or whatever ended the connection. */
  error: (reason: unknown) => void
  complete: () => void
}
/** What a socket for many subscriptions does, so that a test can stand in for it; `socket.ts` makes the real one. */
export interface Socket {
  subscribe: (request: { query: string; variables: Variables }, sink: SocketSink) => () => void
}
export interface SocketEvents {
  connecting: () => void
  connected: () => void
  closed: () => void
}

export interface Sink<T> {
  next: (data: T) => void
  /** What is known so far stands. */
  failed: (problem: Problem) => void
}
/** Follows `operation` until the returned function is called. `variables` is asked at every (re)connection. */
export type Follow = <T, V extends Variables>(operation: Operation<T, V>, variables: () => V, sink: Sink<T>) => () => void

export interface Live {
  status: Readonly<Ref<LiveStatus>>
  follow: Follow
  /** A hidden page gives its socket back. */
  setVisible: (visible: boolean) => void
}

const retry_first_ms = 1_000
const retry_max_ms = 8_000

interface Follower {
  /** Idle: not going on over the socket, but wanted. Ended: refused for good, until the page is shown anew. */
  state: 'idle' | 'active' | 'ended'
  start: () => void
  halt: () => void
  /** Asks once over HTTP instead. */
  poll: () => Promise<void>
}

/**
 * All subscriptions of the page over one socket, open while somebody follows and the page is visible. While no socket can be had,
 * live queries are asked over HTTP at every attempt: behind a proxy without WebSocket the page works as well, only slower.
 */
export function createLive(ask: Ask, connect: (events: SocketEvents) => Socket): Live {
  const status = ref<LiveStatus>('off')
  const followers = new Set<Follower>()
  let visible = true
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const socket = connect({
    connecting: () => (status.value = failures === 0 ? 'connecting' : 'lost'),
    connected: () => {
      status.value = 'live'
      failures = 0
    },
    closed: () => (status.value = visible && followers.size > 0 ? 'lost' : 'off'),
  })
  function retryLater(): void {
    if (timer !== undefined || !visible) return
    timer = setTimeout(() => {
      timer = undefined
      for (const follower of [...followers]) {
        if (follower.state !== 'idle') continue
        follower.start()
        void follower.poll()
      }
    }, Math.min(retry_max_ms, retry_first_ms * 2 ** failures++))
  }
  function calm(): void {
    clearTimeout(timer)
    timer = undefined
    failures = 0
  }
  function lost(): void {
    status.value = 'lost'
    retryLater()
  }
  return {
    status,
    follow: (operation, variables, sink) => {
      const follower = createFollower(ask, socket, operation, variables, sink, { lost, later: retryLater })
      followers.add(follower)
      if (visible) follower.start()
      return () => {
        followers.delete(follower)
        follower.halt()
        if (followers.size === 0) calm()
      }
    },
    setVisible: (now) => {
      if (now === visible) return
      visible = now
      calm()
      if (!now) status.value = 'off'
      for (const follower of [...followers]) {
        if (now) follower.start()
        else follower.halt()
      }
    },
  }
}

interface Told {
  /** The connection ended, as everybody on it is told. */
  lost: () => void
  /** The server asks to try again. */
  later: () => void
}

function createFollower<T, V extends Variables>(
  ask: Ask, socket: Socket, operation: Operation<T, V>, variables: () => V, sink: Sink<T>, told: Told,
): Follower {
  let turn = 0 // of the socket: what an earlier one says is not heard
  let age = 0 // grows with every answer and every end: an answer over HTTP of an earlier age comes too late
  let end: () => void = () => undefined

  function take(body: unknown): void {
    age++
    let data: T
    try {
      data = dataOf(operation, body)
    } catch (error) {
      return refuse(toProblem(error))
    }
    sink.next(data)
  }
  function drop(): void {
    turn++
    if (self.state === 'active') end()
    self.state = 'idle'
  }
  function refuse(problem: Problem): void {
    self.halt()
    self.state = isStarting(problem) ? 'idle' : 'ended'
    sink.failed(problem)
    if (isStarting(problem)) told.later()
  }
  const self: Follower = {
    state: 'idle',
    start: () => {
      drop()
      const mine = turn
      self.state = 'active'
      end = socket.subscribe({ query: operation.text, variables: variables() }, {
        next: (body) => mine === turn && take(body),
        error: (reason) => {
          if (mine !== turn) return
          if (Array.isArray(reason)) return refuse(problemOf(reason))
          // graphql-ws counts a subscription whose connection failed until it is ended: the next socket would never close.
          drop()
          told.lost()
        },
        complete: () => {
          if (mine === turn) self.state = 'ended'
        },
      })
    },
    halt: () => {
      age++
      drop()
    },
    poll: async () => {
      if (isStream(operation)) return
      const mine = age
      try {
        const data = await ask(asQuery(operation), variables())
        if (mine === age) sink.next(data)
      } catch (error) {
        if (mine === age) sink.failed(toProblem(error))
      }
    },
  }
  return self
}
