import { computed, shallowRef, type Ref } from 'vue'
import { json, readJson, unreadable, writeJson, type Json } from '~/shared/api'
import type { Ask } from '~/shared/graphql/client'
import { StepOutputsDocument } from '~/shared/graphql/generated'
import { t } from '~/shared/i18n'
import type { RunId, WorkflowId } from '~/shared/ids'
import { pinsFrom, type Pin, type Pins } from './pins.logic'

export interface PinDoc {
  all: Readonly<Ref<Pins>>
  names: Readonly<Ref<readonly string[]>>
  /** Null removes it. */
  set: (step: string, pin: Pin | null) => void
}

/** The pins of a workflow. They are this person's own, so the browser keeps them: of an output of a run only which run it is. */
export function usePins(workflow: WorkflowId, storage: () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = () => localStorage): PinDoc {
  const key = `weft.pins.${workflow}`
  function kept(): Json {
    try {
      return json(readJson(storage().getItem(key) ?? 'null'), 'pins')
    } catch {
      return null
    }
  }
  const all = shallowRef<Pins>(pinsFrom(kept()))
  return {
    all,
    names: computed(() => Object.keys(all.value)),
    set: (step, pin) => {
      const others = Object.fromEntries(Object.entries(all.value).filter(([name]) => name !== step))
      all.value = pin === null ? others : { ...others, [step]: pin }
      try {
        if (Object.keys(all.value).length === 0) storage().removeItem(key)
        else storage().setItem(key, writeJson(all.value))
      } catch {
        // A browser that keeps nothing: they last as long as the page.
      }
    },
  }
}

/** The outputs that pins stand for, as JSON texts. Throws, naming the step, where a run or its output is gone. */
export async function outputsOf(ask: Ask, pins: Pins): Promise<Record<string, string>> {
  const outputs: Record<string, string> = {}
  const byRun = new Map<RunId, string[]>()
  for (const [step, pin] of Object.entries(pins)) {
    if ('text' in pin) outputs[step] = pin.text
    else byRun.set(pin.run, [...(byRun.get(pin.run) ?? []), step])
  }
  for (const [run, steps] of byRun) {
    const { run_steps } = await ask(StepOutputsDocument, { run, steps })
    const found = new Map(run_steps.map((row) => [row.step_id, row.output]))
    for (const step of steps) {
      const output = found.get(step)
      if (output === undefined) throw unreadable(t('pin.gone', { step, run: run.slice(-12) }), `pins.${step}`)
      outputs[step] = writeJson(output)
    }
  }
  return outputs
}
