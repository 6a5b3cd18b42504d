import { formatBytes } from './json.logic'

/** CPU time of so many microseconds: "0.8 ms", "2.6 s", "3 h 12 m". */
export function formatCpu(us: number): string {
  const ms = us / 1000
  if (ms < 1000) return `${rounded(ms)} ms`
  const s = ms / 1000
  if (s < 120) return `${rounded(s)} s`
  const m = Math.floor(s / 60)
  return m < 120 ? `${m} m` : `${Math.floor(m / 60)} h ${String(m % 60).padStart(2, '0')} m`
}

/** Memory by the time that it was used for: "12 MiB s". */
export function formatMemory(byte_seconds: number): string {
  return `${formatBytes(byte_seconds)} s`
}

function rounded(value: number): number {
  return value >= 10 ? Math.round(value) : Math.round(value * 10) / 10
}
