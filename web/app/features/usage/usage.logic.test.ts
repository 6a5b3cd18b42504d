import { describe, expect, it } from 'vitest'
import type { UsageRow } from '~/shared/api'
import { formatCpu, formatMemory } from '~/ui/amounts'
import { formatBytes } from '~/ui/json.logic'
import type { WorkflowId } from '~/shared/ids'
import { allPages, daysOf, filtersFromQuery, pages_max, sumOf, toLines } from './usage.logic'

const row = (more: Partial<UsageRow>): UsageRow => ({
  day: null, workflow_id: null, workflow_key: null, workflow_name: null, runs: 1, steps: 2, cpu_us: 0, memory_byte_seconds: 0, bytes_in: 0, bytes_out: 0, calls: 3, ...more,
})

describe('usage', () => {
  it('reads its filters from the URL, and what is wrong there is the first choice', () => {
    expect(filtersFromQuery({})).toEqual({ by: 'workflow', period: 'month' })
    expect(filtersFromQuery({ by: 'day', period: 'week' })).toEqual({ by: 'day', period: 'week' })
    expect(filtersFromQuery({ by: 'x', period: ['week'] })).toEqual({ by: 'workflow', period: 'month' })
  })
  it('asks for days in UTC, today among them', () => {
    expect(daysOf('week', Date.parse('2026-03-02T00:30:00Z'))).toEqual({ from: '2026-02-24', to: '2026-03-02' })
    expect(daysOf('month', Date.parse('2026-03-02T23:30:00Z')).from).toBe('2026-02-01')
  })
  it('puts the workflows first that cost most, and days as they come', () => {
    const rows = [row({ workflow_id: 'a' as WorkflowId, cpu_us: 10 }), row({ workflow_id: 'b' as WorkflowId, cpu_us: 30 })]
    expect(toLines(rows, 'workflow').map((one) => [one.id, one.share])).toEqual([['b', 0.75], ['a', 0.25]])
    expect(toLines([row({ day: '2026-01-02' }), row({ day: '2026-01-01', cpu_us: 9 })], 'day').map((one) => one.id)).toEqual(['2026-01-02', '2026-01-01'])
    expect(toLines([row({})], 'day')[0]?.share).toBe(0)
    expect(sumOf(rows)).toEqual({ runs: 2, steps: 4, cpu_us: 40, calls: 6 })
  })
  it('reads all pages, up to a bound', async () => {
    const asked: (string | null)[] = []
    const page = async (after: string | null) => {
      asked.push(after)
      return { items: [row({})], next: asked.length === 2 ? null : 'x' }
    }
    expect((await allPages(page)).length).toBe(2)
    expect(asked).toEqual([null, 'x'])
    expect((await allPages(async () => ({ items: [row({})], next: 'x' }))).length).toBe(pages_max)
  })
  it('is said in units that people read', () => {
    expect([0, 850, 12_400, 2_600_000, 600_000_000, 11_520_000_000].map(formatCpu)).toEqual(['0 ms', '0.9 ms', '12 ms', '2.6 s', '10 m', '3 h 12 m'])
    expect([0, 1536, 5 * 2 ** 30].map(formatBytes)).toEqual(['0 B', '1.5 KiB', '5 GiB'])
    expect(formatMemory(3 * 2 ** 20)).toBe('3 MiB s')
  })
})
