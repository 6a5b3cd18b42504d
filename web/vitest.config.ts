import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Logic is plain TypeScript (*.logic.ts, shared/**): tested without mounting anything, so no browser environment.
export default defineConfig({
  resolve: {
    alias: {
      '~': fileURLToPath(new URL('./app', import.meta.url)),
      // graphql-ws, which vitest does not transform, takes this one; two of them do not know each other's schemas.
      graphql: fileURLToPath(new URL('./node_modules/graphql/index.js', import.meta.url)),
    },
  },
  test: { include: ['app/**/*.test.ts', 'dev/**/*.test.ts', 'tools/**/*.test.ts'], environment: 'node', testTimeout: 5000 },
})
