// What the reference implementation says, in the form of weft-gqlcheck's answers.
import { GraphQLError, Kind, parse, print, specifiedRules, validate, MaxIntrospectionDepthRule } from 'graphql'

/** The rules of the specification; the depth of introspection is graphql-js's own addition, and only compared on its own. */
const rules = specifiedRules.filter((rule) => rule !== MaxIntrospectionDepthRule)
const separateRules = [...rules, MaxIntrospectionDepthRule]
export const ruleNames = separateRules.map((rule) => rule.name)

const plain = (error) => ({ message: error.message, ...(error.locations ? { locations: error.locations.map(({ line, column }) => ({ line, column })) } : {}) })

/** { document } or { errors }. Stack overflow on deep nesting is not a syntax error: it is passed on. */
export function parsed(query) {
  try {
    return { document: parse(query), errors: [] }
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    return { errors: [plain(error)] }
  }
}

const executable = [Kind.OPERATION_DEFINITION, Kind.FRAGMENT_DEFINITION]
export const hasTypeSystem = (document) => document.definitions.some((each) => !executable.includes(each.kind))
export const printed = (document) => print(document)

/**
 * Errors of each rule on its own, from one walk: every rule gets a context that keeps its reports apart. Null where the
 * reference throws instead of reporting: it takes for granted that conditions have values and that variables are defined.
 */
export function byRule(schema, document) {
  const out = Object.fromEntries(ruleNames.map((name) => [name, []]))
  const separate = separateRules.map((rule) => (context) => {
    const report = { value: (error) => out[rule.name]?.push(plain(error)) }
    const visitor = rule(Object.create(context, { reportError: report }))
    return guarded(visitor, () => (out[rule.name] = null))
  })
  validate(schema, document, separate)
  return out
}

/** A visitor that never throws. */
function guarded(visitor, thrown) {
  if (typeof visitor === 'object') return Object.fromEntries(Object.entries(visitor).map(([name, each]) => [name, guarded(each, thrown)]))
  return (...given) => {
    try {
      return visitor(...given)
    } catch {
      thrown()
    }
  }
}

/** Errors of all rules together, in order. Not for documents on which a rule throws. */
export const all = (schema, document) => validate(schema, document, rules).map(plain)
