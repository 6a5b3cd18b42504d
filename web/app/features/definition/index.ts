export { default as InputForm } from './components/InputForm.vue'
export * from './definition.logic'
export { useInput, type InputDoc } from './useInput'
