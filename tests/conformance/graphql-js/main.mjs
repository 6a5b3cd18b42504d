// Compares weft-gqlcheck with npm graphql: parser, printer, every rule on its own and together, introspection.
//   node main.mjs [--count N] [--seed N] [--only parse|rules|introspection|cases]
// WEFT_GQLCHECK names the program (default: build/release/bin/weft-gqlcheck). The last line is `N passed, M failed`.
import { buildSchema, executeSync, getIntrospectionQuery } from 'graphql'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { cases } from './cases.mjs'
import { Checker } from './checker.mjs'
import { explanation } from './deviations.mjs'
import { DocumentMaker } from './documents.mjs'
import { Random } from './random.mjs'
import * as reference from './reference.mjs'
import { schemas } from './schemas.mjs'
import { SyntaxMaker } from './syntax.mjs'
import { damagedText, damagedTokens, joined } from './text.mjs'

const { values: options } = parseArgs({ options: { count: { type: 'string', default: '12000' }, seed: { type: 'string', default: '1' }, only: { type: 'string' } } })
const program = process.env.WEFT_GQLCHECK ?? fileURLToPath(new URL('../../../build/release/bin/weft-gqlcheck', import.meta.url))
const shownMax = 20
const textMax = 3000
const windowMax = 64  // questions on their way at a time

const tally = { passed: 0, failed: 0, explained: 0 }
const kinds = new Map()

function fail(what, details) {
  tally.failed++
  kinds.set(what, (kinds.get(what) ?? 0) + 1)
  if (tally.failed > shownMax) return
  console.error(`\n--- ${what}`)
  for (const [key, value] of Object.entries(details)) console.error(`${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`.slice(0, textMax))
}

/** What the one has and the other has not, if they are lists; else all of it. */
const onlyIn = (one, other) => (Array.isArray(one) ? one.filter((item) => !other.some((each) => JSON.stringify(each) === JSON.stringify(item))) : one)

/** Whether both are equal, or different for a reason that is known. Differences are reported. */
function agrees(what, question, theirs, ours) {
  if (JSON.stringify(theirs) === JSON.stringify(ours)) return true
  const reason = explanation(what, question, theirs, ours)
  if (reason) {
    tally.explained++
    return true
  }
  fail(what, { seed: question.seed, query: question.query, onlyTheirs: onlyIn(theirs, ours), onlyOurs: onlyIn(ours, theirs) })
  return false
}

/** Errors in an order of their own: rules are compared as sets. */
const sorted = (errors) => errors.map((error) => JSON.stringify(error)).sort()

// ---- questions: { seed, schema?, query }

function* syntaxQuestions(count, seed) {
  for (let i = 0; i < count; i++) {
    const random = new Random(seed + i)
    let tokens = new SyntaxMaker(random).document()
    const damage = random.next()
    if (damage < 0.35) tokens = damagedTokens(random, tokens)
    let query = joined(random, tokens, random.chance(0.3))
    if (damage > 0.8) query = damagedText(random, query)
    yield { seed: seed + i, query }
  }
}

function* ruleQuestions(count, seed) {
  const named = Object.keys(schemas)
  for (let i = 0; i < count; i++) {
    const random = new Random(seed + i)
    const name = named[i * named.length / count | 0]
    const errors = random.pick([0, 0, 0.01, 0.03, 0.1])
    const tokens = new DocumentMaker(random, built[name], errors).document()
    yield { seed: seed + i, schema: name, query: joined(random, tokens, random.chance(0.5)) }
  }
}

// ---- comparisons

function compareParse(question, answer) {
  const theirs = reference.parsed(question.query)
  if (!theirs.document) return agrees('parser', question, theirs.errors, answer.errors)
  if (answer.printed === undefined) return agrees('parser', question, [], answer.errors)
  return agrees('printer', question, reference.printed(theirs.document), answer.printed)
}

function compareRules(question, answer) {
  if (!compareParse(question, answer)) return false
  const { document } = reference.parsed(question.query)
  if (!document) return true
  const schema = built[question.schema]
  question.hasTypeSystem = reference.hasTypeSystem(document)
  const theirs = reference.byRule(schema, document)
  question.hasTwinArguments = theirs.UniqueArgumentNamesRule.length > 0
  let agreed = true
  for (const name of reference.ruleNames) {
    if (theirs[name] === null) continue
    agreed = agrees(name, question, sorted(theirs[name]), sorted(answer.by_rule?.[name] ?? [])) && agreed
  }
  if (Object.values(theirs).includes(null)) return agreed
  return agreed && agrees('all rules, in order', question, reference.all(schema, document), answer.errors)
}

async function runAll(questions, request, compare) {
  const started = process.hrtime.bigint()
  let count = 0
  const pending = []
  const settle = async () => {
    const { question, answer } = pending.shift()
    tally.passed += compare(question, await answer) ? 1 : 0
    count++
  }
  for (const question of questions) {
    pending.push({ question, answer: checker.ask(request(question)) })
    if (pending.length >= windowMax) await settle()
  }
  while (pending.length > 0) await settle()
  return `${count} in ${(Number(process.hrtime.bigint() - started) / 1e9).toFixed(1)} s`
}

/** The order of types, directives and members of unions is nobody's promise; built-ins are described in words of our own. */
function canonical(value, key = '') {
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item))
    const isUnordered = ['types', 'directives', 'possibleTypes', 'interfaces'].includes(key)
    return isUnordered ? items.sort((a, b) => (a.name < b.name ? -1 : 1)) : items
  }
  if (value === null || typeof value !== 'object') return value
  const isBuiltIn = builtIn.test(value.name ?? '')
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, canonical(isBuiltIn ? undescribed(each) : each, name)])
    .map(([name, each]) => (isBuiltIn && name === 'description' ? [name, null] : [name, each])))
}

const builtIn = /^(__.*|Int|Float|String|Boolean|ID|skip|include|deprecated|specifiedBy|oneOf)$/
const undescribed = (value) => JSON.parse(JSON.stringify(value), (name, each) => (name === 'description' ? null : each))

const introspectionQuery = getIntrospectionQuery({
  descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true,
})

function compareIntrospection(question, answer) {
  const { data, errors } = executeSync({ schema: built[question.schema], document: reference.parsed(question.query).document })
  if (errors) throw errors[0]
  return agrees('introspection', question, canonical(data), canonical(answer.data ?? answer.errors))
}

function introspectionQuestions() {
  const out = []
  for (const schema of Object.keys(schemas)) {
    out.push({ schema, query: introspectionQuery })
    out.push({ schema, query: '{ __schema { types { name fields { name args { name } } inputFields { name } enumValues { name } } } }' })
    for (const name of [...Object.keys(built[schema].getTypeMap()), 'Nothing']) {
      out.push({ schema, query: `{ one: __type(name: "${name}") { __typename ...T } } fragment T on __Type { kind name description
        fields(includeDeprecated: true) { name isDeprecated deprecationReason type { name kind ofType { name kind } } args(includeDeprecated: false) { name defaultValue } }
        enumValues(includeDeprecated: false) { name } inputFields { name defaultValue type { kind } } interfaces { name } possibleTypes { name } specifiedByURL isOneOf ofType { name } }` })
    }
  }
  return out
}

const caseQuestions = () => cases.map((each, i) => ({ ...each, seed: `case ${i}: ${each.rule}` }))

/** A case says what it is about; the reference must agree that it is, or the case is worthless. */
function compareCase(question, answer) {
  const { document } = reference.parsed(question.query)
  if (!document) throw new Error(`case does not parse: ${question.query}`)
  const found = reference.byRule(built[question.schema], document)[question.rule]?.length ?? null
  if (found !== question.count) {
    fail('case', { rule: question.rule, query: question.query, expected: question.count, found })
    return false
  }
  return compareRules(question, answer)
}

const built = Object.fromEntries(Object.entries(schemas).map(([name, sdl]) => [name, buildSchema(sdl)]))
const checker = new Checker(program)
const count = Number(options.count)
const seed = Number(options.seed) * 1_000_000
const validation = (question) => ({ schema: schemas[question.schema], query: question.query, print: true, rules: reference.ruleNames })
const parts = {
  cases: () => runAll(caseQuestions(), validation, compareCase),
  parse: () => runAll(syntaxQuestions(Math.floor(count * 0.4), seed), ({ query }) => ({ query, print: true }), compareParse),
  rules: () => runAll(ruleQuestions(Math.ceil(count * 0.6), seed), validation, compareRules),
  introspection: () => runAll(introspectionQuestions(), (question) => ({ schema: schemas[question.schema], query: question.query, introspect: true }), compareIntrospection),
}
for (const [name, run] of Object.entries(parts)) {
  if (options.only && options.only !== name) continue
  console.log(`graphql-js: ${name}: ${await run()}`)
}
checker.close()
for (const [what, times] of kinds) console.log(`graphql-js: ${times} disagreements about ${what}`)
if (tally.explained > 0) console.log(`graphql-js: ${tally.explained} differences for known reasons`)
console.log(`${tally.passed} passed, ${tally.failed} failed`)
process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1
