// From tokens to text, and damage to both.

const punctuators = new Set('!$&():=@[]{|}')
const separators = [' ', ' ', ' ', '\n', '\n  ', ', ', '\t', '\r\n', '\r', ' # a comment, with "quotes" {\n', ' \uFEFF', ',\n#\n']

/** Joins tokens; `isTidy` with single spaces, otherwise with anything that separates. */
export function joined(random, tokens, isTidy = false) {
  let out = ''
  tokens.forEach((token, i) => {
    if (i > 0) {
      const mayTouch = punctuators.has(token) || punctuators.has(tokens[i - 1])
      out += isTidy ? ' ' : mayTouch && random.chance(0.5) ? '' : random.pick(separators)
    }
    out += token
  })
  return out
}

const strays = [
  '{', '}', '(', ')', '[', ']', ':', '=', '!', '|', '&', '@', '$', '...', 'on', 'fragment', 'query', 'mutation', 'true', 'null', 'type',
  'extend', 'implements', 'repeatable', '1', '-0', '1.5e3', '"s"', '"""b"""', 'Name', '$x', '@d', '..', '00', '-', '1.', '"', '"""', '?', "'",
  '"\\u{1F600}"', '"\\uD83D\\uDE00"', '"\\uD83D"', '"\\q"', '"\\u12"', '"\\u{}"', '"\\u{110000}"', '"a\nb"', '\u00e9', '\u{1F600}', '\u0000', '12x', '0xF', '.5',
]

/** Changes one to three tokens: removes, doubles, swaps, replaces, or cuts the rest off. */
export function damagedTokens(random, tokens) {
  const out = [...tokens]
  for (let left = 1 + random.below(3); left > 0 && out.length > 0; left--) {
    const at = random.below(out.length)
    const other = random.below(out.length)
    random.pick([
      () => out.splice(at, 1),
      () => out.splice(at, 0, out[at]),
      () => out.splice(at, 0, random.pick(strays)),
      () => (out[at] = random.pick(strays)),
      () => ([out[at], out[other]] = [out[other], out[at]]),
      () => (out[at] = out[other]),
      () => left === 1 && random.chance(0.3) && out.splice(at),
    ])()
  }
  return out
}

const letters = [...'{}()[]:=!|&@$."\\#,u0123456789-+eE_aon\n\r\t \'', '\uFEFF', '\u00e9', '\u{1F600}', '\u0007', '\u007f', '\u0085']

/** Changes one to three characters. */
export function damagedText(random, text) {
  const out = [...text]
  for (let left = 1 + random.below(3); left > 0 && out.length > 0; left--) {
    const at = random.below(out.length)
    random.pick([
      () => out.splice(at, 1),
      () => out.splice(at, 0, random.pick(letters)),
      () => (out[at] = random.pick(letters)),
    ])()
  }
  return out.join('')
}

const pieces = [
  'a', 'b c', ' ', '  ', '\t', 'word', 'x'.repeat(30), '\u00e9', '\u{1F600}', '/', "'", '{', '#', '\u007f', '\u0085', '\u00a0', '\u0001',
]
const escapes = ['\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t', '\\u0041', '\\u00e9', '\\u{1F600}', '\\u{9}', '\\uD83D\\uDE00', '\\u0000']

/** A string literal, sometimes a block string. */
export function stringLiteral(random) {
  if (random.chance(0.3)) return blockString(random)
  return `"${random.times(random.below(5), () => random.pick(random.chance(0.3) ? escapes : pieces)).join('')}"`
}

function blockString(random) {
  const inner = random.times(random.below(8), () =>
    random.pick([...pieces, '\n', '\n', '\n  ', '\n    ', '\r\n', '\r', '\n\t', '\\"""', '" ', '"" ', '\\n', '\\ ', '\n\n']))
  let text = inner.join('')
  while (text.endsWith('"') && !text.endsWith('\\"""')) text = text.slice(0, -1)
  if (text.endsWith('\\')) text += '\n'
  return `"""${text}"""`
}
