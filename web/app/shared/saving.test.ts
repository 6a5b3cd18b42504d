import { describe, expect, it, vi } from 'vitest'
import { createSaveKeys } from './saving'

function setup() {
  const target = new EventTarget()
  const keys = createSaveKeys(target)
  const press = (key: string, more: object = { ctrlKey: true }) => {
    const event = Object.assign(new Event('keydown', { cancelable: true }), { key, ...more })
    target.dispatchEvent(event)
    return event.defaultPrevented
  }
  return { keys, press }
}

describe('the key that saves', () => {
  it.each([[{ ctrlKey: true }], [{ metaKey: true }]])('is %o with S, in either case, and the browser does not get it', (more) => {
    const { keys, press } = setup()
    const save = vi.fn()
    keys.take(save)
    expect([press('s', more), press('S', more)]).toEqual([true, true])
    expect(save).toHaveBeenCalledTimes(2)
  })
  it.each([['s', {}], ['s', { ctrlKey: true, altKey: true }], ['s', { ctrlKey: true, shiftKey: true }], ['d', { ctrlKey: true }]])('is not %s with %o', (key, more) => {
    const { keys, press } = setup()
    const save = vi.fn()
    keys.take(save)
    expect(press(key, more)).toBe(false)
    expect(save).not.toHaveBeenCalled()
  })
  it('saves once while it is held down', () => {
    const { keys, press } = setup()
    const save = vi.fn()
    keys.take(save)
    press('s')
    expect(press('s', { ctrlKey: true, repeat: true })).toBe(true)
    expect(save).toHaveBeenCalledOnce()
  })
  it('belongs to what came last, and then again to what was before', () => {
    const { keys, press } = setup()
    const [page, dialog] = [vi.fn(), vi.fn()]
    const leave = keys.take(page)
    const close = keys.take(dialog)
    press('s')
    expect([page.mock.calls.length, dialog.mock.calls.length]).toEqual([0, 1])
    close()
    close()
    press('s')
    expect([page.mock.calls.length, dialog.mock.calls.length]).toEqual([1, 1])
    leave()
    expect(press('s')).toBe(false)
  })
})
