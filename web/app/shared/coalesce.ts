export interface Coalesced {
  /** Asks for one more run: at once when idle, else once after the present one and the pause. */
  request: () => void
  stop: () => void
}

/**
 * Turns a burst of requests into few runs of `work`: never two at once, at least `pause_ms` apart, and always one that
 * starts after the last request. A thousand events a second so cost a handful of fetches.
 */
export function coalesce(work: () => Promise<void>, pause_ms: number): Coalesced {
  let active = false
  let wanted = false
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined

  async function run(): Promise<void> {
    active = true
    wanted = false
    try {
      await work()
    } catch {
      // The work reports its own failures; a failed run must not end the series.
    }
    if (stopped) return
    timer = setTimeout(() => {
      active = false
      if (wanted) void run()
    }, pause_ms)
  }
  return {
    request: () => {
      if (stopped) return
      wanted = true
      if (!active) void run()
    },
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}
