export { default as RecentRuns } from './RecentRuns.vue'
export { default as RunView } from './RunView.vue'
export { default as RunsView } from './RunsView.vue'
export { itemFromQuery } from './loops.logic'
