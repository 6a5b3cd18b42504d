import { describe, expect, it } from 'vitest'
import { externalise } from '../../tools/finish'
import { Exact } from '~/shared/api'
import { children, filesIn, formatBytes, kindOf, openDepth, summary } from './json.logic'

describe('JSON tree', () => {
  it('tells children, kinds and summaries', () => {
    expect(children([1, 'a'])).toEqual([{ key: '0', value: 1 }, { key: '1', value: 'a' }])
    expect(children('x')).toBeNull()
    expect(summary({ a: 1, b: 2, c: 3, d: 4, e: 5 })).toBe('{ a, b, c, d, … }')
    expect([summary([]), summary({}), summary([1])]).toEqual(['[]', '{}', '[ 1 ]'])
    expect([null, true, 1, 'x', []].map(kindOf)).toEqual(['null', 'boolean', 'number', 'string', 'nested'])
  })
  it('shows a number that has its own digits as a number', () => {
    const long = new Exact('12345678901234567890')
    expect([kindOf(long), children(long), summary({ id: long }), String(long)]).toEqual(['number', null, '{ id }', '12345678901234567890'])
    expect(openDepth([long])).toBe(8)
  })
  it('opens small documents whole and large ones a little', () => {
    expect(openDepth({ a: 1 })).toBe(8)
    expect(openDepth(Array.from({ length: 100 }, () => 1))).toBe(2)
    expect(openDepth(Array.from({ length: 10_000 }, () => [1]))).toBe(1)
  })
})

describe('files in a value', () => {
  const id = '01890000-0000-7000-8000-000000000001'
  const handle = { $file: id, name: 'a.pdf', type: 'application/pdf', size: 1536, sha256: 'x' }
  it('finds handles wherever they are, each once', () => {
    const [file, ...more] = filesIn({ list: [handle, { deep: handle }] })
    expect(file).toEqual({ id, name: 'a.pdf', type: 'application/pdf', size: 1536, href: `/api/v1/files/${id}/content` })
    expect(more).toEqual([])
  })
  it('takes nothing else for one', () => {
    expect(filesIn([{ ...handle, $file: '../../x' }, { $file: id }, { ...handle, size: 'x' }, id])).toEqual([])
  })
  it('writes sizes as people read them', () => {
    expect([0, 1023, 1536, 5 * 2 ** 30, 150 * 2 ** 20].map(formatBytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '5 GiB', '150 MiB'])
  })
})

describe('static output', () => {
  it('holds no inline script', () => {
    const { html, scripts } = externalise('<head><script src="/a.js"></script><link rel="prefetch" href="x"></head><script>window.x = 1</script><script type="application/json">{}</script>')
    expect(html).not.toContain('window.x')
    expect(html).not.toContain('prefetch')
    expect(html).toContain('<script type="application/json">{}</script>')
    expect([...scripts.values()]).toEqual(['window.x = 1'])
  })
})
