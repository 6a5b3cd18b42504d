export const theme_choices = ['system', 'light', 'dark'] as const
export type ThemeChoice = (typeof theme_choices)[number]

const key = 'weft.theme'

/** The kept choice. public/theme.js reads the same key before the first paint. */
export function readChoice(): ThemeChoice {
  try {
    const kept = localStorage.getItem(key)
    return theme_choices.find((c) => c === kept) ?? 'system'
  } catch {
    return 'system'
  }
}

export function keepChoice(choice: ThemeChoice): void {
  try {
    if (choice === 'system') localStorage.removeItem(key)
    else localStorage.setItem(key, choice)
  } catch {
    // Storage may be switched off; the choice then lasts as long as the page.
  }
}

export function nextChoice(choice: ThemeChoice): ThemeChoice {
  const at = theme_choices.indexOf(choice)
  return theme_choices[(at + 1) % theme_choices.length] ?? 'system'
}
