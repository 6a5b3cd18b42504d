import { isRecord, type Json } from '~/shared/api'

/** The server may give a path only: then it is on the host we were served from. */
export function absoluteUrl(url: string, origin: string = location.origin): string {
  return url.startsWith('/') ? origin + url : url
}

/** Who signs as what they document; the names are the server's. */
export const provider_schemes = ['github', 'stripe', 'slack', 'shopify', 'standard-webhooks', 'zoom', 'jira', 'xero', 'quickbooks', 'twilio'] as const

export interface TriggerFacts {
  scheme: string
  mode: string
  /** Of the scheme token: the header that carries the secret. */
  header?: string
}

/** What a trigger's settings say, for the list. */
export function triggerFacts(config: Json): TriggerFacts {
  const members = isRecord(config) ? config : {}
  const signature = isRecord(members.signature) ? members.signature : {}
  const mode = members.mode ?? members.response
  const header = signature.signature_header
  return {
    scheme: typeof signature.scheme === 'string' ? signature.scheme : 'none',
    mode: mode === 'sync' ? 'sync' : 'async',
    ...(signature.scheme === 'token' && typeof header === 'string' ? { header } : {}),
  }
}

/** Networks as a person lists them. */
export function networksOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((network) => network !== '')
}

export const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
export const usual_methods: readonly string[] = ['GET', 'POST']

/** What few people set; left empty, it is not said. */
export interface TriggerExtras {
  networks?: readonly string[]
  filter?: Json
  methods?: readonly string[]
  path?: string
}

/** The settings of a trigger to be made. */
export function triggerConfig(facts: TriggerFacts, extras: TriggerExtras = {}) {
  const { networks = [], filter = null, methods: chosen = usual_methods, path = '' } = extras
  const is_usual = [...chosen].sort().join() === [...usual_methods].sort().join()
  const header = facts.scheme === 'token' ? { signature_header: (facts.header ?? '').trim() } : {}
  return {
    signature: { scheme: facts.scheme, ...header }, mode: facts.mode, ...(networks.length > 0 ? { networks: [...networks] } : {}), ...(filter === null ? {} : { filter }),
    ...(is_usual ? {} : { methods: [...chosen] }), ...(path.trim() === '' ? {} : { path: path.trim() }),
  }
}

/** A command that sends one event to the trigger; signed triggers need the secret from the shell's environment. */
export function curlExample(url: string, facts: TriggerFacts): string {
  const plain = `curl -X POST '${url}' -H 'content-type: application/json' -d '{}'`
  if (facts.scheme === 'none') return plain
  if (facts.scheme === 'basic') return `${plain} -u "weft:$WEFT_SECRET"`
  if (facts.scheme === 'token') return `${plain} -H "${(facts.header ?? '').replace(/[^\w-]/g, '')}: $WEFT_SECRET"`
  if (provider_schemes.some((name) => name === facts.scheme)) return plain
  return [
    `body='{}'; ts=$(date +%s)`,
    `sig=$(printf '%s.%s' "$ts" "$body" | openssl dgst -sha256 -hmac "$WEFT_SECRET" -hex | sed 's/.* //')`,
    `curl -X POST '${url}' -H 'content-type: application/json' -H "x-weft-timestamp: $ts" -H "x-weft-signature: sha256=$sig" -d "$body"`,
  ].join('\n')
}
