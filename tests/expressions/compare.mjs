// See run. Each kind makes [expression, what Node gives]; expressions go through weft-evaluate in one process.
import { createHash, createHmac } from 'node:crypto'
import { spawnSync } from 'node:child_process'

const seed = Number(process.env.SEED ?? 1)
const count = Number(process.env.COUNT ?? 400)
let state = seed
const random = () => {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const below = (n) => Math.floor(random() * n)
const pick = (list) => list[below(list.length)]
const say = JSON.stringify

const letters = ['a', 'b', 'Z', 'ñ', 'Ñ', 'n', 'o', 'é', 'E', 'e', 'ß', 's', 'ü', 'u', ' ', '-', '_', '.', '/', '?', '&', '=', '%', '+', "'", '"', '<', '1', '2', '0', '€', '漢', '😀', '\n']
const text = (from = letters, most = 12) => Array.from({ length: below(most + 1) }, () => pick(from)).join('')
const number = () => (random() < 0.5 ? below(3e6) / pick([1, 10, 100, 1000, 7]) : (random() - 0.5) * 10 ** below(9))

// Node's zones may be of another tzdata, and Debian's have another history before 1976.
const zones = Intl.supportedValuesOf('timeZone')
const offsetOf = (zone, at) => {
  const shown = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at).find((p) => p.type === 'timeZoneName').value
  return shown === 'GMT' ? '+00:00' : shown.slice(3)
}
const locales = ['de', 'en', 'es', 'fr', 'it', 'pt']
const numberLocales = [...locales, 'es-MX']
const days = () => new Date(Date.UTC(1900 + below(200), below(12), 1 + below(28), below(24), below(60), below(60)))
const wordLetters = ['a', 'A', 'á', 'à', 'ä', 'b', 'c', 'ç', 'n', 'N', 'ñ', 'Ñ', 'o', 'ö', 'ó', 'z', 'Z', 'l', ' ', '-', '.', '1', '9']
const plainSpace = (shown) => shown.replaceAll('\u202f', ' ').replaceAll('\u00a0', ' ')

const kinds = {
  digest() {
    const [digest, value, encoding] = [pick(['md5', 'sha1', 'sha256', 'sha384', 'sha512']), text(letters, 300), pick(['hex', 'base64', 'base64url'])]
    return [`hash.${digest}(${say(value)}, { encoding: "${encoding}" })`, createHash(digest).update(value).digest(encoding)]
  },
  hmac() {
    const [digest, key, value] = [pick(['md5', 'sha1', 'sha256', 'sha384', 'sha512']), text(letters, 200), text(letters, 200)]
    return [`hash.hmac("${digest}", ${say(key)}, ${say(value)})`, createHmac(digest, key).update(value).digest('hex')]
  },
  encode() {
    const [name, value] = [pick(['base64', 'base64url', 'hex']), text()]
    return [`[${name}.encode(${say(value)}), ${name}.decode(${say(Buffer.from(value).toString(name))})]`, [Buffer.from(value).toString(name), value]]
  },
  url() {
    const value = text()
    const strict = encodeURIComponent(value).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase())
    return [`[url.encode(${say(value)}), url.decode(${say(strict)})]`, [strict, value]]
  },
  query() {
    const names = [...new Set([1, 2, 3].map(() => text(letters, 4) || 'x'))]
    const object = Object.fromEntries(names.map((name) => [name, text()]))
    const made = new URLSearchParams(object).toString()
    return [`[url.parseQuery(${say(made)}), url.parseQuery(url.query(${say(object)}))]`, [object, object]]
  },
  url_parts() {
    const shown = `https://example.com:${1 + below(65000)}/x${encodeURIComponent(text())}/?a=${below(9)}#x`
    const { hostname, port, pathname } = new URL(shown)
    return [`(({ host, port, path }) => [host, port, path])(url.parse(${say(shown)}))`, [hostname, port ? +port : 443, pathname]]
  },
  compare() {
    const [locale, a, b] = [pick(['en', 'es']), text(wordLetters, 5), text(wordLetters, 5)]
    return [`texts.compare(${say(a)}, ${say(b)}, { locale: "${locale}" })`, new Intl.Collator(locale).compare(a, b)]
  },
  compare_base() {
    const [a, b] = [text(['a', 'A', 'á', 'b', 'ñ', 'n'], 3), text(['a', 'A', 'á', 'b', 'ñ', 'n'], 3)]
    return [`texts.compare(${say(a)}, ${say(b)}, { locale: "es", sensitivity: "base" })`, new Intl.Collator('es', { sensitivity: 'base' }).compare(a, b)]
  },
  compare_numeric() {
    const [a, b] = [`f${below(300)}x${below(20)}`, `f${below(300)}x${below(20)}`]
    return [`texts.compare("${a}", "${b}", { numeric: true })`, new Intl.Collator('en', { numeric: true }).compare(a, b)]
  },
  number_format() {
    const [locale, value, digits] = [pick(numberLocales), number(), pick([undefined, 0, 1, 2, 4])]
    const wanted = new Intl.NumberFormat(locale, digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value)
    return [`numbers.format(${value}, ${say({ locale, digits })})`, wanted.replace(/^-(?=[0.,]*$)/, '')]
  },
  money() {
    const [locale, value, currency] = [pick(numberLocales), number(), pick(['EUR', 'USD', 'GBP', 'JPY', 'MXN', 'BRL', 'CHF', 'KWD'])]
    const wanted = new Intl.NumberFormat(locale, { style: 'currency', currency }).format(value)
    return [`numbers.money(${value}, "${currency}", { locale: "${locale}" })`, wanted.replace(/^-(?=[^1-9]*$)/, '')]
  },
  percent() {
    const [locale, value, digits] = [pick(numberLocales), below(2e6) / 1e6, below(3)]
    return [`numbers.percent("${value}", ${say({ locale, digits })})`, new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value)]
  },
  number_parse() {
    const [locale, value] = [pick(numberLocales), below(1e9) / 1000]
    return [`numbers.parse(${say(new Intl.NumberFormat(locale).format(value))}, { locale: "${locale}" })`, value]
  },
  date_style() {
    const [locale, dateStyle, at] = [pick(locales), pick(['short', 'medium', 'long', 'full']), days()]
    const wanted = new Intl.DateTimeFormat(locale, { dateStyle, timeZone: 'UTC' }).format(at)
    return [`dates.fromMillis(${+at}).format({ date: "${dateStyle}" }, { locale: "${locale}" })`, wanted]
  },
  time_style() {
    const [locale, timeStyle, at] = [pick(locales), pick(['short', 'medium']), days()]
    const wanted = new Intl.DateTimeFormat(locale, { timeStyle, timeZone: 'UTC' }).format(at)
    return [`dates.fromMillis(${+at}).format({ time: "${timeStyle}" }, { locale: "${locale}" })`, plainSpace(wanted)]
  },
  offset() {
    const [zone, at] = [pick(zones), new Date(Date.UTC(1976 + below(48), below(12), 1 + below(28), below(24), below(4) * 15))]
    const wanted = offsetOf(zone, at)
    // Seconds of local mean time are beyond the pattern.
    return wanted.length > 6 ? ['"none"', 'none'] : [`dates.fromMillis(${+at}, { zone: "${zone}" }).offset`, wanted]
  },
  instant() {
    const at = new Date(Date.UTC(1900 + below(200), below(12), 1 + below(28), below(24), below(60), below(60), below(1000)))
    return [`[dates.parse("${at.toISOString()}").toMillis(), dates.fromMillis(${+at}).toISO()]`, [+at, at.toISOString()]]
  },
}

// Where there is a Temporal: this Node's, or TEMPORAL=<path of @js-temporal/polyfill/dist/index.esm.js>.
const Temporal = globalThis.Temporal ?? (process.env.TEMPORAL ? (await import(process.env.TEMPORAL)).Temporal : undefined)
const changing = ['America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo', 'Pacific/Apia', 'Europe/Dublin', 'Africa/Casablanca', 'Europe/Madrid', 'America/Sao_Paulo', 'Asia/Gaza']
const zoned = (at, zone) => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
// Near a change of the clocks more often than not.
const nearChange = (zone) => {
  let at = Date.UTC(1980 + below(45), below(12), 1 + below(28), below(24), below(60))
  const next = zoned(at, zone).getTimeZoneTransition('next')
  if (next && next.year < 2025 && random() < 0.7) at = next.epochMilliseconds + (below(96) - 48) * 1_800_000
  return at
}
const unitNames = ['years', 'months', 'weeks', 'days', 'hours', 'minutes']
if (Temporal) {
  Object.assign(kinds, {
    temporal_plus() {
      const [zone, unit] = [pick(changing), pick(unitNames)]
      const [at, n] = [nearChange(zone), below(60) - 30]
      const span = { seconds: n < 0 ? -7 : 7, [unit]: n }
      const wanted = zoned(at, zone).add(span).epochMilliseconds
      return [`dates.fromMillis(${at}, { zone: "${zone}" }).plus(${say(span)}).toMillis()`, wanted]
    },
    temporal_start_of_day() {
      const zone = pick(changing)
      const at = nearChange(zone)
      return [`dates.fromMillis(${at}, { zone: "${zone}" }).startOf("day").toMillis()`, zoned(at, zone).startOfDay().epochMilliseconds]
    },
    temporal_of() {
      const [zone, choose] = [pick(changing), pick(['compatible', 'earlier', 'later'])]
      const r = zoned(nearChange(zone), zone).toPlainDateTime().add({ minutes: (below(9) - 4) * 30 })
      const fields = { year: r.year, month: r.month, day: r.day, hour: r.hour, minute: r.minute }
      const wanted = r.with({ second: 0 }).toZonedDateTime(zone, { disambiguation: choose }).epochMilliseconds
      return [`dates.of(${say(fields)}, { zone: "${zone}", choose: "${choose}" }).toMillis()`, wanted]
    },
    temporal_difference() {
      const [zone, unit] = [pick(changing), pick(['days', 'weeks', 'hours', 'minutes'])]
      const [at, other] = [nearChange(zone), nearChange(zone)]
      const wanted = zoned(at, zone).since(zoned(other, zone), { largestUnit: unit, smallestUnit: unit })[unit] + 0
      return [`dates.fromMillis(${at}, { zone: "${zone}" }).diff(${say(new Date(other).toISOString())}, "${unit}")`, wanted]
    },
  })
}

const cases = Object.entries(kinds).flatMap(([kind, make]) => Array.from({ length: count }, () => [kind, ...make()]))
const child = spawnSync(process.argv[2], { input: cases.map(([, expression]) => say(expression)).join('\n') + '\n', encoding: 'utf8', maxBuffer: 1 << 28 })
const answers = child.stdout.split('\n')
const failed = {}
let passed = 0
cases.forEach(([kind, expression, wanted], i) => {
  const given = kind === 'time_style' ? plainSpace(answers[i]) : answers[i]
  if (given === say(wanted)) return passed++
  failed[kind] = (failed[kind] ?? 0) + 1
  if (failed[kind] <= 5) console.log(`${kind}: ${expression}\n  gives ${given}\n  Node  ${say(wanted)}`)
})
console.log(`seed ${seed}, Node ${process.version} with tzdata ${process.versions.tz} and CLDR ${process.versions.cldr}`)
const total = Object.values(failed).reduce((a, b) => a + b, 0)
console.log(`${passed} passed, ${total} failed`)
process.exit(total ? 1 : 0)
