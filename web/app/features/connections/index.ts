export { default as ConnectionsView } from './ConnectionsView.vue'
