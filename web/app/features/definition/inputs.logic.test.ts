import { describe, expect, it } from 'vitest'
import { readJson, type Json } from '~/shared/api'
import { entriesOf, filledFrom, inputText, presetsOf, refusalOf } from './inputs.logic'

const properties = {
  name: { type: 'string', title: 'Your name', description: 'In full' }, notes: { type: 'string', maxLength: 500 }, mail: { type: 'string', format: 'email' },
  price: { type: 'number', default: 2 }, urgent: { type: 'boolean', default: true }, size: { oneOf: [{ const: 1, title: 'Small' }, { const: 2 }] }, days: { type: 'array', items: { enum: ['Fri', 'Sat'] } },
}
const definition = { inputs: { type: 'object', required: ['name'], properties } }

describe('the form of a workflow’s inputs', () => {
  it('asks for each in its kind', () => {
    const entries = entriesOf(definition) ?? []
    expect(entries.map((entry) => entry.kind)).toEqual(['line', 'lines', 'line', 'number', 'tick', 'choice', 'choices'])
    expect(entries[0]).toMatchObject({ label: 'Your name', hint: 'In full', required: true, type: 'text' })
    expect(entries[5]?.options).toEqual([{ title: 'Small', value: '1' }, { title: '2', value: '2' }])
  })
  it('begins with the defaults and leaves out what is empty', () => {
    const entries = entriesOf(definition) ?? []
    const presets = presetsOf(definition, entries)
    expect(JSON.parse(inputText(entries, presets))).toEqual({ price: 2, urgent: true })
  })
  it('keeps numbers as they were typed, and what is none as a text that the server names', () => {
    const entries = entriesOf(definition) ?? []
    const values = { ...presetsOf(definition, entries), name: 'A "b"', price: ' 19.90 ', size: '2', days: ['"Sat"'] }
    expect(inputText(entries, values)).toContain('"price": 19.90')
    expect(JSON.parse(inputText(entries, { ...values, price: '1,5' }))).toEqual({ name: 'A "b"', price: '1,5', urgent: true, size: 2, days: ['Sat'] })
  })
  it('asks for files, whose handles are values', () => {
    const file = { type: 'object', format: 'file', accept: ['.PDF', 'image/*'], maxBytes: 2000 }
    const asked = { inputs: { type: 'object', required: ['cv'], properties: { cv: file, scans: { type: 'array', maxItems: 3, items: { type: 'object', format: 'file' } } } } }
    const [cv, scans] = entriesOf(asked) ?? []
    expect(cv).toMatchObject({ kind: 'file', accept: '.pdf, image/*', maxBytes: 2000, most: 1, required: true })
    expect(scans).toMatchObject({ kind: 'files', accept: '', most: 3 })
    if (cv === undefined || scans === undefined) throw new Error('two entries')
    const handle = '{"$file":"x","name":"a.pdf"}'
    expect(JSON.parse(inputText([cv, scans], { cv: [handle], scans: [handle, handle] }))).toEqual({ cv: JSON.parse(handle), scans: [JSON.parse(handle), JSON.parse(handle)] })
    expect(inputText([cv, scans], presetsOf(asked, [cv, scans]))).toBe('{}')
    expect(filledFrom([cv, scans], { cv: JSON.parse(handle), scans: [JSON.parse(handle)] })).toEqual({ cv: [handle], scans: [handle] })
    expect(filledFrom([cv, scans], { cv: 'x' })).toBeNull()
    expect([{ name: 'A.Pdf', type: '', size: 2000 }, { name: 'a', type: 'image/png', size: 1 }].map((one) => refusalOf(cv, one))).toEqual(['', ''])
    expect(refusalOf(cv, { name: 'a.exe', type: 'text/plain', size: 1 })).toContain('another kind')
    expect(refusalOf(cv, { name: 'a.pdf', type: '', size: 2001 })).toContain('larger than 2 KiB')
  })
  it('shows an earlier input as it was, or not at all', () => {
    const entries = entriesOf(definition) ?? []
    const given = '{"name":"Ada","price":19.90,"urgent":false,"size":2,"days":["Sat"]}'
    const filled = filledFrom(entries, readJson(given) as Json)
    expect(inputText(entries, filled ?? {}).replaceAll(/\s/g, '')).toBe(given)
    for (const other of [{ more: 1, urgent: true }, { urgent: true, size: 7 }, { urgent: true, name: 5 }, { name: 'Ada' }, [], null]) expect(filledFrom(entries, other)).toBeNull()
  })
  it.each([{}, null, { inputs: { properties: {} } }, { inputs: { properties: { a: { type: 'object' } } } }, { inputs: { properties: { a: { $ref: '#/x' } } } }])('is none for %j', (other) => {
    expect(entriesOf(other)).toBeNull()
  })
})
