// Can every page be read and reached: light and dark, on a desk and on a phone. Measured on the page as it is drawn.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from './harness.ts'
import { graphql, type World } from './world.ts'

/** Texts that stand out too little from what is behind them, by WCAG's formula. Runs in the browser. */
function faintTexts(least: number): string[] {
  type Color = [number, number, number, number]
  function colorOf(css: string): Color {
    const n = (css.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []).map(Number)
    const scale = css.startsWith('color(') ? 255 : 1
    return [(n[0] ?? 0) * scale, (n[1] ?? 0) * scale, (n[2] ?? 0) * scale, n[3] ?? 1]
  }
  const over = (a: Color, b: Color): Color => [0, 1, 2].map((i) => (a[i] ?? 0) * a[3] + (b[i] ?? 0) * (1 - a[3])).concat(1) as Color
  function behind(element: Element | null): Color {
    if (element === null) return [255, 255, 255, 1]
    const own = colorOf(getComputedStyle(element).backgroundColor)
    return own[3] >= 1 ? own : over(own, behind(element.parentElement))
  }
  function luminance(color: Color): number {
    const [r, g, b] = color.slice(0, 3).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const hasText = (element: Element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && (node.textContent ?? '').trim() !== '')
  const isOff = (element: Element) => element.closest(':disabled, [aria-disabled=true], .v-input--disabled, .visually-hidden, .skip') !== null
  const found: string[] = []
  for (const element of document.querySelectorAll('body *')) {
    if (!hasText(element) || isOff(element) || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue
    const text = colorOf(getComputedStyle(element).color)
    for (let up: Element | null = element; up !== null; up = up.parentElement) text[3] *= Number(getComputedStyle(up).opacity)
    const back = behind(element)
    const [a, b] = [luminance(over(text, back)), luminance(back)]
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (contrast < least) found.push(`contrast ${contrast.toFixed(2)} of "${(element.textContent ?? '').trim().slice(0, 40)}" (${element.className || element.tagName})`)
  }
  return [...new Set(found)]
}

/** What is cut off or lies beyond the edge. Runs in the browser. */
function misfits(): string[] {
  const found: string[] = []
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth
  if (wide > 0) found.push(`the page scrolls sideways by ${wide} px`)
  const name = (element: Element) => `${element.tagName.toLowerCase()} "${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40)}"`
  function scrolls(element: Element): boolean {
    for (let up = element.parentElement; up !== null && up !== document.body; up = up.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(up).overflowX) && up.scrollWidth > up.clientWidth) return true
    }
    return false
  }
  const beyond = '.v-navigation-drawer:not(.v-navigation-drawer--active), .skip, .visually-hidden'
  for (const element of document.querySelectorAll('a, button, input, select, textarea, [role=tab], td, h1, h2')) {
    if (element.closest(beyond) !== null || !element.checkVisibility({ visibilityProperty: true }) || scrolls(element)) continue
    const box = element.getBoundingClientRect()
    if (box.width > 1 && (box.left < -1 || box.right > innerWidth + 1)) found.push(`${name(element)} lies beyond the edge: ${Math.round(box.left)} to ${Math.round(box.right)} of ${innerWidth} px`)
    if (element.matches('.v-btn, td') && element.scrollWidth > element.clientWidth + 1) found.push(`${name(element)} is cut off: ${element.clientWidth} of ${element.scrollWidth} px`)
  }
  return [...new Set(found)]
}

const least_contrast = 4.5
const desk_px = 1280
const phone_px = 390
const shots = process.env.WEFT_E2E_SHOTS ?? null
// Colours do not depend on the width, nor places on the theme: two views see all. For pictures to look at, all four.
const views = [{ theme: 'light', width: desk_px }, { theme: 'dark', width: phone_px }] as const
const more_views = [{ theme: 'light', width: phone_px }, { theme: 'dark', width: desk_px }] as const

/** Every fault of the page as it is, in each view. The theme of the browser's user decides, so the page must follow it. */
export async function faultsInSight(page: Page, label: string): Promise<string[]> {
  const found: string[] = []
  for (const { theme, width } of shots === null ? views : [...views, ...more_views]) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 850 })
    await page.waitForFunction((wanted) => document.querySelector(`.v-application.v-theme--${wanted}`) !== null, theme)
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 60))))
    const faults = [...(await page.evaluate(faintTexts, least_contrast)), ...(await page.evaluate(misfits))]
    found.push(...faults.map((fault) => `${label}, ${theme}, ${width} px: ${fault}`))
    if (shots !== null) {
      mkdirSync(shots, { recursive: true })
      await page.screenshot({ path: join(shots, `${label.replace(/[0-9a-f-]{36}/, 'one').replace(/\W+/g, '-')}-${theme}-${width}.png`), animations: 'disabled' })
    }
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null })
  await page.setViewportSize({ width: 1360, height: 850 })
  return found
}

/** Waits until the page shows what it loads. */
async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  await page.waitForFunction(() => document.querySelector('.rows[role=status], .v-progress-circular') === null)
}

export async function inSight({ page, server }: World, name: string, paths: readonly string[]): Promise<void> {
  await test(name, async () => {
    const faults: string[] = []
    for (const path of paths) {
      await page.goto(server.url + path)
      await settled(page)
      faults.push(...(await faultsInSight(page, `${name.split(' ')[0] ?? ''}-${path}`)))
    }
    expect(faults.length === 0, `no faults, but:\n${faults.join('\n')}`)
  })
}

const lists = ['/runs', '/approvals', '/workflows', '/connections', '/apps', '/settings/tokens']

/** Of an installation where nothing is yet: the pages that a newcomer sees. */
export async function emptyInSight(world: World): Promise<void> {
  await inSight(world, 'empty lists can be read and reached, in both themes, on a desk and on a phone', lists)
  await test('the measure sees a link button whose text has the colour of the button, and a page that is too wide', async () => {
    const { page, server } = world
    await page.goto(`${server.url}/connections`)
    await settled(page)
    await page.addStyleTag({ content: 'a { color: rgb(var(--v-theme-primary)); } .content { inline-size: 2000px; max-inline-size: none; }' })
    const faults = [...(await page.evaluate(faintTexts, least_contrast)), ...(await page.evaluate(misfits))].join()
    expect(faults.includes('contrast 1.00 of "Go to apps"') && faults.includes('scrolls sideways'), `both faults, but: ${faults}`)
  })
}

/** Of one that is used. */
export async function allInSight(world: World): Promise<void> {
  const { page, workflow } = world
  const some = await graphql(page, '{ good: runs(where: {state: {_eq: "success"}}, limit: 1) { id } bad: runs(where: {state: {_eq: "failed"}}, limit: 1) { id } apps(limit: 1) { id } }')
  const of = (what: 'good' | 'bad' | 'apps') => (some.data as Record<string, { id: string }[]>)[what]?.[0]?.id ?? 'none'
  const tabs = ['definition', 'triggers', 'runs', 'versions'].map((tab) => `/workflows/${workflow}?tab=${tab}`)
  const views = ['steps', 'data', 'logs'].map((tab) => `/runs/${of('good')}?tab=${tab}`)
  await inSight(world, 'filled pages can be read and reached, in both themes, on a desk and on a phone', [
    ...lists, ...tabs, ...views, `/runs/${of('bad')}`, `/apps/${of('apps')}`, '/workflows?q=nothing-of-this-name', '/nowhere', '/runs/01890000-0000-7000-8000-000000000001',
  ])
}
