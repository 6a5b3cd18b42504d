import { describe, expect, it } from 'vitest'
import { en } from '~/shared/i18n/en'
import { reasonKey, refusedCount, toRefusals } from './refused.logic'

const row = { reason: 'signature', status: 401, content_type: 'application/json', address: '192.0.2.0/24', last_at: '2026-01-01T00:00:00Z', deliveries: '3', size_bytes: '120' }

describe('refused deliveries', () => {
  it('are counted beyond what a number holds', () => {
    expect(refusedCount([row, { deliveries: '9007199254740993' }])).toBe(9007199254740996n)
    expect(refusedCount([])).toBe(0n)
  })
  it('are told apart by their kind', () => {
    const ids = toRefusals([row, { ...row, status: 403 }, { ...row, address: '198.51.100.0/24' }]).map((r) => r.id)
    expect(new Set(ids).size).toBe(3)
  })
  it.each(['signature', 'rate', 'input', 'body', 'body-limit', 'overload', 'spam', 'method', 'inactive', 'other', 'failed', 'missed', 'skipped', 'gap'])('have words for %s', (reason) => {
    const key = reasonKey(reason)
    expect(key !== null && en[key].length > 0).toBe(true)
  })
  it('have none for a reason that is newer than the page, which is then shown as it is', () => {
    expect(reasonKey('brand-new')).toBeNull()
  })
})
