export { default as AppsView } from './AppsView.vue'
export { default as AppView } from './AppView.vue'
