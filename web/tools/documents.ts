// The part of the generated file that runs: for each operation its text, made small, and the parser of its answer.
import {
  getNamedType, isListType, isNonNullType, isObjectType, Kind, print, stripIgnoredCharacters, visit,
  type DefinitionNode, type FragmentDefinitionNode, type GraphQLObjectType, type GraphQLOutputType, type GraphQLSchema,
  type OperationDefinitionNode, type SelectionSetNode,
} from 'graphql'

const parsers: Readonly<Record<string, string>> = {
  Int: 'number', Float: 'number', String: 'string', ID: 'string', Boolean: 'boolean', uuid: 'uuid', bigint: 'string', timestamptz: 'string', json: 'json', jsonb: 'json',
}

function parserOf(type: GraphQLOutputType, selection: SelectionSetNode | undefined): string {
  if (!isNonNullType(type)) return `maybe(${bare(type, selection)})`
  return bare(type.ofType, selection)
}

function bare(type: GraphQLOutputType, selection: SelectionSetNode | undefined): string {
  if (isListType(type)) return `array(${parserOf(type.ofType, selection)})`
  if (isObjectType(type) && selection) return `object(${shapeOf(type, selection)})`
  const name = getNamedType(type).name
  const parser = parsers[name]
  if (parser === undefined) throw new Error(`no parser for the type ${name}: add it to tools/documents.ts and tools/codegen.ts`)
  return parser
}

function shapeOf(type: GraphQLObjectType, selection: SelectionSetNode): string {
  const members = selection.selections.map((s) => {
    if (s.kind === Kind.FRAGMENT_SPREAD) return `...${s.name.value}`
    if (s.kind === Kind.INLINE_FRAGMENT) throw new Error('inline fragments are not supported: use a named one')
    const field = type.getFields()[s.name.value]
    if (!field) throw new Error(`no field ${type.name}.${s.name.value}`)
    return `${s.alias?.value ?? s.name.value}: ${parserOf(field.type, s.selectionSet)}`
  })
  return `{ ${members.join(', ')} }`
}

/** Fragments that a definition spreads, directly or through others; those that others need come first. */
function fragmentsOf(node: OperationDefinitionNode | FragmentDefinitionNode, all: ReadonlyMap<string, FragmentDefinitionNode>): FragmentDefinitionNode[] {
  const found = new Set<FragmentDefinitionNode>()
  visit(node, {
    FragmentSpread: ({ name }) => {
      const fragment = all.get(name.value)
      if (!fragment) throw new Error(`no fragment ${name.value}`)
      for (const inner of fragmentsOf(fragment, all)) found.add(inner)
      found.add(fragment)
    },
  })
  return [...found]
}

const suffix = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const

export function documentsOf(schema: GraphQLSchema, definitions: readonly DefinitionNode[]): string {
  const fragments = new Map(definitions.flatMap((d) => (d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d] as const] : [])))
  const ordered = new Set([...fragments.values()].flatMap((f) => [...fragmentsOf(f, fragments), f]))
  const shapes = [...ordered].map((f) => {
    const type = schema.getType(f.typeCondition.name.value)
    if (!isObjectType(type)) throw new Error(`fragment ${f.name.value} is not on an object`)
    return `const ${f.name.value} = ${shapeOf(type, f.selectionSet)}`
  })
  const made = definitions.flatMap((d) => {
    if (d.kind !== Kind.OPERATION_DEFINITION) return []
    const root = schema.getRootType(d.operation)
    if (!root || !d.name) throw new Error('an operation needs a name and a root type')
    const text = stripIgnoredCharacters([d, ...fragmentsOf(d, fragments)].map(print).join('\n'))
    const name = d.name.value
    const type = `${name}${suffix[d.operation]}`
    return [`export const ${name}Document: Operation<${type}, ${type}Variables> = operation(\n  ${JSON.stringify(text)},\n  object(${shapeOf(root, d.selectionSet)}),\n)`]
  })
  return [...shapes, '', ...made].join('\n')
}
