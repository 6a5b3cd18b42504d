#!/bin/sh
# What: rss-parser changes Atom entries: text moves within XHTML content, the link may be the entry's "self",
#   and an update's time is dropped.
# Why it matters: feed triggers (n8n's among them) are built on it. A sentence with one bold word loses its
#   order of words; links lead to the entry's XML instead of the page; and a trigger that keeps the time of
#   the newest entry never sees that one was changed.
# Versions: rss-parser 3.13.0, feedparser 2.6.0 (for comparison); Node 20 or newer.
# Documented: no. RFC 4287, 4.2.7.2: a link without rel is an "alternate" one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --before=2026-12-01 --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
    rss-parser@3.13.0 feedparser@2.6.0 >npm.log

cat >look.mjs <<'END'
import { Readable } from 'node:stream';
import FeedParser from 'feedparser';
import Parser from 'rss-parser';

const feed = `<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>urn:f</id>
<updated>2024-03-05T00:00:00Z</updated>
<entry><title>e</title><id>urn:e</id><published>2024-03-01T00:00:00Z</published>
<updated>2024-03-05T00:00:00Z</updated>
<link rel="self" href="http://example.org/e.xml"/><link href="http://example.org/e.html"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">pay <b>not</b> today</div></content>
</entry></feed>`;
const item = (await new Parser().parseString(feed)).items[0];
const reader = Readable.from([Buffer.from(feed)]).pipe(new FeedParser({ feedurl: 'http://example.org/' }));
const other = await new Promise((done, failed) => reader.once('data', done).once('error', failed));

const words = (html) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim();
const cases = [
  ['words of the content', words(other.description), 'pay today not', () => words(item.content)],
  ['link', other.link, 'http://example.org/e.xml', () => item.link],
  ['fields that hold the update of 5 March', 'isoDate, or one of its own', 'none',
    () => Object.keys(item).filter((key) => String(item[key]).includes('2024-03-05')).join() || 'none'],
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
