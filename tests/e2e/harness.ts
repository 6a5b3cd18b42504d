// The few things the browser tests share: one browser, named steps, what must never happen, screenshots.
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const require = createRequire(join(root, 'web/package.json'))
const { chromium } = require('playwright-core') as typeof import('playwright-core')
const axe = (require('axe-core') as { source: string }).source
const artifacts = join(root, 'artifacts/e2e')
mkdirSync(artifacts, { recursive: true })

// Chromium's own calls home are off: tests reach loopback only.
const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
]

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.WEFT_CHROMIUM ?? '/usr/bin/chromium', args: flags })
}

/** What web/tools/schema.ts makes of the server's introspection, to compare with the file it last wrote. */
export const schemaTool = () => import(join(root, 'web/tools/schema.ts')) as Promise<{ question: string; sdlOf: (answer: unknown) => string }>
export const committedSchema = () => readFileSync(join(root, 'web/schema.graphql'), 'utf8')

/** Faults of the page that no test asks for, and every test would hide. */
export class Watch {
  readonly faults: string[] = []
  private readonly origin: string
  constructor(context: BrowserContext, origin: string) {
    this.origin = origin
    context.on('page', (page) => this.follow(page))
  }
  private follow(page: Page): void {
    page.on('pageerror', (error) => this.faults.push(`exception: ${error.message}`))
    page.on('console', (message) => {
      const text = message.text()
      // A refused request is logged by the browser itself; the page shows it, and the tests look at the page.
      if (message.type() === 'error' && !text.startsWith('Failed to load resource')) this.faults.push(`console: ${text}`)
      if (/Content Security Policy|\[Vue warn\]/.test(text)) this.faults.push(`console: ${text}`)
    })
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(this.origin)) this.faults.push(`request to another host: ${request.url()}`)
    })
  }
}

let passed = 0
let failed = 0

export async function test(name: string, body: () => Promise<void>): Promise<boolean> {
  const began = Date.now()
  try {
    await body()
    passed++
    console.log(`ok   ${name} (${Date.now() - began} ms)`)
    return true
  } catch (error) {
    failed++
    console.log(`FAIL ${name}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    return false
  }
}

export function summary(): boolean {
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0
}

export function expect(fact: unknown, what: string): asserts fact {
  if (!fact) throw new Error(`expected ${what}`)
}

export async function shot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(artifacts, `${name}.png`), animations: 'disabled' })
}

/**
 * Waits for what moves or fades in to be there: halfway it has other colours. What turns without end is not waited for.
 * A framework starts a transition a frame or two after the change that causes it, so several quiet frames in a row are asked for.
 */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const quiet_frames = 4
    for (let quiet = 0, frames = 0; quiet < quiet_frames && frames < 300; quiet++, frames++) {
      await frame()
      const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity && one.playState !== 'finished')
      if (ending.length === 0) continue
      await Promise.all(ending.map((one) => one.finished.catch(() => null)))
      quiet = -1
    }
  })
}

/** Fails on serious accessibility faults of the page as it is now. */
export async function accessible(page: Page): Promise<void> {
  await settled(page)
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const engine = (globalThis as unknown as { axe: { run: (node: Document, options: object) => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }).axe
    const result = await engine.run(document, { resultTypes: ['violations'] })
    return result.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`)
  })
  if (found.length > 0) throw new Error(`accessibility of ${new URL(page.url()).pathname}:\n${found.join('\n')}`)
}
