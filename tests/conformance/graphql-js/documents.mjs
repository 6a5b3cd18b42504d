// Executable documents for a schema: right ones, and ones with the mistakes that the rules look for.
import {
  getNamedType, getNullableType, isCompositeType, isEnumType, isInputObjectType, isInterfaceType, isListType, isNonNullType,
  isObjectType, isInputType, doTypesOverlap, SchemaMetaFieldDef, TypeMetaFieldDef, TypeNameMetaFieldDef,
} from 'graphql'
import { stringLiteral } from './text.mjs'

const wrongNames = ['nam', 'nme', 'dogg', 'ags', 'unknown', 'idd', 'Int', 'x', '__typenam', 'valu', 'lists', 'autho', 'articles_aggregat', 'first']
const wrongTypes = ['Dogg', 'Unknown', 'Strin', 'Int', 'Cats', 'autor', 'IntBo', 'In', 'Lookup', 'FurColor', 'Boolean']

export class DocumentMaker {
  /** `errors`: probability of a mistake at each place where one can be made. */
  constructor(random, schema, errors) {
    this.random = random
    this.schema = schema
    this.errors = errors
    this.types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__'))
    this.composites = this.types.filter(isCompositeType)
    this.inputs = this.types.filter(isInputType)
    this.fragments = []
    this.reached = new Set()  // fragments that an operation uses
    this.arguments = new Map()
    this.aliases = 0
    this.budget = 60
  }

  wrong() {
    return this.random.chance(this.errors)
  }

  /** Tokens of one document. */
  document() {
    const { random } = this
    this.variables = random.times(random.below(4), (i) => ({ name: `v${i}`, type: this.inputType() }))
    const fragmentCount = random.chance(0.5) ? random.below(4) : 0
    for (let i = 0; i < fragmentCount; i++) {
      this.fragments.push({ name: this.wrong() && i > 0 ? 'F0' : `F${i}`, on: random.pick(this.composites), uses: new Set(), spreads: new Set() })
    }
    const fragmentTokens = this.fragments.map((fragment, i) => this.fragment(fragment, i))
    const operationCount = random.chance(0.8) ? 1 : 1 + random.below(3)
    const definitions = random.times(operationCount, (i) => this.operation(i, operationCount))
    const isUsed = (fragment) => this.errors > 0 || this.reached.has(fragment)
    definitions.splice(random.below(definitions.length + 1), 0, ...fragmentTokens.filter((_, i) => isUsed(this.fragments[i])))
    if (random.chance(this.errors / 3)) {
      definitions.splice(random.below(definitions.length + 1), 0, random.pick([
        ['type', 'Extra', '{', 'a', ':', 'Int', '}'], ['extend', 'type', 'Dog', '{', 'c', ':', 'Int', '}'], ['scalar', 'Odd'],
        ['schema', '{', 'query', ':', 'Extra', '}'], ['extend', 'schema', '@a'], ['directive', '@', 'skipp', 'on', 'FIELD'],
        ['enum', 'Unknown', '{', 'A', '}'], ['union', 'Nope', '=', 'Dog'], ['input', 'NewIn', '{', 'a', ':', 'NewIn', '}'],
        ['interface', 'Zero', '{', 'a', ':', 'Odd', '}'],
      ]))
    }
    return definitions.flat()
  }

  operation(index, count) {
    const { random } = this
    const roots = [['query', this.schema.getQueryType()], ['mutation', this.schema.getMutationType()], ['subscription', this.schema.getSubscriptionType()]]
    let [kind, type] = random.pick(roots.filter(([, root]) => root || this.wrong()))
    if (random.chance(0.4)) [kind, type] = roots[0]
    this.current = { uses: new Set(), spreads: new Set() }
    const directives = this.directives(kind.toUpperCase())
    const body = this.selectionSet(type ?? this.schema.getQueryType(), 0, this.fragments, kind === 'subscription' && !this.wrong())
    const used = this.closure(this.current)
    const isNamed = count > 1 ? !this.wrong() : random.chance(0.6)
    const definitions = this.variableDefinitions(used)
    if (kind === 'query' && !isNamed && definitions.length === 0 && directives.length === 0 && random.chance(0.5)) return body
    const description = random.chance(0.03) ? [stringLiteral(random)] : []
    const name = isNamed ? [this.wrong() ? 'Q0' : `Q${index}`] : []
    return [...description, kind, ...name, ...definitions, ...directives, ...body]
  }

  /** All variables that an operation and the fragments behind it use. */
  closure(start) {
    const used = new Set(start.uses)
    const todo = [...start.spreads]
    const seen = new Set()
    while (todo.length > 0) {
      const fragment = todo.pop()
      if (seen.has(fragment)) continue
      seen.add(fragment)
      this.reached.add(fragment)
      fragment.uses.forEach((name) => used.add(name))
      todo.push(...fragment.spreads)
    }
    return used
  }

  variableDefinitions(used) {
    const { random } = this
    const out = []
    for (const variable of this.variables) {
      const isDefined = used.has(variable.name) ? !this.wrong() : this.wrong()
      if (!isDefined) continue
      for (let copies = this.wrong() && random.chance(0.3) ? 2 : 1; copies > 0; copies--) out.push(...this.variableDefinition(variable))
    }
    if (this.wrong() && random.chance(0.3)) out.push('$', 'unused', ':', 'Int')
    return out.length > 0 ? ['(', ...out, ')'] : []
  }

  variableDefinition({ name, type }) {
    const { random } = this
    let text = String(type)
    let given = type
    if (this.wrong()) {
      given = this.inputType()
      text = random.chance(0.5) ? random.pick([...wrongTypes, ...this.composites.map((each) => `[${each.name}]`)]) : String(given)
    }
    const description = random.chance(0.02) ? ['"described"'] : []
    const value = random.chance(0.25) ? ['=', ...this.value(given, true)] : []
    return [...description, '$', name, ':', ...text.split(/([[\]!])/).filter(Boolean), ...value, ...this.directives('VARIABLE_DEFINITION')]
  }

  inputType() {
    const { random } = this
    let type = random.pick(this.inputs).name
    if (random.chance(0.3)) type += '!'
    while (random.chance(0.3)) type = random.chance(0.4) ? `[${type}]!` : `[${type}]`
    return this.typeOf(type)
  }

  typeOf(text) {
    const list = /^\[(.*)\](!?)$/.exec(text)
    if (list) return { text, list: this.typeOf(list[1]), isRequired: list[2] === '!', toString: () => text }
    return { text, named: this.schema.getType(text.replace('!', '')), isRequired: text.endsWith('!'), toString: () => text }
  }

  fragment(fragment, index) {
    this.current = fragment
    const later = this.wrong() ? this.fragments : this.fragments.slice(index + 1)
    const directives = this.directives('FRAGMENT_DEFINITION')
    const body = this.selectionSet(fragment.on, 1, later, false)
    const on = this.wrong() ? this.random.pick(wrongTypes) : fragment.on.name
    return ['fragment', fragment.name, 'on', on, ...directives, ...body]
  }

  selectionSet(type, depth, fragments, isSingle) {
    const { random } = this
    const count = isSingle ? 1 : 1 + random.below(depth > 4 ? 2 : 5)
    const out = random.times(count, () => this.selection(type, depth, fragments, isSingle))
    return ['{', ...out.flat(), '}']
  }

  selection(type, depth, fragments, isSingle) {
    const { random } = this
    this.budget--
    if (random.chance(0.2) && !isSingle && depth < 6 && this.budget > 0) {
      return random.chance(0.5) && fragments.length > 0 ? this.spread(type, fragments) : this.inline(type, depth, fragments)
    }
    return this.field(type, depth, fragments, isSingle)
  }

  spread(type, fragments) {
    const { random } = this
    const fitting = fragments.filter((each) => doTypesOverlap(this.schema, type, each.on))
    const fragment = random.pick(this.wrong() || fitting.length === 0 ? fragments : fitting)
    if (fitting.length === 0 && !this.wrong()) return ['__typename']
    this.current.spreads.add(fragment)
    const name = this.wrong() && random.chance(0.5) ? 'Missing' : fragment.name
    return ['...', name, ...this.directives('FRAGMENT_SPREAD')]
  }

  inline(type, depth, fragments) {
    const { random } = this
    const fitting = this.composites.filter((each) => doTypesOverlap(this.schema, type, each))
    const on = random.chance(0.2) || fitting.length === 0 ? type : random.pick(this.wrong() ? this.composites : fitting)
    const condition = on === type && random.chance(0.5) ? [] : ['on', this.wrong() && random.chance(0.3) ? random.pick(wrongTypes) : on.name]
    return ['...', ...condition, ...this.directives('INLINE_FRAGMENT'), ...this.selectionSet(on, depth + 1, fragments, false)]
  }

  fieldsOf(type) {
    const own = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : []
    return own.length === 0 || this.random.chance(0.06) ? [...own, TypeNameMetaFieldDef] : own
  }

  field(type, depth, fragments, isSingle) {
    const { random } = this
    let fields = this.fieldsOf(type)
    if (type === this.schema.getQueryType() && random.chance(0.05)) fields = [SchemaMetaFieldDef, TypeMetaFieldDef]
    if (depth > 5 || this.budget < 0) {
      const leaves = fields.filter((each) => !isCompositeType(getNamedType(each.type)) && each.args.every((arg) => !isNonNullType(arg.type)))
      fields = leaves.length > 0 ? leaves : [TypeNameMetaFieldDef]
    }
    if (isSingle) fields = Object.values(type.getFields())
    const field = random.pick(fields)
    const alias = random.chance(0.15) ? [this.errors > 0 ? random.pick(['a', 'b', 'c', field.name, random.pick(fields).name]) : `own${this.aliases++}`, ':'] : []
    const name = this.wrong() ? random.pick(wrongNames) : field.name
    const named = getNamedType(field.type)
    const hasBody = isCompositeType(named) ? !this.wrong() : this.wrong()
    const body = hasBody ? this.selectionSet(isCompositeType(named) ? named : type, depth + 1, fragments, false) : []
    return [...alias, name, ...this.argumentsOf(`${type.name}.${field.name}`, field.args), ...this.directives('FIELD'), ...body]
  }

  /** The same field mostly has the same arguments, or most documents would conflict. */
  argumentsOf(key, definitions) {
    const known = this.arguments.get(key)
    if (known && !this.wrong()) {
      known.uses.forEach((name) => this.current.uses.add(name))
      return known.tokens
    }
    const before = this.current.uses
    this.current.uses = new Set()
    const tokens = this.someArguments(definitions)
    this.arguments.set(key, { tokens, uses: this.current.uses })
    before.forEach((name) => this.current.uses.add(name))
    return tokens
  }

  someArguments(definitions, isConst = false) {
    const { random } = this
    const out = []
    for (const each of definitions) {
      const isRequired = isNonNullType(each.type) && each.defaultValue === undefined
      if (!(isRequired ? !this.wrong() : random.chance(0.3))) continue
      const name = this.wrong() ? random.pick(wrongNames) : each.name
      for (let copies = this.wrong() && random.chance(0.2) ? 2 : 1; copies > 0; copies--) out.push(name, ':', ...this.value(each.type, isConst))
    }
    if (this.wrong() && random.chance(0.3)) out.push(random.pick(wrongNames), ':', '1')
    return out.length > 0 ? ['(', ...out, ')'] : []
  }

  directives(location) {
    const { random } = this
    if (!random.chance(0.06 + this.errors)) return []
    const all = this.schema.getDirectives()
    const fitting = all.filter((each) => each.locations.includes(location))
    const candidates = this.wrong() ? all : fitting
    if (candidates.length === 0) return []
    const isConst = location === 'VARIABLE_DEFINITION'
    const chosen = random.pick(candidates)
    const count = (chosen.isRepeatable && random.chance(0.5)) || this.wrong() ? 2 : 1
    return random.times(count, () => ['@', this.wrong() && random.chance(0.3) ? 'unknown' : chosen.name, ...this.someArguments(chosen.args, isConst)]).flat()
  }

  /** A variable that fits, if any. */
  variableFor(type) {
    const text = String(type)
    const fitting = this.variables.filter((each) => {
      const own = String(each.type)
      return this.wrong() || own === text || own === `${text}!` || (text.endsWith('!') ? false : own.replace(/!$/, '') === text)
    })
    return fitting.length > 0 ? this.random.pick(fitting) : undefined
  }

  /** `type` is a type of graphql-js, or one of typeOf(). */
  value(type, isConst, depth = 0) {
    const { random } = this
    if (!isConst && random.chance(0.25)) {
      const variable = this.variableFor(type)
      if (variable) {
        this.current.uses.add(variable.name)
        return ['$', variable.name]
      }
      if (this.wrong()) return ['$', 'undefined']
    }
    if (this.wrong() && random.chance(0.5)) return this.wrongValue()
    const isRequired = type.isRequired ?? isNonNullType(type)
    if (isRequired ? this.wrong() && random.chance(0.3) : random.chance(0.06)) return ['null']
    const nullable = type.text === undefined ? getNullableType(type) : type
    const item = nullable.list ?? (isListType(nullable) ? nullable.ofType : undefined)
    if (item !== undefined) {
      if (random.chance(0.25)) return this.value(item, isConst, depth + 1)
      return ['[', ...random.times(random.below(depth > 2 ? 2 : 3), () => this.value(item, isConst, depth + 1)).flat(), ']']
    }
    return this.namedValue(nullable.named ?? nullable, isConst, depth)
  }

  namedValue(type, isConst, depth) {
    const { random } = this
    if (isEnumType(type)) return [this.wrong() ? random.pick(['SITT', 'brown', 'as', 'UNKNOWN']) : random.pick(type.getValues()).name]
    if (isInputObjectType(type)) return this.objectValue(type, isConst, depth)
    switch (type?.name) {
      case 'Int': return [random.pick(['0', '1', '-7', '2147483647', '-2147483648', ...(this.wrong() ? ['2147483648', '1.0', '99999999999'] : [])])]
      case 'Float': return [random.pick(['0', '1.5', '-2e3', '1E-2', '12345678901', '0.000001'])]
      case 'Boolean': return [random.pick(['true', 'false'])]
      case 'ID': return [random.pick(['1', '"x"', '"12"', '-3'])]
      case 'String': return [stringLiteral(random)]
      default: return random.chance(0.2) ? ['{', 'a', ':', '[', '1', ']', '}'] : [random.pick(['1', '"x"', 'true', 'E', '1.5'])]
    }
  }

  objectValue(type, isConst, depth) {
    const { random } = this
    const fields = Object.values(type.getFields())
    const out = []
    const add = (field) => {
      const name = this.wrong() ? random.pick(wrongNames) : field.name
      for (let copies = this.wrong() && random.chance(0.3) ? 2 : 1; copies > 0; copies--) out.push(name, ':', ...this.value(field.type, isConst, depth + 1))
    }
    if (type.isOneOf && !this.wrong()) {
      const field = random.pick(fields)
      const value = this.value(this.typeOf(`${field.type}!`), isConst, depth + 1)
      return ['{', field.name, ':', ...(value[0] === 'null' ? ['"x"'] : value), '}']
    }
    for (const field of fields) {
      const isRequired = isNonNullType(field.type) && field.defaultValue === undefined
      if (isRequired ? !this.wrong() : depth < 4 && random.chance(0.35)) add(field)
    }
    return ['{', ...out, '}']
  }

  wrongValue() {
    const { random } = this
    return random.pick([
      ['1'], ['-1.5'], ['9999999999'], ['1e400'], ['true'], ['"text"'], ['"""block"""'], ['null'], ['ENUM'], ['SIT'], ['[', ']'], ['[', '1', '"a"', 'null', ']'], ['{', '}'],
      ['{', 'a', ':', '1', '}'], ['{', 'name', ':', 'null', '}'], ['{', 'id', ':', '1', 'name', ':', '"a"', '}'], ['[', '[', '1', ']', ']'], ['"2020-01-01"'],
    ])
  }
}

