export { default as ThemeButton } from './ThemeButton.vue'
export { default as TokensView } from './TokensView.vue'
