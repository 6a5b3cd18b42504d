import { ref, watch, type Ref } from 'vue'
import { navigateTo, useRoute } from '#imports'

/** The text that narrows a list. It stands in the address, so that a link leads to the same list. */
export function useSearch(): Ref<string> {
  const route = useRoute()
  const text = ref(typeof route.query.q === 'string' ? route.query.q : '')
  watch(text, (now) => {
    const { q: _before, ...others } = route.query
    void navigateTo({ query: now === '' ? others : { ...others, q: now } }, { replace: true })
  })
  return text
}
