export { default as ApprovalsView } from './ApprovalsView.vue'
export { default as ApproveView } from './ApproveView.vue'
