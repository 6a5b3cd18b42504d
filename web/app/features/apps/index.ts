export { default as AppsView } from './AppsView.vue'
export { toVersion, type AppVersion } from './apps.logic'
export { default as AppView } from './AppView.vue'
