import { createVuetify, type ThemeDefinition } from 'vuetify'
import { aliases, mdi } from 'vuetify/iconsets/mdi-svg'

// Colours by role. "indigo" is the dye; running is kept apart from it so that a state never looks like a button.
const light: ThemeDefinition = {
  dark: false,
  colors: {
    background: '#f6f7f9', surface: '#ffffff', sunken: '#f1f3f6', line: '#e1e5eb', muted: '#5a6474',
    primary: '#34489c', 'on-primary': '#ffffff',
    success: '#17763f', error: '#b3261e', warning: '#8a5800', info: '#0b6699',
    'on-surface': '#1a2030', 'on-background': '#1a2030',
  },
}
const dark: ThemeDefinition = {
  dark: true,
  colors: {
    background: '#0f1217', surface: '#161a21', sunken: '#1c212a', line: '#2a313d', muted: '#9aa5b8',
    primary: '#a3b3ff', 'on-primary': '#141b3d',
    success: '#5fc98b', error: '#ff8a80', warning: '#e6b455', info: '#62b8ee',
    'on-surface': '#e4e8f0', 'on-background': '#e4e8f0',
  },
}

const field = { variant: 'outlined', density: 'compact', hideDetails: 'auto', color: 'primary' } as const

export default defineNuxtPlugin((nuxt) => {
  const dataTheme = document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'
  nuxt.vueApp.use(
    createVuetify({
      theme: { defaultTheme: dataTheme, themes: { light, dark } },
      icons: { defaultSet: 'mdi', aliases, sets: { mdi } },
      defaults: {
        VBtn: { variant: 'flat', density: 'comfortable', rounded: 'md', size: 'default' },
        VTextField: field, VTextarea: field, VSelect: field, VCombobox: field, VAutocomplete: field,
        VDialog: { maxWidth: 560, scrim: 'black', opacity: 0.4 },
        VList: { density: 'compact' },
        VTabs: { density: 'compact', color: 'primary' },
        VSwitch: { density: 'compact', color: 'primary', hideDetails: true, inset: true },
        VMenu: { offset: 4 },
      },
    }),
  )
})
