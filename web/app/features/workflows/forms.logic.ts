import { isRecord, type Json } from '~/shared/api'

/** The texts of a form trigger's settings, as its dialog has them. */
export const form_texts = ['title', 'description', 'button', 'thanks', 'redirect', 'path', 'zone'] as const
export type FormText = (typeof form_texts)[number]
export type FormSettings = Record<FormText, string> & { fields: string }

export function formOf(config: Json): FormSettings {
  const members = isRecord(config) ? config : {}
  const text = (name: FormText) => (typeof members[name] === 'string' ? members[name] : '')
  const fields = Array.isArray(members.fields) ? members.fields.filter((name) => typeof name === 'string') : []
  return {
    title: text('title'), description: text('description'), button: text('button'), thanks: text('thanks'), redirect: text('redirect'), path: text('path'), zone: text('zone'),
    fields: fields.join(', '),
  }
}

/** What is empty is left to the server's default. */
export function configOf(form: FormSettings): { [name: string]: Json } {
  const config: { [name: string]: Json } = {}
  for (const name of form_texts) if (form[name].trim() !== '') config[name] = form[name].trim()
  const fields = form.fields.split(',').map((name) => name.trim()).filter((name) => name !== '')
  if (fields.length > 0) config.fields = fields
  return config
}
