import { isRecord, roles, type Approval, type Json } from '~/shared/api'
import { t } from '~/shared/i18n'
import type { RunId } from '~/shared/ids'

/** One field of an approval's form, as far as a page can show it; others are written as JSON. */
export interface FormField {
  name: string
  label: string
  hint: string
  kind: 'text' | 'number' | 'boolean' | 'choice' | 'json'
  choices: readonly string[]
  required: boolean
}

/** The fields of a JSON Schema of an object, in its order. */
export function fieldsOf(form: Json): FormField[] {
  if (!isRecord(form) || !isRecord(form.properties)) return []
  const required: readonly unknown[] = Array.isArray(form.required) ? form.required : []
  return Object.entries(form.properties).map(([name, schema]) => {
    const member = isRecord(schema) ? schema : {}
    const choices = Array.isArray(member.enum) ? member.enum.filter((c): c is string => typeof c === 'string') : []
    return {
      name,
      label: typeof member.title === 'string' ? member.title : name,
      hint: typeof member.description === 'string' ? member.description : '',
      kind: kindOf(member.type, choices),
      choices,
      required: required.includes(name),
    }
  })
}

function kindOf(type: unknown, choices: readonly string[]): FormField['kind'] {
  if (choices.length > 0) return 'choice'
  if (type === 'string') return 'text'
  if (type === 'number' || type === 'integer') return 'number'
  return type === 'boolean' ? 'boolean' : 'json'
}

/** The required fields that nothing was filled in for. */
export function missingFields(fields: readonly FormField[], typed: Readonly<Record<string, string | boolean>>): string[] {
  return fields.filter(({ name, required }) => required && (typed[name] === undefined || typed[name] === '')).map(({ name }) => name)
}

/** What was typed, as the schema wants it; what is empty is left out. Text that is no number or JSON stays text, for the server to refuse. */
export function filledIn(fields: readonly FormField[], typed: Readonly<Record<string, string | boolean>>): Record<string, Json> {
  const out: Record<string, Json> = {}
  for (const field of fields) {
    const value = typed[field.name]
    if (value === undefined || value === '') continue
    out[field.name] = typeof value === 'boolean' || field.kind === 'text' || field.kind === 'choice' ? value : parsed(value)
  }
  return out
}

function parsed(text: string): Json {
  try {
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- what JSON.parse gives is JSON
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

/** The token of an address like `/approve#token`, or what a reload finds of it in the history's state; null when there is none. */
export function approvalToken(hash: string, kept: unknown): string | null {
  const token = hash.replace(/^#/, '').trim()
  if (token !== '') return token
  return isRecord(kept) && typeof kept.approval === 'string' ? kept.approval : null
}

/** What is wrong with a link, when it is the link; null for faults that trying again may mend. */
export function linkFault(status: number | null): 'unknown' | 'over' | null {
  if (status === 410) return 'over'
  return status === 404 ? 'unknown' : null
}

/** The page of an approval, for members. */
export function approvalPath({ run_id, step_id, iteration }: { run_id: RunId; step_id: string; iteration: string | number }): string {
  return `/approvals/${run_id}/${step_id}${Number(iteration) === 0 ? '' : `?item=${iteration}`}`
}

/** Where it stands, for the person who looks. */
export function standingOf(asked: Approval): 'yours' | 'decided' | 'not_yours' | 'by_link' | 'approved' | 'rejected' | 'over' {
  if (asked.state === 'closed') return 'over'
  if (asked.state === 'answered') return asked.approvals >= asked.need && !(asked.veto && asked.rejections > 0) ? 'approved' : 'rejected'
  if (asked.has_decided) return 'decided'
  if (asked.may_decide) return 'yours'
  return asked.approvers.length === 0 ? 'by_link' : 'not_yours'
}

/** "anna@example.com, any admin or owner". */
export function whoDecides(approvers: readonly string[]): string {
  if (approvers.length === 0) return t('approvals.link')
  return approvers.map((name) => {
    const role = roles.find((r) => name === `role:${r}`)
    return role === undefined ? name : t(`approvals.role.${role}`)
  }).join(', ')
}
