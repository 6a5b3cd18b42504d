#!/bin/sh
# What: the JavaScript libraries of Standard Webhooks refuse a rightly signed message whose body is not JSON,
#   with a SyntaxError, and answer an empty body in two ways.
# Why it matters: the signature covers the raw bytes, so a sender may sign forms, XML or nothing at all. Code
#   that catches WebhookVerificationError lets the SyntaxError through: a 500, hence retries without end. And
#   what verify() returns has lost the last digits of long ids, though the signed bytes had them.
# Versions: standardwebhooks 1.1.1, svix 1.99.1; Node 20 or newer.
# Documented: no; the examples show JSON, and the name of the method is verify.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    standardwebhooks@1.1.1 svix@1.99.1 >npm.log

cat >look.mjs <<'END'
import { Webhook as Standard } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
function verified(Webhook, body) {
  const webhook = new Webhook(secret);
  const at = new Date();
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at / 1000)),
    'webhook-signature': webhook.sign('msg_1', at, body),
  };
  try {
    return `accepted: ${JSON.stringify(webhook.verify(body, headers))}`;
  } catch (error) {
    return error.name;
  }
}

const cases = [
  ['standardwebhooks, form', 'accepted', 'SyntaxError', () => verified(Standard, 'state=paid&id=5')],
  ['svix, form', 'accepted', 'SyntaxError', () => verified(Svix, 'state=paid&id=5')],
  ['standardwebhooks, empty body', 'accepted', 'accepted: undefined', () => verified(Standard, '')],
  ['svix, empty body', 'accepted', 'SyntaxError', () => verified(Svix, '')],
  ['standardwebhooks, long id', 'accepted: {"id":9007199254740993}', 'accepted: {"id":9007199254740992}',
    () => verified(Standard, '{"id":9007199254740993}')],
];
for (const [what, guess, known, run] of cases) {
  const seen = await run();
  console.log(`${what}\n  guess: ${guess}\n  seen:  ${seen}`);
  if (seen !== known) {
    console.log(`  CHANGED, was: ${known}`);
    process.exitCode = 1;
  }
}
END
node look.mjs
