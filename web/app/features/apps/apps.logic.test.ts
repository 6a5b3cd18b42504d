import { describe, expect, it } from 'vitest'
import { writeJson } from '~/shared/api'
import { parseJson } from './apps.logic'

describe('JSON that is edited', () => {
  it('keeps the digits that were typed', () => {
    const text = '{"body":{"id":12345678901234567890,"price":1.10,"much":1e400}}'
    const parsed = parseJson(text)
    expect(parsed.k === 'ok' ? writeJson(parsed.value) : parsed).toBe(text)
  })
  it('says what is no JSON', () => {
    expect(parseJson('{"a": 01}')).toMatchObject({ k: 'bad' })
  })
})
