import { describe, expect, it } from 'vitest'
import { Exact, readJson, writeJson } from './json'

const numbers = ['12345678901234567890', '-12345678901234567890', '9007199254740993', '1.10', '1.0', '-0', '1e400', '1E5', '2.50e-3', '0.1000000000000000055']

describe('JSON that keeps its digits', () => {
  it.each(numbers)('reads and writes %s as it is', (text) => {
    for (const whole of [text, `[1,${text}]`, `{"a":{"b":${text}},"c":"x"}`, `[ 2,\n${text}]`]) expect(writeJson(readJson(whole))).toBe(whole.replace(/\s/g, ''))
    expect(String(readJson(text))).toBe(text)
    expect(JSON.stringify(JSON.parse(text))).not.toBe(text)
  })
  it('has plain numbers where they lose nothing', () => {
    expect(readJson('{"a":[0,1,-1.5,100],"b":"1.10","c":1.10}')).toEqual({ a: [0, 1, -1.5, 100], b: '1.10', c: new Exact('1.10') })
  })
  it('writes as JSON.stringify does', () => {
    const value = { a: [1, 'x"\n', null, true, [], {}], b: { c: undefined, d: -1.5e-7 } }
    expect(writeJson(value)).toBe(JSON.stringify(value))
    expect(writeJson(value, 2)).toBe(JSON.stringify(value, null, 2))
  })
  it('keeps the order of a map', () => {
    expect(writeJson(new Map([['b', 1], ['1', 2]]))).toBe('{"b":1,"1":2}')
  })
  it('refuses what is no JSON', () => {
    for (const bad of ['', '01', '[1.10,', '1.']) expect(() => readJson(bad)).toThrow(SyntaxError)
  })
  it('is a rounded number to who does not know it', () => {
    expect(JSON.stringify({ n: readJson('1.10') })).toBe('{"n":1.1}')
  })
})
