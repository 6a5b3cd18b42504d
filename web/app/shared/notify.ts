import { shallowRef, type Ref } from 'vue'
import { toProblem } from './api'

export interface Notice {
  kind: 'info' | 'error'
  text: string
}

export interface Notifier {
  current: Readonly<Ref<Notice | null>>
  info: (text: string) => void
  failed: (error: unknown) => void
  clear: () => void
}

/** The one short message at the bottom of the page. */
export function createNotifier(): Notifier {
  const current = shallowRef<Notice | null>(null)
  return {
    current,
    info: (text) => (current.value = { kind: 'info', text }),
    failed: (error) => (current.value = { kind: 'error', text: toProblem(error).detail }),
    clear: () => (current.value = null),
  }
}

/** Copies to the clipboard; on plain http the Clipboard API is missing, so a selection does it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.style.position = 'fixed'
    area.style.opacity = '0'
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}
