import { ref, watch, type Ref } from 'vue'
import { navigateTo, useRoute } from '#imports'

/**
 * The text that narrows a list, and with it the `others` that do, by the names they have in the address: all of them stand there, so
 * that a link leads to the same list.
 */
export function useSearch(others: Readonly<Record<string, Readonly<Ref<string | null>>>> = {}): Ref<string> {
  const route = useRoute()
  const text = ref(typeof route.query.q === 'string' ? route.query.q : '')
  const wanted = () => Object.fromEntries(
    [['q', text.value], ...Object.entries(others).map(([name, value]) => [name, value.value ?? ''])].filter(([, value]) => value !== ''),
  )
  // Compared as text, and written at once: what changes together is one address.
  watch(() => JSON.stringify(wanted()), () => void navigateTo({ query: wanted() }, { replace: true }))
  return text
}
