// Renews schema.graphql from a running installation, as the owner of an API token with every permission sees it.
//   WEFT_URL=http://127.0.0.1:8080 WEFT_TOKEN=weft_... node tools/schema.ts
// Then: node tools/codegen.ts. tests/e2e fails when the committed schema is not what the server gives.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildClientSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema, type IntrospectionQuery } from 'graphql'

/** The question that `sdlOf` reads the answer to. */
export const question = getIntrospectionQuery({ descriptions: false, inputValueDeprecation: true })

/** The schema as text, in one order whatever the server's. */
export function sdlOf(answer: unknown): string {
  const body = answer as { data?: IntrospectionQuery; errors?: unknown }
  if (!body.data) throw new Error(`the server refuses introspection: ${JSON.stringify(body.errors ?? answer).slice(0, 1_000)}`)
  return printSchema(lexicographicSortSchema(buildClientSchema(body.data))) + '\n'
}

if (process.argv[1] === import.meta.filename) {
  const { WEFT_URL: url, WEFT_TOKEN: token } = process.env
  if (!url || !token) throw new Error('WEFT_URL and WEFT_TOKEN are needed')
  const response = await fetch(new URL('/v1/graphql', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: question }),
  })
  writeFileSync(join(import.meta.dirname, '../schema.graphql'), sdlOf(await response.json()))
}
