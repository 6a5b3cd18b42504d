// CodeMirror, loaded only where code is shown. Colours come from the theme's variables, so it follows light and dark.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, foldGutter, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, setDiagnostics } from '@codemirror/lint'
import { Compartment, EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'

export type EditorLanguage = 'yaml' | 'json'
export interface EditorMark {
  from: number
  to: number
  message: string
}
export interface Editor {
  setText: (text: string) => void
  setReadonly: (readonly: boolean) => void
  setMarks: (marks: readonly EditorMark[]) => void
  reveal: (at: number) => void
  destroy: () => void
}

const colors = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'rgb(var(--v-theme-primary))', fontWeight: '600' },
  { tag: [tags.string, tags.content], color: 'rgb(var(--v-theme-on-surface))' },
  { tag: [tags.number, tags.bool, tags.atom], color: 'rgb(var(--v-theme-info))' },
  { tag: tags.null, color: 'rgb(var(--v-theme-muted))' },
  { tag: tags.comment, color: 'rgb(var(--v-theme-muted))', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'rgb(var(--v-theme-muted))' },
])

const look = EditorView.theme({
  '&': { fontSize: '12.5px', backgroundColor: 'transparent', height: '100%' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--muted)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'rgba(var(--v-theme-primary), 0.05)' },
  '.cm-content': { caretColor: 'rgb(var(--v-theme-primary))', padding: '10px 0' },
  '.cm-cursor': { borderLeftColor: 'rgb(var(--v-theme-primary))' },
  '&.cm-focused': { outline: 'none' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'rgba(var(--v-theme-primary), 0.18) !important' },
  '.cm-tooltip': { backgroundColor: 'rgb(var(--v-theme-surface))', border: '1px solid var(--line)', borderRadius: '6px' },
})

interface Options {
  parent: HTMLElement
  text: string
  language: EditorLanguage
  readonly: boolean
  label: string
  onChange: (text: string) => void
}

export function createEditor(options: Options): Editor {
  const locked = new Compartment()
  const lockedAs = (readonly: boolean) => [EditorState.readOnly.of(readonly), EditorView.editable.of(!readonly)]
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), lintGutter(),
        // Tab indents; Escape and then Tab leaves the editor, so that the keyboard is never caught.
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        options.language === 'yaml' ? yaml() : json(),
        syntaxHighlighting(colors), look, locked.of(lockedAs(options.readonly)),
        EditorView.contentAttributes.of({ 'aria-label': options.label, tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onChange(update.state.doc.toString())
        }),
      ],
    }),
  })
  return {
    setText: (text) => {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } })
    },
    setReadonly: (readonly) => view.dispatch({ effects: locked.reconfigure(lockedAs(readonly)) }),
    setMarks: (marks) => {
      const end = view.state.doc.length
      const found = marks.map((m) => ({ from: Math.min(m.from, end), to: Math.min(Math.max(m.from, m.to), end), severity: 'error' as const, message: m.message }))
      view.dispatch(setDiagnostics(view.state, found))
    },
    reveal: (at) => {
      const anchor = Math.min(at, view.state.doc.length)
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) })
      view.focus()
    },
    destroy: () => view.destroy(),
  }
}
