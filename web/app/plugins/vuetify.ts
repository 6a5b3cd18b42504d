import { createVuetify } from 'vuetify'
export default defineNuxtPlugin((nuxt) => { nuxt.vueApp.use(createVuetify()) })
