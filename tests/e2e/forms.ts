// A form: made in the UI, filled in by somebody who is not signed in, without scripts, on a phone, in Spanish and in the dark.
import type { Page } from 'playwright-core'
import { accessible, expect, shot, test } from './harness.ts'
import { api, focused, type World } from './world.ts'

const inputs = {
  type: 'object',
  required: ['name', 'code', 'seats', 'meal', 'terms'],
  properties: {
    name: { type: 'string', title: 'Your name', maxLength: 80, examples: ['Ada Lovelace'] },
    code: { type: 'string', title: 'Invitation code', description: 'Three letters, as in your letter', pattern: '^[A-Z]{3}$' },
    email: { type: 'string', title: 'Email', format: 'email' },
    seats: { type: 'integer', title: 'Seats', minimum: 1, maximum: 10, default: 2 },
    meal: { title: 'Meal', enum: ['Meat', 'Fish', 'Neither'] },
    country: { title: 'Country', enum: ['ES', 'FR', 'DE', 'IT', 'PT', 'NL'] },
    days: { type: 'array', title: 'Days', items: { enum: ['Friday', 'Saturday', 'Sunday'] } },
    arrival: { type: 'string', title: 'Arrival', format: 'date-time' },
    notes: { type: 'string', title: 'Notes <b>for us</b>', maxLength: 500 },
    terms: { type: 'boolean', title: 'I have read the terms', const: true },
  },
}

async function fill(page: Page, code: string): Promise<void> {
  await page.getByLabel('Your name').fill('Ada <i>Lovelace</i>')
  await page.getByLabel('Invitation code').fill(code)
  await page.getByLabel('Seats').fill('3')
  await page.getByLabel('Fish').check()
  await page.getByLabel('Country').selectOption('PT')
  await page.getByLabel('Saturday').check()
  await page.getByLabel('Arrival').fill('2026-07-01T18:30')
  await page.getByLabel('I have read the terms').check()
}

export async function forms(world: World): Promise<void> {
  const { page, server } = world
  let workflow = ''
  let address = ''
  const runs = async () => ((await api(page, 'GET', `/runs?workflow_id=${workflow}`)).items as { id: string; state: string }[])
  await test('a form is made, and a path that is taken is told at its field', async () => {
    const steps = [{ id: 'a', uses: 'core/map', with: { text: '{{ input.name }}' } }]
    const made = await api(page, 'POST', '/workflows', { key: 'party', name: 'Party', definition: { name: 'party', inputs, steps } })
    workflow = String(made.id)
    await api(page, 'POST', `/workflows/${workflow}/publish`, {})
    await page.goto(`${server.url}/workflows/${workflow}`)
    await page.getByRole('tab', { name: 'Triggers' }).click()
    await page.click('[data-testid=create-form]')
    await focused(page, 'name')
    await page.fill('[role=dialog] [name=name]', 'Party')
    await page.fill('[role=dialog] [name=title]', 'Come to our party')
    await page.fill('[role=dialog] [name=description]', 'We look forward to seeing you.\nTell us who comes.')
    await page.fill('[role=dialog] [name=path]', 'Not A Path')
    await page.click('[role=dialog] [type=submit]')
    await page.getByText('path is 3 to 80 lower-case letters').waitFor()
    await page.fill('[role=dialog] [name=path]', 'our-party')
    await accessible(page)
    await shot(page, '30-form-dialog')
    await page.click('[role=dialog] [type=submit]')
    const row = page.locator('[data-testid=form]')
    await row.getByText('Active').waitFor()
    const shown = await row.locator('code').innerText()
    expect(shown.endsWith('/forms/our-party'), `the address, not ${shown}`)
    address = new URL(new URL(shown).pathname, server.url).href
    await shot(page, '31-form-trigger')
  })
  await test('a stranger fills it in: what is wrong stands at its entry, what was typed stays', async () => {
    const visitor = await page.context().newPage()
    await visitor.goto(address)
    await accessible(visitor)
    await shot(visitor, '32-form')
    await fill(visitor, 'abc')
    await visitor.click('button')
    await visitor.getByRole('alert').waitFor()
    const wrong = visitor.getByLabel('Invitation code')
    expect(await wrong.evaluate((entry) => entry === document.activeElement), 'the cursor in the first wrong entry')
    const described = await wrong.getAttribute('aria-describedby')
    expect(described === 'f1-hint f1-error', `hint and reason tied to it, not ${described}`)
    expect((await visitor.getByLabel('Your name').inputValue()) === 'Ada <i>Lovelace</i>', 'what was typed')
    expect((await visitor.getByLabel('Arrival').inputValue()) === '2026-07-01T18:30', 'the time that was typed')
    expect(await visitor.getByLabel('Saturday').isChecked(), 'what was ticked')
    await accessible(visitor)
    await shot(visitor, '33-form-wrong')
    expect((await runs()).length === 0, 'no run yet')
    await wrong.fill('ABC')
    await visitor.click('button')
    await visitor.getByText('Your entries have been sent.').waitFor()
    await visitor.reload()
    await visitor.getByText('Your entries have been sent.').waitFor()
    await shot(visitor, '34-form-sent')
    await visitor.close()
    const [run, ...others] = await runs()
    expect(run !== undefined && others.length === 0, 'one run')
    const input = (await api(page, 'GET', `/runs/${run.id}`)).input as Record<string, unknown>
    expect(input.name === 'Ada <i>Lovelace</i>' && input.seats === 3 && input.arrival === '2026-07-01T18:30:00.000Z', `its input, not ${JSON.stringify(input)}`)
  })
  await test('without scripts, on a phone, in Spanish and in the dark; clicked twice it is one run', async () => {
    const browser = page.context().browser()
    expect(browser !== null, 'a browser')
    const phone = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 }, locale: 'es-ES', colorScheme: 'dark' })
    try {
      const visitor = await phone.newPage()
      await visitor.goto(address)
      const wide = await visitor.locator('main').boundingBox()
      expect(wide !== null && wide.x >= 0 && wide.x + wide.width <= 390, 'nothing beside the screen')
      await visitor.getByRole('button', { name: 'Enviar' }).waitFor()
      await shot(visitor, '35-form-phone')
      await fill(visitor, 'abc')
      await visitor.click('button')
      await visitor.getByText('Revise un campo').waitFor()
      await shot(visitor, '36-form-phone-wrong')
      await visitor.getByLabel('Invitation code').fill('XYZ')
      await visitor.dblclick('button')
      await visitor.getByText('Sus datos se han enviado.').waitFor()
      await shot(visitor, '37-form-phone-sent')
    } finally {
      await phone.close()
    }
    expect((await runs()).length === 2, 'one run more')
  })
  await test('the dialog of a start by hand asks for the same inputs', async () => {
    await page.goto(`${server.url}/workflows/${workflow}`)
    await page.getByRole('button', { name: 'Run now' }).click()
    await page.getByRole('dialog').getByLabel('Your name').fill('Grace')
    await page.getByRole('dialog').getByLabel('Invitation code').fill('ABC')
    await page.getByRole('dialog').getByLabel('I have read the terms').check()
    await accessible(page)
    await shot(page, '38-run-now')
    await page.click('[data-testid=start-json]')
    await page.locator('[role=dialog] .cm-content').getByText('"Grace"').waitFor()
    await page.keyboard.press('Escape')
  })
}
