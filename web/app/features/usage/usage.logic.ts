import type { UsagePage, UsageRow } from '~/shared/api'

export const groups = ['workflow', 'day'] as const
export type Group = (typeof groups)[number]
export const periods = ['week', 'month', 'quarter'] as const
export type Period = (typeof periods)[number]
const days_of: Record<Period, number> = { week: 7, month: 30, quarter: 90 }
const day_ms = 86_400_000

export interface UsageFilters {
  by: Group
  period: Period
}
export interface Line extends UsageRow {
  /** Of the workflow, or the day. */
  id: string
  /** Of the CPU time of all lines, 0 to 1. */
  share: number
}

/** The URL is the truth about filters; what it says wrongly counts as the first choice. */
export function filtersFromQuery(query: Readonly<Record<string, unknown>>): UsageFilters {
  return { by: groups.find((one) => one === query.by) ?? 'workflow', period: periods.find((one) => one === query.period) ?? 'month' }
}

/** Days in UTC, as the sums are; `to` is today. */
export function daysOf(period: Period, now: number): { from: string; to: string } {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10)
  return { from: day(now - (days_of[period] - 1) * day_ms), to: day(now) }
}

/** A tenant has few workflows and a quarter few days: all of them, so that those which cost most stand first. */
export const pages_max = 10
export async function allPages(fetch: (after: string | null) => Promise<UsagePage>): Promise<UsageRow[]> {
  const out: UsageRow[] = []
  let after: string | null = null
  for (let page = 0; page < pages_max; ++page) {
    const got: UsagePage = await fetch(after)
    out.push(...got.items)
    after = got.next
    if (after === null) break
  }
  return out
}

export function toLines(rows: readonly UsageRow[], by: Group): Line[] {
  const all = rows.reduce((sum, row) => sum + row.cpu_us, 0)
  const lines = rows.map((row) => ({ ...row, id: row.workflow_id ?? row.day ?? '', share: all === 0 ? 0 : row.cpu_us / all }))
  return by === 'day' ? lines : lines.sort((a, b) => b.cpu_us - a.cpu_us || b.runs - a.runs)
}

export function sumOf(rows: readonly UsageRow[]): Pick<UsageRow, 'runs' | 'steps' | 'cpu_us' | 'calls'> {
  const sum = { runs: 0, steps: 0, cpu_us: 0, calls: 0 }
  for (const row of rows) {
    sum.runs += row.runs
    sum.steps += row.steps
    sum.cpu_us += row.cpu_us
    sum.calls += row.calls
  }
  return sum
}
