// Documents of any kind by the grammar alone, type system included. Names mean nothing.
import { stringLiteral } from './text.mjs'

const names = ['a', 'b', 'Type', 'on', 'query', 'fragment', 'type', 'input', 'true', 'null', 'extend', '_x1', 'implements', 'repeatable', 'schema', 'longerNameThanOthers']
const locations = ['FIELD', 'QUERY', 'OBJECT', 'VARIABLE_DEFINITION', 'FRAGMENT_SPREAD', 'INPUT_FIELD_DEFINITION', 'SCHEMA']

export class SyntaxMaker {
  constructor(random) {
    this.random = random
  }

  document() {
    return this.random.times(1 + this.random.below(3), () => this.definition()).flat()
  }

  name() {
    return this.random.pick(names)
  }

  nameExcept(...wrong) {
    return this.random.pick(names.filter((each) => !wrong.includes(each)))
  }

  maybe(probability, make) {
    return this.random.chance(probability) ? make() : []
  }

  many(limit, make) {
    return this.random.times(1 + this.random.below(limit), make).flat()
  }

  description() {
    return this.maybe(0.2, () => [stringLiteral(this.random)])
  }

  /** Where the reference does not take one. */
  rareDescription() {
    return this.maybe(0.1, () => this.description())
  }

  definition() {
    const { random } = this
    return random.pick([
      () => this.selectionSet(0),
      () => this.operation(),
      () => this.operation(),
      () => [...this.rareDescription(), 'fragment', this.nameExcept('on'), 'on', this.name(), ...this.directives(false), ...this.selectionSet(0)],
      () => this.typeDefinition(),
      () => this.typeDefinition(),
      () => this.extension(),
      () => [...this.description(), 'directive', '@', this.name(), ...this.inputValues('(', ')'), ...this.maybe(0.3, () => ['repeatable']), 'on',
        ...this.delimited('|', () => random.pick(locations))],
    ])()
  }

  operation() {
    const variables = this.maybe(0.4, () => ['(', ...this.many(3, () => [...this.rareDescription(), '$', this.name(), ':', ...this.type(0),
      ...this.maybe(0.4, () => ['=', ...this.value(true, 0)]), ...this.directives(true)]), ')'])
    return [...this.rareDescription(), this.random.pick(['query', 'mutation', 'subscription']), ...this.maybe(0.6, () => [this.name()]), ...variables,
      ...this.directives(false), ...this.selectionSet(0)]
  }

  selectionSet(depth) {
    return ['{', ...this.many(4, () => this.selection(depth + 1)), '}']
  }

  selection(depth) {
    const { random } = this
    const kind = random.next()
    if (kind < 0.1) return ['...', this.nameExcept('on'), ...this.directives(false)]
    if (kind < 0.2) return ['...', ...this.maybe(0.7, () => ['on', this.name()]), ...this.directives(false), ...(depth < 4 ? this.selectionSet(depth) : ['{', 'a', '}'])]
    return [...this.maybe(0.2, () => [this.name(), ':']), this.name(), ...this.arguments(false), ...this.directives(false),
      ...(depth < 4 ? this.maybe(0.3, () => this.selectionSet(depth)) : [])]
  }

  arguments(isConst) {
    return this.maybe(0.3, () => ['(', ...this.many(4, () => [this.name(), ':', ...this.value(isConst, 0)]), ')'])
  }

  directives(isConst) {
    return this.maybe(0.15, () => this.many(2, () => ['@', this.name(), ...this.arguments(isConst)]))
  }

  value(isConst, depth) {
    const { random } = this
    if (depth < 3 && random.chance(0.2)) return ['[', ...random.times(random.below(4), () => this.value(isConst, depth + 1)).flat(), ']']
    if (depth < 3 && random.chance(0.2)) return ['{', ...random.times(random.below(4), () => [this.name(), ':', ...this.value(isConst, depth + 1)]).flat(), '}']
    if (!isConst && random.chance(0.2)) return ['$', this.name()]
    return [random.pick(['0', '-12', '1.5', '1e-7', '-0.0E+3', this.name(), 'false', 'ENUM', stringLiteral(random), stringLiteral(random)])]
  }

  type(depth) {
    const inner = depth < 3 && this.random.chance(0.3) ? ['[', ...this.type(depth + 1), ']'] : [this.name()]
    return [...inner, ...this.maybe(0.3, () => ['!'])]
  }

  delimited(delimiter, make) {
    const rest = this.random.times(this.random.below(3), () => [delimiter, make()])
    return [...this.maybe(0.2, () => [delimiter]), make(), ...rest.flat()]
  }

  inputValues(open, close) {
    return this.maybe(0.5, () => [open, ...this.many(3, () => [...this.description(), this.name(), ':', ...this.type(0),
      ...this.maybe(0.3, () => ['=', ...this.value(true, 0)]), ...this.directives(true)]), close])
  }

  fields() {
    return this.maybe(0.8, () => ['{', ...this.many(4, () => [...this.description(), this.name(), ...this.inputValues('(', ')'), ':', ...this.type(0),
      ...this.directives(true)]), '}'])
  }

  roots() {
    return ['{', ...this.many(3, () => [this.random.pick(['query', 'mutation', 'subscription']), ':', this.name()]), '}']
  }

  interfaces() {
    return this.maybe(0.3, () => ['implements', ...this.delimited('&', () => this.name())])
  }

  enumValues() {
    return this.maybe(0.8, () => ['{', ...this.many(3, () => [...this.description(), this.nameExcept('true', 'null'), ...this.directives(true)]), '}'])
  }

  typeBody() {
    return this.random.pick([
      () => ['scalar', this.name(), ...this.directives(true)],
      () => ['type', this.name(), ...this.interfaces(), ...this.directives(true), ...this.fields()],
      () => ['interface', this.name(), ...this.interfaces(), ...this.directives(true), ...this.fields()],
      () => ['union', this.name(), ...this.directives(true), ...this.maybe(0.8, () => ['=', ...this.delimited('|', () => this.name())])],
      () => ['enum', this.name(), ...this.directives(true), ...this.enumValues()],
      () => ['input', this.name(), ...this.directives(true), ...this.inputValues('{', '}')],
    ])()
  }

  typeDefinition() {
    const schema = () => ['schema', ...this.directives(true), ...this.roots()]
    return [...this.description(), ...(this.random.chance(0.15) ? schema() : this.typeBody())]
  }

  /** May say nothing, which is an error. */
  extension() {
    const schema = () => ['schema', ...this.directives(true), ...this.maybe(0.6, () => this.roots())]
    return ['extend', ...(this.random.chance(0.2) ? schema() : this.typeBody())]
  }
}
