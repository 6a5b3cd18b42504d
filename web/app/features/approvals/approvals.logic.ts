import { isRecord, type Json } from '~/shared/api'

/** One field of an approval's form, as far as a page can show it; others are written as JSON. */
export interface FormField {
  name: string
  label: string
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

/** The token of an address like `/approve#token`; null when there is none. */
export function approvalToken(hash: string): string | null {
  const token = hash.replace(/^#/, '').trim()
  return token === '' ? null : token
}
