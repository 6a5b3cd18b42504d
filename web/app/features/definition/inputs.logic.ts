import { isRecord, writeJson, type Json } from '~/shared/api'
import { t } from '~/shared/i18n'
import { formatBytes } from '~/ui/json.logic'

/** One input of a workflow, as a form asks for it. */
export interface Entry {
  name: string
  label: string
  hint: string
  sample: string
  kind: 'line' | 'lines' | 'number' | 'tick' | 'choice' | 'choices' | 'file' | 'files'
  type: 'text' | 'email' | 'url' | 'date'
  /** Of a choice: what is shown, and the value as JSON. */
  options: { title: string; value: string }[]
  required: boolean
  /** Of files: as the attribute of HTML; bytes of each; how many. */
  accept: string
  maxBytes: number
  most: number
}
export type EntryValue = string | boolean | string[]

const types: Record<string, Entry['type']> = { 'email': 'email', 'uri': 'url', 'date': 'date' }
const samples: Record<string, string> = { 'date-time': '2026-12-01T09:00:00Z' }
const number_text = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const long_text = 200
const file_bytes = 100 * 2 ** 20 // as a form's page
const files_most = 20

const text = (value: unknown) => (typeof value === 'string' ? value : '')

function optionsOf(schema: { [name: string]: Json }): Entry['options'] {
  const named = Array.isArray(schema.oneOf) ? schema.oneOf : []
  const listed = Array.isArray(schema.enum) ? schema.enum.map((value): Json => ({ const: value })) : named
  return listed.flatMap((each) => (isRecord(each) && each.const !== undefined ? [{ title: text(each.title) || (typeof each.const === 'string' ? each.const : JSON.stringify(each.const)), value: JSON.stringify(each.const) }] : []))
}

const isFile = (schema: Json | undefined): boolean => isRecord(schema) && schema.type === 'object' && schema.format === 'file'

function fileLimits(schema: Json | undefined): Pick<Entry, 'accept' | 'maxBytes'> {
  const of: { [name: string]: Json } = isRecord(schema) ? schema : {}
  const accept = Array.isArray(of.accept) ? of.accept.map(text) : text(of.accept).split(',')
  return { accept: accept.map((one) => one.trim().toLowerCase()).filter((one) => one !== '').join(', '), maxBytes: typeof of.maxBytes === 'number' ? of.maxBytes : file_bytes }
}

/** Why the server would not take it, in words; empty where it would. */
export function refusalOf({ accept, maxBytes }: Entry, file: { name: string; type: string; size: number }): string {
  const name = file.name.toLowerCase()
  const takes = (one: string) => (one.startsWith('.') ? name.endsWith(one) : one.endsWith('/*') ? file.type.startsWith(one.slice(0, -1)) : file.type === one)
  if (file.size > maxBytes) return t('start.file.large', { name: file.name, size: formatBytes(maxBytes) })
  return accept === '' || accept.split(', ').some(takes) ? '' : t('start.file.kind', { name: file.name, accept })
}

export const nameOf = (handle: unknown): string => (isRecord(handle) ? text(handle.name) : '')

function entryOf(name: string, schema: Json, required: boolean): Entry | null {
  if (!isRecord(schema) || schema.$ref !== undefined || schema.allOf !== undefined) return null
  const format = text(schema.format)
  const base = { name, label: text(schema.title) || name, hint: text(schema.description), sample: samples[format] ?? '', type: types[format] ?? 'text', options: optionsOf(schema), required, accept: '', maxBytes: 0, most: 1 }
  if (isFile(schema)) return { ...base, ...fileLimits(schema), kind: 'file' }
  if (base.options.length > 0) return { ...base, kind: 'choice' }
  switch (schema.type) {
    case 'string':
      return { ...base, kind: format === 'textarea' || (typeof schema.maxLength === 'number' && schema.maxLength > long_text) ? 'lines' : 'line' }
    case 'number':
    case 'integer':
      return { ...base, kind: 'number' }
    case 'boolean':
      return { ...base, kind: 'tick' }
    case 'array': {
      if (isFile(schema.items)) return { ...base, ...fileLimits(schema.items), kind: 'files', most: Math.min(files_most, typeof schema.maxItems === 'number' ? schema.maxItems : files_most) }
      const options = isRecord(schema.items) ? optionsOf(schema.items) : []
      return options.length > 0 ? { ...base, kind: 'choices', options } : null
    }
    default:
      return null
  }
}

/** What a form would ask for; null where it cannot ask for all of it, or there is nothing to ask for. */
export function entriesOf(definition: Json): Entry[] | null {
  const inputs = isRecord(definition) ? definition.inputs : null
  if (!isRecord(inputs) || !isRecord(inputs.properties)) return null
  const required: readonly unknown[] = Array.isArray(inputs.required) ? inputs.required : []
  const out: Entry[] = []
  for (const [name, schema] of Object.entries(inputs.properties)) {
    const entry = entryOf(name, schema, required.includes(name))
    if (entry === null) return null
    out.push(entry)
  }
  return out.length > 0 ? out : null
}

/** What stands in the form at first: the defaults. */
export function presetsOf(definition: Json, entries: readonly Entry[]): Record<string, EntryValue> {
  const inputs = isRecord(definition) && isRecord(definition.inputs) && isRecord(definition.inputs.properties) ? definition.inputs.properties : {}
  return Object.fromEntries(entries.map((entry): [string, EntryValue] => {
    const schema = inputs[entry.name]
    const preset = isRecord(schema) ? schema.default : undefined
    if (entry.kind === 'tick') return [entry.name, preset === true]
    if (entry.kind === 'file' || entry.kind === 'files') return [entry.name, []]
    if (entry.kind === 'choices') return [entry.name, Array.isArray(preset) ? preset.map((value) => JSON.stringify(value)) : []]
    if (preset === undefined || preset === null) return [entry.name, '']
    if (entry.kind === 'choice') return [entry.name, JSON.stringify(preset)]
    return [entry.name, typeof preset === 'string' ? preset : JSON.stringify(preset)]
  }))
}

/** An input that there is, in the form; null where the form cannot show all of it as it is. */
export function filledFrom(entries: readonly Entry[], input: Json): Record<string, EntryValue> | null {
  if (!isRecord(input) || Object.keys(input).some((name) => !entries.some((entry) => entry.name === name))) return null
  const filled: Record<string, EntryValue> = {}
  for (const entry of entries) {
    const value = entryValue(entry, input[entry.name])
    if (value === null) return null
    filled[entry.name] = value
  }
  return filled
}

function entryValue({ kind, options }: Entry, value: Json | undefined): EntryValue | null {
  const isOption = (one: Json) => options.some((option) => option.value === writeJson(one))
  // A box that is not ticked is sent as false: what was left out would not stay so.
  if (kind === 'tick') return typeof value === 'boolean' ? value : null
  const isHandle = (one: Json) => isRecord(one) && typeof one.$file === 'string'
  if (kind === 'file' || kind === 'files') {
    const handles = value === undefined ? [] : kind === 'files' && Array.isArray(value) ? value : [value]
    return handles.every(isHandle) ? handles.map((one) => writeJson(one)) : null
  }
  if (value === undefined) return kind === 'choices' ? [] : ''
  switch (kind) {
    case 'choices':
      return Array.isArray(value) && value.length > 0 && value.every(isOption) ? value.map((one) => writeJson(one)) : null
    case 'choice':
      return isOption(value) ? writeJson(value) : null
    case 'number': {
      const text = writeJson(value)
      return number_text.test(text) ? text : null
    }
    default:
      return typeof value === 'string' && value !== '' ? value : null
  }
}

/** The input as JSON. Numbers stay as they were typed; what is left empty is left out. */
export function inputText(entries: readonly Entry[], values: Record<string, EntryValue>): string {
  const members = entries.flatMap(({ name, kind }) => {
    const value = values[name] ?? ''
    if (typeof value === 'boolean') return [[name, String(value)]]
    if (kind === 'file' && typeof value !== 'string') return value.length > 0 ? [[name, value[0]]] : []
    if (typeof value !== 'string') return value.length > 0 ? [[name, `[${value.join(', ')}]`]] : []
    if (value === '') return []
    const typed = value.trim()
    return [[name, kind === 'choice' ? value : kind === 'number' && number_text.test(typed) ? typed : JSON.stringify(value)]]
  })
  return members.length === 0 ? '{}' : `{\n${members.map(([name, value]) => `  ${JSON.stringify(name)}: ${value}`).join(',\n')}\n}`
}
