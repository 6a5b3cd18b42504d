// Turns Nuxt's static output into what the api process serves: one index.html for every route, with its one inline
// script moved to a file, so that the page works under `script-src 'self'` without hashes.
//   node tools/finish.ts <from> <to>
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

export function externalise(html: string): { html: string; scripts: Map<string, string> } {
  const scripts = new Map<string, string>()
  const out = html.replace(/<script>([\s\S]*?)<\/script>/g, (_all, body: string) => {
    const name = `_nuxt/boot.${createHash('sha256').update(body).digest('hex').slice(0, 10)}.js`
    scripts.set(name, body)
    return `<script src="/${name}"></script>`
  })
  // Error pages are not worth a prefetch on every first visit; the time of the build would make every build another page.
  return { html: out.replace(/<link rel="prefetch"[^>]*>/g, '').replace(/("serverRendered":2\},)\d+/, '$10'), scripts }
}

// The server answers with these where the browser takes them: packed once here instead of on every request.
function pack(file: string): void {
  const data = readFileSync(file)
  if (data.length < 1024) return
  writeFileSync(`${file}.gz`, gzipSync(data, { level: 9 }))
  writeFileSync(`${file}.br`, brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } }))
}

function main(from: string, to: string): void {
  const { html, scripts } = externalise(readFileSync(join(from, 'index.html'), 'utf8'))
  if (/<script(?![^>]*\b(src|type="application\/json"))/.test(html)) throw new Error('an inline script is left in index.html')
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  cpSync(from, to, { recursive: true })
  // Nuxt writes the same page once for every route without a parameter; the server answers them all with the one.
  for (const name of readdirSync(to, { recursive: true, encoding: 'utf8' })) if (name.endsWith('.html')) rmSync(join(to, name))
  for (const [name, body] of scripts) writeFileSync(join(to, name), body)
  writeFileSync(join(to, 'index.html'), html)
  for (const name of readdirSync(to, { recursive: true, encoding: 'utf8' })) {
    if (/\.(js|css|html|svg)$/.test(name)) pack(join(to, name))
  }
}

const [from, to] = process.argv.slice(2)
if (import.meta.main && from !== undefined && to !== undefined) main(from, to)
