import vuetify from 'vite-plugin-vuetify'

// A static single-page build: the api process serves the files, no Node runs in production, and no server holds
// the state of two tenants. Everything is self-hosted, and no inline script is needed (see tools/finish.ts).
export default defineNuxtConfig({
  compatibilityDate: '2026-11-01',
  ssr: false,
  buildId: 'weft',
  telemetry: false,
  devtools: { enabled: false },
  css: ['vuetify/styles/core', '~/assets/main.css'],
  components: false,
  build: { transpile: ['vuetify'] },
  experimental: { appManifest: false, entryImportMap: false, payloadExtraction: false },
  imports: { scan: false },
  app: {
    head: {
      title: 'Weft',
      htmlAttrs: { lang: 'en' },
      meta: [
        { name: 'viewport', content: 'width=device-width, initial-scale=1' },
        { name: 'color-scheme', content: 'light dark' },
        { name: 'referrer', content: 'same-origin' },
      ],
      link: [{ rel: 'icon', type: 'image/svg+xml', href: '/favicon.svg' }],
      script: [{ src: '/theme.js' }],
    },
  },
  vite: {
    plugins: [vuetify({ autoImport: true })],
    build: { chunkSizeWarningLimit: 700 },
    vue: { features: { optionsAPI: true } },
  },
  typescript: {
    strict: true,
    tsConfig: {
      compilerOptions: {
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        verbatimModuleSyntax: true,
        noImplicitOverride: true,
      },
    },
  },
  nitro: { compressPublicAssets: false },
})
