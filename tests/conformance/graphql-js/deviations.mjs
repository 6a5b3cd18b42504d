// Where we mean to differ from the reference implementation, each with its reason. Everything else is a defect.

const loneSurrogates = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g
const conditionAtRoot = /^(Anonymous Subscription|Subscription ".*") must not use `@skip` or `@include` directives in the top level selection\.$/
const description = /^Syntax Error: (Unexpected description, descriptions are supported only on type definitions\.|Expected "\$", found (Block)?String ".*"\.)$/s
const shorthand = /^Syntax Error: Unexpected description, descriptions are not supported on shorthand queries\.$/

const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b)
const isOverlap = (what) => what === 'OverlappingFieldsCanBeMergedRule' || what === 'all rules, in order'
const isRule = (what) => what.endsWith('Rule') || what === 'all rules, in order'

/** { applies(what, question, theirs, ours), reason } */
const table = [
  {
    reason: 'Its messages quote UTF-16 code units, half a character at worst; ours quote whole characters.',
    applies: (what, _question, theirs, ours) =>
      what === 'parser' && theirs.length === 1 && !theirs[0].message.isWellFormed() &&
      equal([{ ...theirs[0], message: theirs[0].message.replace(loneSurrogates, '') }], ours),
  },
  {
    reason: 'The September 2025 edition allows descriptions on operations, fragments and variables; version 16.11 does not.',
    applies: (what, _question, theirs, ours) =>
      what === 'parser' && theirs.length === 1 && (description.test(theirs[0].message) || shorthand.test(ours[0]?.message)),
  },
  {
    reason: 'The September 2025 edition forbids @skip and @include at the root of a subscription; version 16 does not look.',
    applies: (what, _question, _theirs, ours) => isRule(what) && ours.some((error) => conditionAtRoot.test(error.message ?? JSON.parse(error).message)),
  },
  {
    reason: 'An argument given twice is one error (UniqueArgumentNamesRule); version 16 also says that such a field conflicts with its own copy.',
    applies: (what, { hasTwinArguments }) => isOverlap(what) && hasTwinArguments,
  },
  {
    reason: 'A document with type system definitions is never executed: ExecutableDefinitionsRule says so, the other rules do not look into them.',
    applies: (what, { hasTypeSystem }) => isRule(what) && what !== 'ExecutableDefinitionsRule' && hasTypeSystem,
  },
]

/** The reason of a difference, or undefined. */
export function explanation(what, question, theirs, ours) {
  return table.find((row) => row.applies(what, question, theirs, ours))?.reason
}
