import { describe, expect, it } from 'vitest'
import { claimToken } from '../features/auth/auth.logic'
import { t } from './i18n'
import { en } from './i18n/en'
import { routeId } from './ids'
import { keyset, likeOf, only, pageOf } from './rows'
import { afterLogin, safeNext } from './session'
import { nextChoice } from './theme'
import { elapsedMs, formatAgo, formatClock, formatDuration } from './time'

describe('time', () => {
  it.each([[0, '0 ms'], [-5, '0 ms'], [999, '999 ms'], [1_000, '1.0 s'], [9_990, '9.9 s'], [59_999, '59 s'], [125_000, '2 m 05 s'], [3_725_000, '1 h 02 m'], [90_000_000, '1 d 01 h']])('%d ms is "%s"', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
  it('tells ages, and gives back what is no time', () => {
    const now = Date.parse('2026-01-02T00:00:00Z')
    expect(formatAgo('2026-01-01T23:59:58Z', now)).toBe('just now')
    expect(formatAgo('2026-01-02T00:00:30Z', now)).toBe('just now')
    expect(formatAgo('2026-01-01T23:30:00Z', now)).toBe('30 min ago')
    expect(formatAgo('2025-12-30T00:00:00Z', now)).toBe('3 d ago')
    expect(formatAgo('soon', now)).toBe('soon')
    expect(formatClock('soon')).toBe('soon')
    expect(formatClock('2026-01-01T10:11:12.345Z')).toMatch(/:11:12\.345$/)
  })
  it('knows how long something took, or takes', () => {
    const began = { started_at: '2026-01-01T00:00:00Z', finished_at: null, duration_ms: null }
    expect(elapsedMs(began, Date.parse('2026-01-01T00:00:02Z'))).toBe(2_000)
    expect(elapsedMs({ ...began, finished_at: '2026-01-01T00:00:01Z' }, 0)).toBe(1_000)
    expect(elapsedMs({ ...began, started_at: null }, 0)).toBeNull()
    expect(elapsedMs({ ...began, duration_ms: 7 }, 0)).toBe(7)
  })
})

describe('pages', () => {
  it('show one row less than was asked for, which tells of a next page', () => {
    const rows = (n: number) => Array.from({ length: n }, (_, i) => ({ id: String(n - i) }))
    expect(pageOf(rows(3), 2)).toEqual({ items: [{ id: '3' }, { id: '2' }], next: '2' })
    expect(pageOf(rows(2), 2).next).toBeNull()
    expect(pageOf([], 2)).toEqual({ items: [], next: null })
    expect(keyset({})).toEqual({ before: 'ffffffff-ffff-ffff-ffff-ffffffffffff', limit: 51 })
    expect(keyset({ after: 'x' }).before).toBe('x')
  })
  it('search for the text as it was typed', () => {
    expect(likeOf(' order ')).toBe('%order%')
    expect(likeOf('50%_\\')).toBe('%50\\%\\_\\\\%')
    expect(likeOf('')).toBe('%%')
  })
  it('miss a row that is not there', () => {
    expect(only([1])).toBe(1)
    expect(() => only([])).toThrow(en['error.missing.text'])
  })
})

describe('texts', () => {
  it('fills in what it is given and leaves the rest', () => {
    expect(t('versions.n', { n: 3 })).toBe('Version 3')
    expect(t('versions.n')).toBe('Version {n}')
    expect(t('apps.action.hint')).toContain('{{ input.')
  })
  it('has no empty text', () => {
    expect(Object.values(en).filter((text) => text.trim() === '')).toEqual([])
  })
})

describe('addresses', () => {
  it('follows a login only to a page of our own', () => {
    expect(safeNext('/runs?state=failed')).toBe('/runs?state=failed')
    for (const bad of ['//evil.test', 'https://evil.test', '/\\evil.test', '/\t/evil.test', '/\n/evil.test', '/\r/evil.test', '/a\\b', 'javascript:alert(1)', undefined, ['x']]) expect(safeNext(bad)).toBe('/runs')
  })
  it('leaves the application for a page of the server', () => {
    const isPage = (path: string) => path.startsWith('/runs')
    expect(afterLogin('/graphql', isPage)).toEqual(['/graphql', { external: true }])
    expect(afterLogin('/runs/1', isPage)).toEqual(['/runs/1', { external: false }])
    expect(afterLogin('//evil.test', isPage)).toEqual(['/runs', { external: false }])
  })
  it('takes the claim token from the fragment', () => {
    expect(claimToken('#token=abc')).toBe('abc')
    expect(claimToken('#other=1')).toBeNull()
    expect(claimToken('#token=')).toBeNull()
  })
  it('takes only ids from a route', () => {
    expect(routeId('01890000-0000-7000-8000-000000000001')).not.toBeNull()
    expect(routeId('../admin')).toBeNull()
    expect(routeId(undefined)).toBeNull()
  })
  it('goes round the themes', () => {
    expect(nextChoice(nextChoice(nextChoice('system')))).toBe('system')
  })
})
