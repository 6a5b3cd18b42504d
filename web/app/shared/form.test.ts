import { describe, expect, it } from 'vitest'
import { toProblem, unreadable, type Problem } from './api'
import { formProblem } from './form'

const about = (field: string | null): Problem => toProblem(unreadable('key must have at least 1 character', field))

describe('the problem of a form', () => {
  it('stands at its field, and nowhere else', () => {
    const form = formProblem(about('key'), ['name', 'key'])
    expect([form.at('key'), form.at('name'), form.rest]).toEqual([['key must have at least 1 character'], [], null])
  })
  it('finds the field by the end of the path that the server names', () => {
    expect(formProblem(about('config.signature.signature_header'), ['signature_header']).at('signature_header')).toHaveLength(1)
    expect(formProblem(about('keyhole.monkey'), ['key']).at('key')).toEqual([])
  })
  it.each([[null], ['config.mode']])('is the whole form’s when it is about %s', (field) => {
    const form = formProblem(about(field), ['name'])
    expect([form.at('name'), form.rest?.field]).toEqual([[], field])
  })
  it('is none when nothing failed', () => {
    expect(formProblem(null, ['name'])).toMatchObject({ rest: null })
  })
})
