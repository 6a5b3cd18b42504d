// The receivers of tests: a mail server (npm smtp-server), and the libraries that check webhooks. A line of JSON in, a line out.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { SMTPServer } from 'smtp-server'
import { Webhook } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
const [key, cert] = process.argv.slice(2)

function serve(name, options) {
  const server = new SMTPServer({
    logger: false,
    onAuth: ({ username, password }, _, done) => (username === 'weft' && password === 'pass-4711' ? done(null, { user: username }) : done(new Error('no'))),
    onRcptTo: ({ address }, _, done) => {
      const refusal = new Error('no such mailbox')
      refusal.responseCode = 550
      done(address.startsWith('nobody@') ? refusal : null)
    },
    onData(stream, { envelope, secure }, done) {
      let text = ''
      stream.on('data', (chunk) => (text += chunk))
      stream.on('end', () => {
        say({ mail: name, from: envelope.mailFrom.address, to: envelope.rcptTo.map((to) => to.address), secure, text })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined) // who breaks off is the test's concern
  server.listen(0, '127.0.0.1', () => say({ listening: name, port: server.server.address().port }))
}
const tls = { key: readFileSync(key), cert: readFileSync(cert) }
serve('starttls', tls)
serve('tls', { ...tls, secure: true })
serve('plain', { disabledCommands: ['STARTTLS'], authOptional: true })

createInterface({ input: process.stdin }).on('line', (line) => {
  const { secret, headers, body } = JSON.parse(line)
  const verdict = (library) => {
    try {
      new library(secret).verify(body, headers)
      return true
    } catch {
      return false
    }
  }
  say({ verified: [verdict(Webhook), verdict(Svix)] })
})
