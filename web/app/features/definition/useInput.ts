import { computed, ref, type ComputedRef, type Ref } from 'vue'
import { unreadable, writeJson, type Json } from '~/shared/api'
import { t } from '~/shared/i18n'
import { fromText, sampleInput } from './definition.logic'
import { entriesOf, filledFrom, inputText, presetsOf, type Entry, type EntryValue } from './inputs.logic'

/** The input of a run as a person gives it: a form where the inputs say what they are, else JSON. */
export interface InputDoc {
  /** What the form asks for; null where JSON is written. */
  entries: ComputedRef<Entry[] | null>
  values: Ref<Record<string, EntryValue>>
  text: Ref<string>
  /** From the defaults, or from the input of an earlier run; `definition` says what is asked for. */
  begin: (definition: Json, given?: Json) => void
  writeAsJson: () => void
  isChanged: () => boolean
  /** As JSON text, with the digits that were typed. Throws when it cannot be read. */
  read: () => string
}

export function useInput(): InputDoc {
  const asked = ref<Entry[] | null>(null)
  const asJson = ref(false)
  const entries = computed(() => (asJson.value ? null : asked.value))
  const values = ref<Record<string, EntryValue>>({})
  const text = ref('{}')
  let first = '{}'
  const current = () => (entries.value === null ? text.value : inputText(entries.value, values.value))

  return {
    entries, values, text,
    begin: (definition, given) => {
      asked.value = entriesOf(definition)
      asJson.value = false
      const filled = asked.value === null ? null : given === undefined ? presetsOf(definition, asked.value) : filledFrom(asked.value, given)
      if (filled === null) asked.value = null
      values.value = filled ?? {}
      text.value = writeJson(given === undefined ? sampleInput(definition) : given, 2)
      first = current()
    },
    writeAsJson: () => {
      text.value = current()
      asJson.value = true
    },
    isChanged: () => current() !== first,
    read: () => {
      const parsed = fromText(current())
      if (parsed.k === 'ok') return writeJson(parsed.tree)
      const mark = parsed.marks[0]
      throw unreadable(t('start.unreadable', { line: mark?.line ?? 1, message: mark?.message ?? '' }), 'input')
    },
  }
}
