import { en } from './en'

export type MessageKey = keyof typeof en
export type Params = Readonly<Record<string, string | number>>

/** The text of a key; `{name}` is replaced from `params`. Every text a person reads comes from here. */
export function t(key: MessageKey, params: Params = {}): string {
  return en[key].replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name]
    return value === undefined ? whole : String(value)
  })
}
