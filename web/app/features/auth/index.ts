export { default as ClaimView } from './ClaimView.vue'
export { default as LoginView } from './LoginView.vue'
export { default as UserMenu } from './UserMenu.vue'
