import { describe, expect, it } from 'vitest'
import type { Approval } from '~/shared/api'
import { approvalToken, fieldsOf, filledIn, linkFault, missingFields, standingOf, whoDecides } from './approvals.logic'

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

it('what must be filled in may be answered with no', () => {
  const fields = fieldsOf({ type: 'object', required: ['sure', 'why'], properties: { sure: { type: 'boolean' }, why: { type: 'string' }, more: { type: 'string' } } })
  expect(missingFields(fields, {})).toEqual(['sure', 'why'])
  expect(missingFields(fields, { sure: false, why: '' })).toEqual(['why'])
  expect(filledIn(fields, { sure: false, why: 'x' })).toEqual({ sure: false, why: 'x' })
})

it('the address of an approval has its token behind the #; after a reload the history has it', () => {
  expect(approvalToken('#abc', null)).toBe('abc')
  expect(approvalToken('#abc', { approval: 'old' })).toBe('abc')
  expect(approvalToken('', { approval: 'old', position: 2 })).toBe('old')
  expect(approvalToken('', null)).toBeNull()
  expect(approvalToken('', { approval: null })).toBeNull()
})

it('a link is at fault when it was never one or is over, not when the server is silent', () => {
  expect([410, 404, 503, null].map(linkFault)).toEqual(['over', 'unknown', null, null])
})

it('who decides is told by address and role', () => {
  expect(whoDecides(['anna@example.com', 'role:admin'])).toBe('anna@example.com, any admin or owner')
  expect(whoDecides([])).toBe('whoever has the link')
})

describe('where an approval stands', () => {
  const asked = {
    state: 'open', approvers: ['role:viewer'], need: 2, veto: false, may_decide: true, has_decided: false, approvals: 0, rejections: 0,
  } as unknown as Approval
  const standing = (more: Partial<Approval>) => standingOf({ ...asked, ...more })
  it('is told to the person who looks', () => {
    expect(standing({})).toBe('yours')
    expect(standing({ has_decided: true })).toBe('decided')
    expect(standing({ may_decide: false })).toBe('not_yours')
    expect(standing({ may_decide: false, approvers: [] })).toBe('by_link')
  })
  it('ends as approved, as rejected, by too few or by one with a veto, or without an answer', () => {
    expect(standing({ state: 'answered', approvals: 2, rejections: 1 })).toBe('approved')
    expect(standing({ state: 'answered', approvals: 1, rejections: 3 })).toBe('rejected')
    expect(standing({ state: 'answered', approvals: 2, rejections: 1, veto: true })).toBe('rejected')
    expect(standing({ state: 'closed', has_decided: true })).toBe('over')
  })
})
