import { describe, expect, it } from 'vitest'
import { convert, fieldPath, fromText, keyFrom, languageOf, locate, sampleInput, starter, toText, treeOf } from './definition.logic'

const definition = {
  name: 'x',
  steps: [
    { id: 'order', uses: 'shop/get@1', with: { id: '{{ input.id }}' } },
    { id: 'lines', needs: ['order'], uses: 'core/map', with: { 'content-type': 'a: b # c', big: 'line\nline' } },
  ],
}

describe('definition text', () => {
  it.each(['yaml', 'json'] as const)('survives %s both ways', (language) => {
    expect(fromText(toText(definition, language))).toMatchObject({ k: 'ok', value: definition })
  })
  it('keeps words that YAML would read as something else', () => {
    const odd = { a: 'yes', b: 'null', c: '1.0', d: '2026-01-01', e: '{{ input.x }}', f: '' }
    expect(fromText(toText(odd, 'yaml'))).toMatchObject({ k: 'ok', value: odd })
  })
  it('says where a text cannot be read', () => {
    const bad = fromText('name: x\nsteps:\n  - id: [a\n')
    expect(bad.k).toBe('bad')
    expect(bad.k === 'bad' && bad.marks[0]?.line).toBeGreaterThanOrEqual(3)
  })
  it('is what its author wrote, and in the other language keeps digits and order', () => {
    const text = '# first\nzip: 012\nid: 123456789012345678901234567890 # long\nprice: 19.90\na: >-\n  two\n  lines\n'
    expect(toText(text, 'yaml')).toBe(text)
    expect(languageOf(text)).toBe('yaml')
    const asJson = '{\n  "zip": "012",\n  "id": 123456789012345678901234567890,\n  "price": 19.90,\n  "a": "two lines"\n}\n'
    expect(convert(text, 'json')).toBe(asJson)
    expect(languageOf(asJson)).toBe('json')
    expect(convert(asJson, 'yaml')).toBe('zip: "012"\nid: 123456789012345678901234567890\nprice: 19.90\na: two lines\n')
    expect(convert('a: [1', 'json')).toBe('a: [1')
    expect(treeOf('a: 012')).toEqual({ a: '012' })
    expect(treeOf('a: [1')).toBeNull()
  })
  it('refuses a text whose aliases would grow without end', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefgh'.split('').map((n, i) => `${n}: &${n} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`)].join('\n')
    expect(fromText(bomb).k).toBe('bad')
  })
})

describe('locate', () => {
  const text = toText(definition, 'yaml')
  const lineOf = (field: string) => locate(text, field)?.line
  const lines = text.split('\n')
  const where = (needle: string) => lines.findIndex((l) => l.includes(needle)) + 1
  it('finds a field by place, by pointer and by the step’s id', () => {
    for (const field of ['steps[1].uses', '/steps/1/uses', 'steps.lines.uses', 'definition.steps[1].uses']) expect(lineOf(field)).toBe(where('core/map'))
    expect(lineOf("steps[1].with['content-type']")).toBe(where('content-type'))
  })
  it('finds fields of steps in loops and of finally', () => {
    const nested = toText({ steps: [{ id: 'a', uses: 'core/map' }, { id: 'each', uses: 'core/foreach', steps: [{ id: 'in', uses: 'core/foreach', steps: [{ id: 'deep', with: 'here' }] }] }], finally: [{ id: 'tell', with: 'there' }] }, 'yaml')
    const at = (field: string) => nested.split('\n')[(locate(nested, field)?.line ?? 0) - 1]?.trim()
    expect(at('steps[1].steps[0].steps[0].with')).toBe('with: here')
    expect(at('steps.each.steps.in.steps.deep.with')).toBe('with: here')
    expect(at('finally[0].with')).toBe('with: there')
    expect(at('steps[1].steps[0].output')).toBe('- id: in')
  })
  it('falls back to the deepest part that exists', () => {
    expect(lineOf('steps[0].connection')).toBe(where('id: order'))
    expect(locate(text, 'nothing.here')).toBeNull()
    expect(locate(text, '')).toBeNull()
  })
  it('splits field names', () => {
    expect(fieldPath('steps[2].with["a.b"]')).toEqual(['steps', '2', 'with', 'a', 'b'])
  })
})

describe('suggestions', () => {
  it.each([['Order to Invoice!', 'order-to-invoice'], ['  42 Ärger ', 'arger'], ['---', '']])('key of "%s" is "%s"', (name, key) => {
    expect(keyFrom(name)).toBe(key)
  })
  it('makes an example input from the schema', () => {
    const inputs = { required: ['id', 'n', 'list'], properties: { id: { type: 'string' }, n: { type: 'integer' }, list: { type: 'array' }, extra: { type: 'string' } } }
    expect(sampleInput({ inputs })).toEqual({ id: '', n: 0, list: [] })
    expect(sampleInput(starter('x'))).toEqual({})
    expect(sampleInput('inputs: {required: [id], properties: {id: {type: string}}}')).toEqual({ id: '' })
    expect(sampleInput('just a text')).toEqual({})
  })
})
