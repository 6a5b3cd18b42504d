// Runs before the first paint, so that a dark page never flashes white. The app keeps the choice (app/shared/theme.ts).
(function () {
  var choice = null
  try { choice = localStorage.getItem('weft.theme') } catch { /* storage may be switched off */ }
  var dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
