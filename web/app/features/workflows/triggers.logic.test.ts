import { describe, expect, it } from 'vitest'
import { absoluteUrl, curlExample, triggerConfig, triggerFacts } from './triggers.logic'

describe('triggers', () => {
  it('make addresses whole and read settings', () => {
    expect(absoluteUrl('/hooks/a', 'https://weft.test')).toBe('https://weft.test/hooks/a')
    expect(absoluteUrl('https://x.test/hooks/a', 'https://weft.test')).toBe('https://x.test/hooks/a')
    expect(triggerFacts({ signature: { scheme: 'hmac-sha256' }, mode: 'sync' })).toEqual({ scheme: 'hmac-sha256', mode: 'sync' })
    expect(triggerFacts(null)).toEqual({ scheme: 'none', mode: 'async' })
    const token = { scheme: 'token', mode: 'async', header: 'X-Gitlab-Token' }
    expect(triggerFacts(triggerConfig(token))).toEqual(token)
    expect(triggerConfig({ scheme: 'none', mode: 'async' }, { methods: ['POST', 'GET'], path: ' ' })).toEqual({ signature: { scheme: 'none' }, mode: 'async' })
    expect(triggerConfig({ scheme: 'none', mode: 'async' }, { methods: ['PUT'], path: 'order-paid' })).toMatchObject({ methods: ['PUT'], path: 'order-paid' })
    expect(triggerConfig({ scheme: 'basic', mode: 'sync', header: 'X-Left-Over' })).toEqual({ signature: { scheme: 'basic' }, mode: 'sync' })
  })
  it('never put a secret into a command', () => {
    expect(curlExample('https://x/hooks/a', { scheme: 'hmac-sha256', mode: 'async' })).toContain('$WEFT_SECRET')
    expect(curlExample('https://x/hooks/a', { scheme: 'token', mode: 'async', header: 'X-Gitlab-Token' })).toContain('-H "X-Gitlab-Token: $WEFT_SECRET"')
    expect(curlExample('https://x/hooks/a', { scheme: 'basic', mode: 'async' })).toContain('-u "weft:$WEFT_SECRET"')
  })
})
