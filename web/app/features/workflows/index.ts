export { default as WorkflowsView } from './WorkflowsView.vue'
export { default as WorkflowView } from './WorkflowView.vue'
