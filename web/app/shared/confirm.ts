import { shallowRef, type Ref } from 'vue'

export interface Question {
  title: string
  text: string
  /** What the button that goes on says. */
  submit: string
  /** What is lost cannot be had back. */
  danger?: boolean
}
export interface Confirm {
  current: Readonly<Ref<Question | null>>
  /** Resolves to true when the person goes on. */
  ask: (question: Question) => Promise<boolean>
  answer: (yes: boolean) => void
}

/** The one question that stands before the page. A new one answers the one before it with no. */
export function createConfirm(): Confirm {
  const current = shallowRef<Question | null>(null)
  let resolve: (yes: boolean) => void = () => undefined

  function answer(yes: boolean): void {
    current.value = null
    resolve(yes)
  }
  return {
    current,
    answer,
    ask: (question) => {
      answer(false)
      current.value = question
      return new Promise((done) => (resolve = done))
    },
  }
}
