import { shallowRef, type Ref } from 'vue'
import { toProblem, type Problem } from './api'

export interface Notice {
  kind: 'info' | 'error'
  text: string
}

export interface Notifier {
  current: Readonly<Ref<Notice | null>>
  info: (text: string) => void
  failed: (error: unknown) => void
  problem: (problem: Problem) => void
  clear: () => void
}

/** The one short message at the bottom of the page. */
export function createNotifier(): Notifier {
  const current = shallowRef<Notice | null>(null)
  function problem({ field, detail }: Problem): void {
    current.value = { kind: 'error', text: field === null ? detail : `${field}: ${detail}` }
  }
  return {
    current,
    info: (text) => (current.value = { kind: 'info', text }),
    failed: (error) => problem(toProblem(error)),
    problem,
    clear: () => (current.value = null),
  }
}

/** Copies to the clipboard; on plain http the Clipboard API is missing, so a selection does it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement : null
    const area = document.createElement('textarea')
    area.value = text
    area.style.position = 'fixed'
    area.style.opacity = '0'
    // Beside what has the focus: a dialog takes the focus, and with it the selection, back from everything outside of it.
    const beside = focused?.parentElement ?? document.body
    beside.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    focused?.focus()
    return done
  }
}
