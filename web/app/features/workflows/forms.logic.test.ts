import { describe, expect, it } from 'vitest'
import { configOf, formOf } from './forms.logic'

describe('a form’s settings', () => {
  it('come back as they were', () => {
    const config = { title: 'Order', redirect: 'https://example.com', fields: ['name', 'email'], zone: 'Europe/Madrid' }
    expect(configOf(formOf(config))).toEqual(config)
  })
  it('leave out what is empty', () => {
    expect(configOf(formOf({}))).toEqual({})
    expect(configOf({ ...formOf(null), title: '  ', fields: ' , ' })).toEqual({})
  })
})
