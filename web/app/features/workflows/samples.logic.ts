import type { TriggerSample } from '~/shared/api'

/** How often a page looks while it waits for an event. */
export const look_every_ms = 2_000

/** Seconds until nobody listens any more; null: nobody does. */
export function secondsLeft(sample: TriggerSample, now: number): number | null {
  if (sample.state !== 'listening' || sample.listening_until === null) return null
  return Math.max(0, Math.ceil((Date.parse(sample.listening_until) - now) / 1000))
}

/** As a clock shows it: 9:59. */
export function clockText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
