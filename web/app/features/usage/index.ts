export { default as UsageView } from './UsageView.vue'
