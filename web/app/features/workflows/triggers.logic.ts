import { isRecord, type Json } from '~/shared/api'

/** The server may give a path only: then it is on the host we were served from. */
export function absoluteUrl(url: string, origin: string = location.origin): string {
  return url.startsWith('/') ? origin + url : url
}

export interface TriggerFacts {
  scheme: string
  mode: string
}

/** What a trigger's settings say, for the list. */
export function triggerFacts(config: Json): TriggerFacts {
  const members = isRecord(config) ? config : {}
  const signature = isRecord(members.signature) ? members.signature : {}
  const mode = members.mode ?? members.response
  return {
    scheme: typeof signature.scheme === 'string' ? signature.scheme : 'none',
    mode: mode === 'sync' ? 'sync' : 'async',
  }
}

/** A command that sends one event to the trigger; signed triggers need the secret from the shell's environment. */
export function curlExample(url: string, facts: TriggerFacts): string {
  if (facts.scheme === 'none') return `curl -X POST '${url}' -H 'content-type: application/json' -d '{}'`
  return [
    `body='{}'; ts=$(date +%s)`,
    `sig=$(printf '%s.%s' "$ts" "$body" | openssl dgst -sha256 -hmac "$WEFT_SECRET" -hex | sed 's/.* //')`,
    `curl -X POST '${url}' -H 'content-type: application/json' -H "x-weft-timestamp: $ts" -H "x-weft-signature: sha256=$sig" -d "$body"`,
  ].join('\n')
}
