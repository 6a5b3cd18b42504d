// Files: chosen on the page of a form by somebody without scripts, and in the dialog that starts a run by hand.
import { accessible, expect, shot, test } from './harness.ts'
import { api, type World } from './world.ts'

const inputs = {
  type: 'object',
  required: ['cv'],
  properties: {
    name: { type: 'string', title: 'Your name' },
    cv: { type: 'object', format: 'file', title: 'Your CV', description: 'One page is enough.', accept: ['.txt', 'application/pdf'], maxBytes: 2048 },
    scans: { type: 'array', title: 'Certificates', maxItems: 2, items: { type: 'object', format: 'file', maxBytes: 4096 } },
  },
}
const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })

export async function files(world: World): Promise<void> {
  const { page, server } = world
  let workflow = ''
  let address = ''
  const input = async () => {
    const [run] = (await api(page, 'GET', `/runs?workflow_id=${workflow}`)).items as { id: string }[]
    expect(run !== undefined, 'a run')
    return (await api(page, 'GET', `/runs/${run.id}`)).input as Record<string, { name: string; size: number }[] & { name: string; size: number }>
  }
  await test('a form asks for files, names what it does not take, and gives the others to its run', async () => {
    const steps = [{ id: 'read', uses: 'core/read-file', with: { file: '{{ input.cv }}' } }]
    const made = await api(page, 'POST', '/workflows', { key: 'apply', name: 'Apply', definition: { name: 'apply', inputs, steps, output: '{{ steps.read.output }}' } })
    workflow = String(made.id)
    await api(page, 'POST', `/workflows/${workflow}/publish`, {})
    const trigger = await api(page, 'POST', `/workflows/${workflow}/triggers`, { kind: 'form', name: 'Apply', config: { path: 'apply' } })
    await api(page, 'POST', `/triggers/${String(trigger.id)}/activate`, {})
    address = `${server.url}/forms/apply`
    const browser = page.context().browser()
    expect(browser !== null, 'a browser')
    const phone = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })
    try {
      const visitor = await phone.newPage()
      await visitor.goto(address)
      await visitor.getByText('At most 2 KiB. Accepted: .txt, application/pdf.').waitFor()
      await visitor.getByText('At most 2 files of 4 KiB each.').waitFor()
      await shot(visitor, '38a-form-files')
      await visitor.getByLabel('Your name').fill('Ada')
      await visitor.getByLabel('Your CV').setInputFiles(file('cv.txt', 'x'.repeat(3000)))
      await visitor.getByLabel('Certificates').setInputFiles([file('a.csv', 'a'), file('b.csv', 'b'), file('c.csv', 'c')])
      await visitor.click('button')
      await visitor.getByRole('alert').waitFor()
      await visitor.getByText('Please choose the files again.').waitFor()
      expect((await visitor.getByText('A file is larger than 2 KiB.').count()) === 2, 'the reason above and at its entry')
      expect((await visitor.getByText('Choose at most 2 files.').count()) === 2, 'likewise of the other one')
      expect((await visitor.getByLabel('Your CV').getAttribute('aria-describedby')) === 'f1-hint f1-error', 'hint and reason tied to it')
      expect((await visitor.getByLabel('Your name').inputValue()) === 'Ada', 'what was typed')
      await shot(visitor, '38b-form-files-wrong')
      await visitor.getByLabel('Your CV').setInputFiles(file('cv.txt', 'I weave.'))
      await visitor.getByLabel('Certificates').setInputFiles([file('a.csv', 'a'), file('b.csv', 'bb')])
      await visitor.dblclick('button')
      await visitor.getByText('Your entries have been sent.').waitFor()
    } finally {
      await phone.close()
    }
    const { cv, scans } = await input()
    expect(cv?.name === 'cv.txt' && cv.size === 8, `the file, not ${JSON.stringify(cv)}`)
    expect(scans?.length === 2 && scans[1]?.size === 2, `both others, not ${JSON.stringify(scans)}`)
    expect(((await api(page, 'GET', `/runs?workflow_id=${workflow}`)).items as unknown[]).length === 1, 'one run of a double click')
  })
  await test('the page of a form with files is accessible', async () => {
    const visitor = await page.context().newPage()
    await visitor.goto(address)
    await accessible(visitor)
    await visitor.close()
  })
  await test('a start by hand sends the files that are chosen, and its run reads them', async () => {
    await page.goto(`${server.url}/workflows/${workflow}`)
    await page.getByRole('button', { name: 'Run now' }).click()
    const dialog = page.getByRole('dialog')
    const chooser = dialog.locator('input[type=file]').first()
    await chooser.setInputFiles(file('large.txt', 'x'.repeat(3000)))
    await dialog.getByText('large.txt is larger than 2 KiB.').waitFor()
    await chooser.setInputFiles(file('mine.txt', 'by hand'))
    await dialog.getByText('Ready: mine.txt').waitFor()
    await accessible(page)
    await shot(page, '38c-run-now-files')
    await dialog.getByRole('button', { name: 'Start run' }).click()
    await page.waitForURL(/\/runs\//)
    const { cv } = await input()
    expect(cv?.name === 'mine.txt', `its input, not ${JSON.stringify(cv)}`)
    await page.getByText('by hand').first().waitFor()
  })
}
