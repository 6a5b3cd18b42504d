import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue'
import { convert, fromText, languageOf, locate, toText, type Language, type Mark } from '~/features/definition'
import { useAction, type UserAction } from '~/shared/action'
import { ApiError, unreadable, validation, type Api, type Draft, type Json, type Validation } from '~/shared/api'
import { t } from '~/shared/i18n'
import type { RunId, WorkflowId } from '~/shared/ids'
import { testBody, type TestRequest } from './pins.logic'

export interface Problems {
  items: Validation['problems']
}

export interface DraftDoc {
  text: Ref<string>
  language: Ref<Language>
  dirty: ComputedRef<boolean>
  /** Where the text cannot be read, or what the server found wrong. */
  marks: ComputedRef<Mark[]>
  /** Null before the first check. */
  result: Readonly<Ref<Validation | null>>
  definition: ComputedRef<Json | null>
  setLanguage: (language: Language) => void
  save: UserAction<[]>
  validate: UserAction<[]>
  publish: UserAction<[]>
  /** Runs the text as it is, saved or not. */
  test: UserAction<[request: TestRequest, started: (run: RunId) => void]>
  replace: (draft: Draft) => void
}

/** The draft of one workflow as a text that is edited, checked, kept and published. `published` is called after each publish. */
export function useDraft(api: Api, id: WorkflowId, first: Draft, published: () => Promise<void>): DraftDoc {
  const language = ref<Language>(languageOf(first.definition))
  const saved = shallowRef<Draft>(first)
  const text = ref(toText(first.definition, language.value))
  // What the text was in the other language, and what became of it here: untouched, it comes back with its comments.
  const other = shallowRef<{ language: Language; text: string; became: string } | null>(null)
  const savedText = ref(text.value)
  const result = shallowRef<Validation | null>(null)
  const checkedText = ref<string | null>(null)
  const parsed = computed(() => fromText(text.value))
  const definition = computed(() => (parsed.value.k === 'ok' ? parsed.value.value : null))
  const marks = computed<Mark[]>(() => {
    if (parsed.value.k === 'bad') return parsed.value.marks
    if (result.value === null || checkedText.value !== text.value) return []
    return result.value.problems.flatMap((p) => {
      const at = locate(text.value, p.field)
      return at ? [{ ...at, message: p.message }] : []
    })
  })

  /** The text itself: order, comments and digits are its author's. */
  function current(): string {
    if (parsed.value.k === 'ok') return text.value
    const mark = parsed.value.marks[0]
    throw unreadable(t('workflow.unreadable', { line: mark?.line ?? 1, message: mark?.message ?? '' }))
  }
  function found(next: Validation): void {
    result.value = next
    checkedText.value = text.value
  }
  /** A refusal may carry every problem, not only the first. */
  async function telling(request: Promise<void>): Promise<void> {
    try {
      await request
    } catch (error) {
      if (error instanceof ApiError && error.problem.kind === 'http' && Array.isArray(error.problem.more.problems)) {
        found(validation({ valid: false, problems: error.problem.more.problems }, 'problem'))
      }
      throw error
    }
  }
  async function keep(): Promise<void> {
    const before = text.value
    const answer = await api.workflows.saveDraft(id, current(), saved.value.revision)
    saved.value = answer
    savedText.value = before
  }
  function replace(draft: Draft): void {
    saved.value = draft
    language.value = languageOf(draft.definition)
    text.value = savedText.value = toText(draft.definition, language.value)
    other.value = null
    result.value = null
  }
  return {
    text, language, definition, marks, result, replace,
    dirty: computed(() => text.value !== savedText.value),
    setLanguage: (next) => {
      if (definition.value === null || next === language.value) return
      const before = { language: language.value, text: text.value }
      const clean = text.value === savedText.value
      const back = other.value !== null && other.value.language === next && other.value.became === text.value
      text.value = back && other.value !== null ? other.value.text : convert(text.value, next)
      language.value = next
      other.value = { ...before, became: text.value }
      if (clean) savedText.value = text.value
    },
    save: useAction(keep),
    validate: useAction(async () => found(await api.workflows.validate(id, current()))),
    publish: useAction(async (key) => {
      if (text.value !== savedText.value) await keep()
      await telling(api.workflows.publish(id, key))
      result.value = null
      await published()
    }),
    test: useAction(async (key, request: TestRequest, started: (run: RunId) => void) => {
      await telling(api.workflows.test(id, testBody(current(), request), key).then(({ run_id }) => started(run_id)))
    }),
  }
}
