import { describe, expect, it } from 'vitest'
import { networksOf, triggerConfig } from './triggers.logic'
import { NoJson, pollConfigOf, pollFormOf, pollHealth, sourceText } from './polls.logic'

describe('a poll’s settings', () => {
  it('come back as they were', () => {
    const config = {
      uses: 'shop/list@1', with: { since: '{{ input.cursor }}' }, items: 'body.items', id: 'id', cursor: { of: 'items', path: 'at' }, connection: 'shop', every: '2m', start: 'all',
      batch: true, filter: { path: 'input.n', is: 'greater', value: 1 },
    }
    expect(pollConfigOf('poll', pollFormOf(config))).toEqual(config)
    const feed = { url: 'https://x.example/feed', headers: { a: 'b' }, every: '15m', start: 'now', batch: false }
    expect(pollConfigOf('feed', pollFormOf(feed))).toEqual(feed)
  })
  it('of a mailbox, too', () => {
    const config = { connection: 'post', folder: 'Orders', every: '2m', start: 'now', unseen: true, after: 'move', move_to: 'Done', attachments: false }
    expect(pollConfigOf('mail', pollFormOf(config))).toEqual(config)
    expect(pollConfigOf('mail', { ...pollFormOf(config), after: 'seen' })).not.toHaveProperty('move_to')
    expect(sourceText(config)).toBe('post · Orders')
  })
  it('of a table, too', () => {
    const config = { connection: 'db', schema: 'public', table: 'orders', cursor: ['updated_at', 'id'], columns: ['id', 'total'], every: '1m', start: 'all' }
    expect(pollConfigOf('postgres', pollFormOf(config))).toEqual(config)
    const listening = { connection: 'db', channel: 'Orders' }
    expect(pollConfigOf('notify', pollFormOf(listening))).toEqual(listening)
    expect(sourceText(config)).toBe('db · public.orders')
  })
  it('name the text that is no JSON', () => {
    expect(() => pollConfigOf('poll', { ...pollFormOf({}), filter: '{' })).toThrow(NoJson)
    expect(() => pollConfigOf('poll', { ...pollFormOf({}), filter: '{' })).toThrow('filter')
  })
  it('say what is asked', () => {
    expect(sourceText({ url: 'https://x.example' })).toBe('https://x.example')
    expect(sourceText({ uses: 'core/http', with: { url: 'https://y.example' } })).toBe('https://y.example')
    expect(sourceText({ uses: 'shop/list@1', with: {} })).toBe('shop/list@1')
  })
  it('name networks as people list them', () => {
    const facts = { scheme: 'none', mode: 'async' }
    expect(triggerConfig(facts, { networks: networksOf(' 192.0.2.0/24, ::1\n'), filter: { path: 'input.a', value: 1 } })).toEqual({
      signature: { scheme: 'none' }, mode: 'async', networks: ['192.0.2.0/24', '::1'], filter: { path: 'input.a', value: 1 },
    })
    expect(triggerConfig(facts)).toEqual({ signature: { scheme: 'none' }, mode: 'async' })
  })
  it('stand in one word', () => {
    expect(pollHealth(false, { failing_since: 'x' })).toBe('off')
    expect(pollHealth(true, null)).toBe('waiting')
    expect(pollHealth(true, { polled_at: 'x', failing_since: 'y' })).toBe('failing')
    expect(pollHealth(true, { polled_at: 'x', failing_since: null })).toBe('ok')
  })
})
