import { isRecord, type Json } from '~/shared/api'
import { t } from '~/shared/i18n'

export const ends = ['failed', 'success', 'canceled'] as const
export type End = (typeof ends)[number]

/** Settings of a trigger that waits for the ends of other runs, as the dialog has them. No `workflows`: every other. */
export interface FollowForm {
  on: End[]
  workflows: string[]
}

export function formOf(config: Json): FollowForm {
  const texts = (member: string) => {
    const list = isRecord(config) ? config[member] : null
    return Array.isArray(list) ? list.filter((x): x is string => typeof x === 'string') : []
  }
  const on = ends.filter((end) => texts('on').includes(end))
  return { on: on.length > 0 ? on : ['failed'], workflows: texts('workflows') }
}

export function configOf({ on, workflows }: FollowForm): Json {
  return { on, ...(workflows.length > 0 ? { workflows } : {}) }
}

/** "after order-to-invoice: failed, canceled" */
export function followText(config: Json): string {
  const { on, workflows } = formOf(config)
  const who = workflows.length > 0 ? workflows.join(', ') : t('follow.every')
  return t('follow.facts', { who, on: on.map((end) => t(`state.${end}`)).join(', ') })
}
