import js from '@eslint/js'
import vue from 'eslint-plugin-vue'
import ts from 'typescript-eslint'
import parser from 'vue-eslint-parser'

const features = ['apps', 'approvals', 'auth', 'connections', 'definition', 'runs', 'settings', 'workflows']

// pages -> features -> ui | shared; a feature reaches another through its index only; nothing reaches up.
function boundary(files, patterns) {
  return { files, rules: { 'no-restricted-imports': ['error', { patterns }] } }
}

export default ts.config(
  { ignores: ['.nuxt/', '.output/', 'dist/', 'node_modules/', 'public/', 'tools/node/'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...vue.configs['flat/recommended'],
  {
    languageOptions: { parser, parserOptions: { parser: ts.parser, extraFileExtensions: ['.vue'], sourceType: 'module' } },
    rules: {
      'no-undef': 'off', // TypeScript knows better
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-console': 'error',
      'eqeqeq': ['error', 'always', { null: 'ignore' }],
      'max-len': ['error', { code: 180, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignorePattern: '^\\s*(<|:|@|\\.)|^\\s*[\'"].*,$|^import ' }],
      'max-lines-per-function': ['error', { max: 110, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/unified-signatures': 'off',
      'vue/no-v-html': 'error',
      'vue/no-v-text': 'error',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/no-static-inline-styles': 'error',
      'vue/multi-word-component-names': 'off',
      // Layout of templates is left to the writer.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/html-indent': 'off',
      'vue/attributes-order': 'off',
      'vue/require-default-prop': 'off',
    },
  },
  { files: ['**/*.vue'], rules: { 'max-lines': ['error', 200] } },
  { files: ['**/*.ts'], rules: { 'max-lines': ['error', 400] } },
  boundary(['app/shared/**'], [{ group: ['~/features/*', '~/ui/*', '~/pages/*'], message: 'shared knows nothing above it.' }]),
  boundary(['app/ui/**'], [
    { group: ['~/features/*', '~/pages/*'], message: 'ui shows what it is given.' },
    { group: ['~/shared/context', '~/shared/load'], message: 'ui never fetches.', allowTypeImports: true },
  ]),
  // Flat config keeps only the last setting of a rule, so each feature names its own ban.
  ...features.map((own) =>
    boundary([`app/features/${own}/**`], [
      { group: ['~/pages/*'], message: 'features know no pages.' },
      { group: features.filter((f) => f !== own).map((f) => `~/features/${f}/*`), message: 'Import a feature from its index only.' },
      { group: [`~/features/${own}`, `~/features/${own}/*`], message: 'Within a feature, import by relative path.' },
    ]),
  ),
  boundary(['app/pages/**', 'app/layouts/**', 'app/app.vue'], [{ group: ['~/features/*/*'], message: 'Import a feature from its index only.' }]),
  { files: ['app/shared/graphql/generated.ts'], rules: { 'max-len': 'off', 'max-lines': 'off' } },
  // Fixtures and tools are not shipped; tests may shape foreign values.
  {
    files: ['dev/**', 'tools/**', '**/*.test.ts', '*.ts', '*.mjs'],
    rules: { '@typescript-eslint/consistent-type-assertions': 'off', '@typescript-eslint/no-non-null-assertion': 'off', 'no-console': 'off', 'max-lines-per-function': 'off', 'max-len': 'off' },
  },
)
