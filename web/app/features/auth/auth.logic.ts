/** The claim token of an address like `/claim#token=...`; null when there is none. */
export function claimToken(hash: string): string | null {
  const token = new URLSearchParams(hash.replace(/^#/, '')).get('token')
  return token === null || token.trim() === '' ? null : token.trim()
}
