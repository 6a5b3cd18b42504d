import { onBeforeUnmount } from 'vue'

type Keys = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>

export interface SaveKeys {
  /** `save` is called at Ctrl+S or Cmd+S until the returned function is. What came last takes the key alone. */
  take: (save: () => void) => () => void
}

/** Ctrl+S and Cmd+S of a page: whoever takes them keeps the browser from saving the page as a file. */
export function createSaveKeys(target: Keys): SaveKeys {
  const takers: { save: () => void }[] = []
  function hear(event: Event): void {
    if (!isSaveKey(event)) return
    event.preventDefault()
    // A key that is held down saves once.
    if (!event.repeat) takers.at(-1)?.save()
  }
  return {
    take: (save) => {
      const mine = { save }
      if (takers.push(mine) === 1) target.addEventListener('keydown', hear)
      return () => {
        const at = takers.indexOf(mine)
        if (at >= 0) takers.splice(at, 1)
        if (takers.length === 0) target.removeEventListener('keydown', hear)
      }
    },
  }
}

type KeyLike = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'repeat'>

function isSaveKey(event: Event & Partial<KeyLike>): event is Event & KeyLike {
  return (event.ctrlKey === true || event.metaKey === true) && event.altKey !== true && event.shiftKey !== true && event.key?.toLowerCase() === 's'
}

// One keyboard, one page.
let page: SaveKeys | null = null

export function takeSaveKey(save: () => void): () => void {
  page ??= createSaveKeys(window)
  return page.take(save)
}

/** Takes the key for as long as the component stands. */
export function useSaveKey(save: () => void): void {
  onBeforeUnmount(takeSaveKey(save))
}
