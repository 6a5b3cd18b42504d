// Writes app/shared/graphql/generated.ts from schema.graphql and every *.graphql beside the features: the types of answers
// and variables (graphql-codegen), and for each operation its text and the parser that checks an answer.
//   node tools/codegen.ts            writes
//   node tools/codegen.ts --check    fails when the committed file is not what would be written
import { readFileSync, writeFileSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { codegen } from '@graphql-codegen/core'
import * as operations from '@graphql-codegen/typescript-operations'
import { buildSchema, parse, specifiedRules, validate, NoUnusedFragmentsRule, type DocumentNode, type GraphQLSchema } from 'graphql'
import { documentsOf } from './documents.ts'

const web = join(import.meta.dirname, '..')
const target = join(web, 'app/shared/graphql/generated.ts')

const combinators = ['array', 'boolean', 'json', 'maybe', 'number', 'object', 'string']
const head = (code: string) => `// Made by tools/codegen.ts from schema.graphql and the *.graphql files of the features. Do not edit: change those and run it.
import { ${combinators.filter((name) => new RegExp(`[ (]${name}[,() ]`).test(code)).join(', ')}, type Json } from '../api/parse'
import { uuid, type Uuid } from '../ids'
import { operation, type Operation } from './operation'

`
const config = {
  skipTypename: true,
  avoidOptionals: { field: true, object: true, inputValue: false, defaultValue: false },
  enumsAsTypes: true,
  namingConvention: 'keep',
  inlineFragmentTypes: 'combine',
  scalars: {
    uuid: { input: 'string', output: 'Uuid' },
    bigint: 'string',
    timestamptz: 'string',
    json: 'Json',
    jsonb: 'Json',
  },
}

function read(schema: GraphQLSchema): { location: string; document: DocumentNode }[] {
  const sources = globSync('app/**/*.graphql', { cwd: web }).sort().map((location) => ({ location, document: parse(readFileSync(join(web, location), 'utf8')) }))
  const all: DocumentNode = { kind: sources[0]!.document.kind, definitions: sources.flatMap((s) => s.document.definitions) }
  const faults = validate(schema, all, specifiedRules.filter((rule) => rule !== NoUnusedFragmentsRule))
  if (faults.length > 0) throw new Error(faults.map((f) => f.toString()).join('\n\n'))
  return sources
}

export async function generate(): Promise<string> {
  const sdl = readFileSync(join(web, 'schema.graphql'), 'utf8')
  const schema = buildSchema(sdl)
  const documents = read(schema)
  const types = await codegen({
    filename: target, schema: parse(sdl), schemaAst: schema, documents, config, plugins: [{ operations: {} }], pluginMap: { operations },
  })
  const code = documentsOf(schema, documents.flatMap((d) => d.document.definitions))
  return head(code) + types.trim() + '\n\n' + code + '\n'
}

if (process.argv[1] === import.meta.filename) {
  const wanted = await generate()
  if (process.argv.includes('--check')) {
    if (readFileSync(target, 'utf8') !== wanted) {
      console.error('app/shared/graphql/generated.ts is stale: run node tools/codegen.ts')
      process.exitCode = 1
    }
  } else writeFileSync(target, wanted)
}
