import { onBeforeUnmount, onMounted } from 'vue'
import { useRouter } from '#imports'
import type { Confirm } from './confirm'
import { t } from './i18n'

/** The browser asks before it closes or reloads the page while `kept` says that something would be lost. */
function useUnload(kept: () => boolean): void {
  const warn = (event: BeforeUnloadEvent) => {
    if (kept()) event.preventDefault()
  }
  onMounted(() => addEventListener('beforeunload', warn))
  onBeforeUnmount(() => removeEventListener('beforeunload', warn))
}

/** The page is not left at all while `kept` says so. */
export function useHold(kept: () => boolean): void {
  useUnload(kept)
  onBeforeUnmount(useRouter().beforeEach((to, from) => to.path === from.path || !kept()))
}

export function askToDiscard(confirm: Confirm): Promise<boolean> {
  return confirm.ask({ title: t('unsaved.title'), text: t('unsaved.text'), submit: t('unsaved.discard'), danger: true })
}

/** Asks before what was typed and not saved is left: for another page of ours, by the browser's buttons, or with the tab. */
export function useUnsaved(dirty: () => boolean, confirm: Confirm): void {
  useUnload(dirty)
  // Of the router, not of the component: another workflow is the same route, and leaves this one all the same.
  const stop = useRouter().beforeEach((to, from) => to.path === from.path || !dirty() || askToDiscard(confirm))
  onBeforeUnmount(stop)
}
