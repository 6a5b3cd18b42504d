import { onScopeDispose, ref, type Ref } from 'vue'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** "12 ms", "3.4 s", "2 m 05 s", "1 h 02 m": at most two units, steady in width while it runs. */
export function formatDuration(ms: number): string {
  const v = Math.max(0, ms)
  if (v < second) return `${Math.round(v)} ms`
  if (v < 10 * second) return `${(Math.floor(v / 100) / 10).toFixed(1)} s`
  if (v < minute) return `${Math.floor(v / second)} s`
  if (v < hour) return `${Math.floor(v / minute)} m ${pad(Math.floor((v % minute) / second))} s`
  if (v < day) return `${Math.floor(v / hour)} h ${pad(Math.floor((v % hour) / minute))} m`
  return `${Math.floor(v / day)} d ${pad(Math.floor((v % day) / hour))} h`
}

function pad(n: number): string {
  return String(n).padStart(2, '0')
}

/** "just now", "5 min ago", "3 h ago", then the date. */
export function formatAgo(at: string, now: number): string {
  const then = Date.parse(at)
  if (Number.isNaN(then)) return at
  const age = now - then
  if (age < 5 * second) return 'just now'
  if (age < minute) return `${Math.floor(age / second)} s ago`
  if (age < hour) return `${Math.floor(age / minute)} min ago`
  if (age < day) return `${Math.floor(age / hour)} h ago`
  if (age < 7 * day) return `${Math.floor(age / day)} d ago`
  return new Date(then).toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' })
}

/** Full local date and time with seconds, for titles and details. */
export function formatTime(at: string): string {
  const then = new Date(at)
  if (Number.isNaN(then.getTime())) return at
  return then.toLocaleString(undefined, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' })
}

/** Local time of day with milliseconds, for log lines. */
export function formatClock(at: string): string {
  const then = new Date(at)
  if (Number.isNaN(then.getTime())) return at
  return `${pad(then.getHours())}:${pad(then.getMinutes())}:${pad(then.getSeconds())}.${String(then.getMilliseconds()).padStart(3, '0')}`
}

interface Timed {
  started_at: string | null
  finished_at: string | null
  duration_ms: number | null
}

/** How long it took, or has been going on at `now`; null before it began. */
export function elapsedMs(timed: Timed, now: number): number | null {
  if (timed.duration_ms !== null) return timed.duration_ms
  if (timed.started_at === null) return null
  const end = timed.finished_at === null ? now : Date.parse(timed.finished_at)
  return Math.max(0, end - Date.parse(timed.started_at))
}

/** The present moment in ms, renewed every `every_ms` while the scope lives. */
export function useNow(every_ms: number): Readonly<Ref<number>> {
  const now = ref(Date.now())
  const timer = setInterval(() => (now.value = Date.now()), every_ms)
  onScopeDispose(() => clearInterval(timer))
  return now
}
