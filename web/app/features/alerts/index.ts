export { default as AlertsView } from './AlertsView.vue'
