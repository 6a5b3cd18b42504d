#!/bin/sh
# What: imapflow asks for mail since a moment by the day in UTC, imap by the day of the process. In an American
#   evening the first is tomorrow already.
# Why it matters: IMAP compares the day as the server wrote it (RFC 3501, 6.4.4: "disregarding time and
#   timezone"). A poll with { since: lastRun } at 21:00 in New York asks for mail since tomorrow, so a message of
#   21:05 does not match on a server in that zone; nor do later polls of that evening find it. Where the server
#   has the extension WITHIN, imapflow asks in seconds: with Dovecot tests pass, elsewhere mail is lost.
# Versions: imapflow 2.10.2, imap 0.8.19, against a server of 20 lines that keeps the command; Node 20 or newer.
# Documented: no; a Date is said to be fine. A poll is right with UIDs, or from the day before on.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    imapflow@2.10.2 imap@0.8.19 >npm.log

cat >look.mjs <<'END'
import { once } from 'node:events';
import net from 'node:net';
import Imap from 'imap';
import { ImapFlow } from 'imapflow';

const answers = [
  [/^CAPABILITY/, '* CAPABILITY IMAP4rev1\r\n'],
  [/^LIST/, '* LIST () "/" INBOX\r\n'],
  [/^(SELECT|EXAMINE)/, '* 0 EXISTS\r\n* OK [UIDVALIDITY 1] valid\r\n'],
  [/SEARCH/, '* SEARCH\r\n'],
];
let search;
const server = net.createServer((socket) => {
  socket.on('error', () => {}).write('* OK ready\r\n');
  socket.on('data', (bytes) => {
    for (const line of bytes.toString().split('\r\n').filter(Boolean)) {
      const [, tag, command] = /^(\S+) (.*)/.exec(line);
      if (command.includes('SEARCH')) search = command.replace('UID ', '');
      const untagged = answers.find(([pattern]) => pattern.test(command))?.[1] ?? '';
      socket.write(`${untagged}${tag} OK done\r\n`);
    }
  });
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const where = { host: '127.0.0.1', port: server.address().port };

const packages = {
  async imapflow(since) {
    const client = new ImapFlow({ ...where, secure: false, auth: { user: 'u', pass: 'p' }, logger: false });
    await client.connect();
    await client.mailboxOpen('INBOX');
    await client.search({ since });
    await client.logout();
    return search;
  },
  async imap(since) {
    const client = new Imap({ ...where, user: 'u', password: 'p' });
    client.connect();
    await once(client, 'ready');
    await new Promise((done) => client.openBox('INBOX', true, done));
    await new Promise((done) => client.search([['SINCE', since]], done));
    client.end();
    return search;
  },
};
const cases = [
  ['imapflow', '2024-03-01T18:00:00-05:00', 'SEARCH SINCE 01-Mar-2024', 'SEARCH SINCE 01-Mar-2024'],
  ['imapflow', '2024-03-01T21:00:00-05:00', 'SEARCH SINCE 01-Mar-2024', 'SEARCH SINCE 02-Mar-2024'],
  ['imap', '2024-03-01T21:00:00-05:00', 'SEARCH SINCE 1-Mar-2024', 'SEARCH SINCE 1-Mar-2024'],
];
for (const [name, since, guess, known] of cases) {
  const seen = await packages[name](new Date(since));
  console.log(`${name}, since ${since}, TZ=${process.env.TZ}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
server.close();
END
TZ=America/New_York node look.mjs
