import { describe, expect, it } from 'vitest'
import { approvalToken, fieldsOf, filledIn } from './approvals.logic'

describe('the form of an approval', () => {
  const fields = fieldsOf({
    type: 'object',
    required: ['amount'],
    properties: {
      amount: { type: 'number', title: 'Amount' }, why: { type: 'string' }, urgent: { type: 'boolean' },
      from: { enum: ['a', 'b'] }, more: { type: 'array' },
    },
  })
  it('has a field for each property', () => {
    expect(fields.map((f) => [f.label, f.kind, f.required])).toEqual([
      ['Amount', 'number', true], ['why', 'text', false], ['urgent', 'boolean', false], ['from', 'choice', false], ['more', 'json', false],
    ])
    expect(fieldsOf(null)).toEqual([])
  })
  it('gives values as the schema wants them, and leaves out what is empty', () => {
    expect(filledIn(fields, { amount: '12.5', why: '', urgent: false, from: 'b', more: '[1]' })).toEqual({
      amount: 12.5, urgent: false, from: 'b', more: [1],
    })
    expect(filledIn(fields, { amount: 'x' })).toEqual({ amount: 'x' })
  })
})

it('the address of an approval has its token behind the #', () => {
  expect(approvalToken('#abc')).toBe('abc')
  expect(approvalToken('')).toBeNull()
})
