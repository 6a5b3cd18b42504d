// node compare.mjs <engine>, the plan on standard input: sends random requests to the engine and to the oracle of the role that
// asks, ten in a batch. Answers must be the same; or, where the request names what the role may not see, the engine must refuse it.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'

// `oracles`: of each role two, without and with the backend's grants.
const { model, count, seed, oracles } = JSON.parse(readFileSync(0, 'utf8'))
const roles = Object.keys(oracles)
const ours = process.argv[2]
const agent = new Agent({ keepAlive: true, maxSockets: 16 })

/** mulberry32: the seed makes the run repeatable. */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
const numbers = new Set(['id', 'org_id', 'owner_id', 'project_id', 'assignee_id', 'parent_id', 'task_id', 'author_id', 'points', 'budget'])
const booleans = new Set(['is_open', 'is_public', 'is_archived', 'is_done'])

class Queries {
  constructor(random, role) {
    this.random = random
    this.role = role
  }
  below(n) {
    return Math.floor(this.random() * n)
  }
  chance(p) {
    return this.random() < p
  }
  pick(list) {
    return list[this.below(list.length)]
  }
  columns(table) {
    const hidden = model.hidden[`${this.role}.${table}`] ?? []
    return model.columns[table].filter((column) => !hidden.includes(column))
  }
  objects(table) {
    return model.objects.filter(([start]) => start === table).map(([, name]) => ({ name, remote: model.remote[name] }))
  }
  arrays(table) {
    return model.arrays.filter(([start]) => start === table).map(([, name, remote]) => ({ name, remote }))
  }
  value(column) {
    if (booleans.has(column)) return String(this.chance(0.5))
    if (numbers.has(column)) return String(this.below(40))
    if (column === 'balance') return String(this.below(50))
    return JSON.stringify(this.pick(['org 2', 'account 3', 'project 4', 'task 5', 'note 3', 'note 7', '%1%', 'nothing']))
  }
  comparison(column) {
    if (this.chance(0.15)) return `{_is_null: ${this.chance(0.5)}}`
    if (this.chance(0.2)) return `{${this.pick(['_in', '_nin'])}: [${Array.from({ length: this.below(4) }, () => this.value(column)).join(', ')}]}`
    const isText = !booleans.has(column) && !numbers.has(column) && column !== 'balance'
    return `{${this.pick(['_eq', '_neq', '_gt', '_lte', ...(isText ? ['_like', '_ilike', '_nlike'] : [])])}: ${this.value(column)}}`
  }
  where(table, depth) {
    const kind = this.random()
    if (depth > 0 && kind < 0.15) return `{_and: [${this.where(table, depth - 1)}, ${this.where(table, depth - 1)}]}`
    if (depth > 0 && kind < 0.3) return `{_or: [${this.where(table, depth - 1)}, ${this.where(table, depth - 1)}]}`
    if (depth > 0 && kind < 0.4) return `{_not: ${this.where(table, depth - 1)}}`
    const relations = [...this.objects(table), ...this.arrays(table)]
    if (depth > 0 && kind < 0.65 && relations.length > 0) {
      const { name, remote } = this.pick(relations)
      return `{${name}: ${this.where(remote, depth - 1)}}`
    }
    const arrays = this.arrays(table)
    if (depth > 0 && kind < 0.75 && arrays.length > 0) {
      const { name, remote } = this.pick(arrays)
      const filter = this.chance(0.5) ? `filter: ${this.where(remote, depth - 1)}, ` : ''
      return `{${name}_aggregate: {count: {${filter}predicate: {${this.pick(['_eq', '_gt', '_lt'])}: ${this.below(5)}}}}}`
    }
    if (kind > 0.97) return '{}'
    const column = this.pick(this.columns(table))
    return `{${column}: ${this.comparison(column)}}`
  }
  direction() {
    return this.pick(['asc', 'desc', 'asc_nulls_first', 'desc_nulls_last'])
  }
  order(table, depth) {
    const kind = this.random()
    const objects = this.objects(table)
    if (depth > 0 && kind < 0.35 && objects.length > 0) {
      const { name, remote } = this.pick(objects)
      return `{${name}: ${this.order(remote, depth - 1)}}`
    }
    const arrays = this.arrays(table)
    if (kind < 0.55 && arrays.length > 0) {
      const { name, remote } = this.pick(arrays)
      if (this.chance(0.5)) return `{${name}_aggregate: {count: ${this.direction()}}}`
      return `{${name}_aggregate: {${this.pick(['max', 'min'])}: {${this.pick(this.columns(remote).filter((c) => !booleans.has(c)))}: ${this.direction()}}}}`
    }
    return `{${this.pick(this.columns(table))}: ${this.direction()}}`
  }
  args(table, depth) {
    const out = []
    if (this.chance(0.6)) out.push(`where: ${this.where(table, depth)}`)
    // The key last: without a total order two right answers may differ.
    if (this.chance(0.2)) {
      const column = this.pick(this.columns(table))
      out.push(`distinct_on: ${column}, order_by: [{${column}: ${this.direction()}}, {id: asc}]`)
    } else {
      out.push(`order_by: [${this.chance(0.6) ? this.order(table, 2) + ', ' : ''}{id: asc}]`)
    }
    if (this.chance(0.4)) out.push(`limit: ${this.below(8)}`)
    if (this.chance(0.2)) out.push(`offset: ${this.below(4)}`)
    return `(${out.join(', ')})`
  }
  aggregate(table) {
    const numeric = this.columns(table).filter((column) => numbers.has(column) || column === 'balance')
    const parts = ['count']
    if (this.chance(0.4)) parts.push(`some: count(columns: ${this.pick(this.columns(table))}, distinct: ${this.chance(0.5)})`)
    if (this.chance(0.4)) parts.push(`${this.pick(['sum', 'avg', 'max', 'min'])} { ${this.pick(numeric)} }`)
    return `{ aggregate { ${parts.join(' ')} } ${this.chance(0.4) ? `nodes ${this.selection(table, 1)}` : ''} }`
  }
  selection(table, depth) {
    const out = ['id', ...this.columns(table).filter(() => this.chance(0.4))]
    if (depth > 0) {
      for (const { name, remote } of this.objects(table)) if (this.chance(0.35)) out.push(`${name} ${this.selection(remote, depth - 1)}`)
      for (const { name, remote } of this.arrays(table)) {
        if (this.chance(0.25)) out.push(`${name}${this.args(remote, 1)} ${this.selection(remote, depth - 1)}`)
        if (this.chance(0.15)) out.push(`${name}_aggregate${this.args(remote, 1)} ${this.aggregate(remote)}`)
      }
    }
    return `{ ${out.join(' ')} }`
  }
  /** Does the role see this root field? `roots`: query_roots or subscription_roots. */
  sees(roots, table, form) {
    return (model[roots][`${this.role}.${table}`] ?? [form]).includes(form)
  }
  root(table, form) {
    if (form === 'select_by_pk') return `${table}_by_pk(id: ${this.below(45)}) ${this.selection(table, 2)}`
    if (form === 'select_aggregate') return `${table}_aggregate${this.args(table, 2)} ${this.aggregate(table)}`
    if (form === 'select_stream') return `${table}_stream(batch_size: 5, cursor: [{initial_value: {id: 0}}]) ${this.selection(table, 1)}`
    return `${table}${this.args(table, 3)} ${this.selection(table, 2)}`
  }
  query() {
    const table = this.pick(Object.keys(model.columns))
    const kind = this.random()
    const form = kind < 0.1 ? 'select_by_pk' : kind < 0.3 ? 'select_aggregate' : 'select'
    if (!this.sees('query_roots', table, form)) return this.query()
    if (form !== 'select_by_pk' || !model.heirs.includes(this.role)) return { query: `{ ${this.root(table, form)} }` }
    // The oracle of a role that inherits has views, which have no key.
    const [id, key, selection] = [this.below(45), `${table}_by_pk`, this.selection(table, 2)]
    const oracle = `{ ${key}: ${table}(where: {id: {_eq: ${id}}}, limit: 1) ${selection} }`
    return { query: `{ ${key}(id: ${id}) ${selection} }`, oracle, key }
  }
  /** At most one row, and nothing changes: answers stay comparable, and nobody waits for two rows. */
  update(table, column, selection) {
    const id = 1 + this.below(45)
    if (this.chance(0.5)) return `mutation { update_${table}_by_pk(pk_columns: {id: ${id}}, _inc: {${column}: 0}) ${selection} }`
    const where = `{_and: [{id: {_eq: ${id}}}, ${this.where(table, 2)}]}`
    return `mutation { update_${table}(where: ${where}, _inc: {${column}: 0}) { affected_rows returning ${selection} } }`
  }
  mutation(isBackend) {
    const [table, column] = this.pick([['task', 'points'], ['project', 'budget']])
    const isWriter = isBackend && `${this.role}.${table}` in model.writes
    return { query: this.update(table, column, this.selection(table, 1)), expect: isWriter ? 'same' : 'refused' }
  }
  hiddenRoot() {
    const [roots, forms] = this.chance(0.5)
      ? ['query_roots', ['select', 'select_by_pk', 'select_aggregate']]
      : ['subscription_roots', ['select', 'select_by_pk', 'select_aggregate', 'select_stream']]
    const table = this.pick(Object.keys(model.columns))
    const form = this.pick(forms)
    const isShown = this.sees(roots, table, form)
    if (roots === 'query_roots' && isShown) return this.hiddenRoot()
    const query = `${roots === 'query_roots' ? '' : 'subscription '}{ ${this.root(table, form)} }`
    return { query, expect: isShown ? 'subscription' : 'refused' }
  }
  hiddenColumn() {
    const [name, [column]] = this.pick(Object.entries(model.hidden))
    const [role, table] = name.split('.')
    if (role !== this.role) return undefined
    return this.pick([
      `{ ${table} { id ${column} } }`,
      `{ ${table}(where: {_or: [{id: {_eq: 3}}, {${column}: {_gt: 1}}]}) { id } }`,
      `{ ${table}(order_by: [{${column}: asc}, {id: asc}]) { id } }`,
      `{ ${table}(distinct_on: ${column}) { id } }`,
      `{ ${table}_aggregate { aggregate { max { ${column} } } } }`,
      `{ ${table}_aggregate { aggregate { count(columns: ${column}) } } }`,
      `{ task { ${table === 'account' ? 'assignee' : 'project'} { ${column} } } }`,
      `{ task(where: {${table === 'account' ? 'assignee' : 'project'}: {${column}: {_is_null: false}}}) { id } }`,
      `mutation { update_task(where: {id: {_eq: 1}}, _inc: {points: 0}) { returning { ${table === 'account' ? 'assignee' : 'project'} { ${column} } } } }`,
    ])
  }
  hiddenWrite() {
    return this.pick([
      'mutation { insert_task_one(object: {id: 1, project_id: 1, points: 1, is_done: false, title: "mine"}) { id } }',
      'mutation { insert_task(objects: [{id: 1, project_id: 1, points: 1, is_done: false, title: "mine"}]) { affected_rows } }',
      'mutation { update_task_by_pk(pk_columns: {id: 1}, _set: {title: "mine"}) { id } }',
      'mutation { update_task_many(updates: [{where: {id: {_eq: 1}}, _set: {is_done: true}}]) { affected_rows } }',
      'mutation { delete_task_by_pk(id: 1) { id } }',
      'mutation { delete_note(where: {id: {_eq: 1}}) { affected_rows } }',
      ...(this.role === 'worker' ? [] : ['mutation { settle { ok } }', 'mutation { ...f } fragment f on mutation_root { settle { ok } }']),
    ])
  }
  /** A request, and what must become of it. */
  request(isBackend) {
    const kind = this.random()
    if (kind < 0.8) return { ...this.query(), expect: 'same' }
    if (kind < 0.88) return this.mutation(isBackend)
    if (kind < 0.92) return this.hiddenRoot()
    const query = kind < 0.96 ? this.hiddenColumn() : this.hiddenWrite()
    return query === undefined ? this.request(isBackend) : { query, expect: 'refused' }
  }
}

function post(url, headers, body) {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v1/graphql`, { method: 'POST', agent, headers: { 'content-type': 'application/json', ...headers } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part) => (text += part))
      answer.on('end', () => resolve(text))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function isRight(expect, mine, theirs) {
  if (expect === 'same') return JSON.stringify(mine) === JSON.stringify(theirs)
  const code = mine.errors?.[0]?.extensions?.code
  // A subscription that the role may have is for another transport; what it may not see is no part of the schema.
  return !('data' in mine) && code === (expect === 'subscription' ? 'unexpected-payload' : 'validation-failed')
}

const random = generator(seed)
const asked = { same: 0, refused: 0, subscription: 0 }
let done = 0
let different = 0
let errors = 0
let bytes = 0
async function worker() {
  while (done < count) {
    const role = roles[Math.floor(done / 10) % roles.length]
    const queries = new Queries(random, role)
    const isBackend = queries.chance(0.4)
    const batch = Array.from({ length: Math.min(10, count - done) }, () => queries.request(isBackend))
    done += batch.length
    const headers = { 'x-hasura-role': role, 'x-hasura-user-id': String(1 + queries.below(30)), 'x-hasura-org-id': String(1 + queries.below(5)) }
    if (isBackend) headers['x-hasura-use-backend-only-permissions'] = 'true'
    const body = JSON.stringify(batch.map(({ query }) => ({ query })))
    // What must be refused is not for the oracle: its database may well allow it.
    const comparable = JSON.stringify(batch.map(({ query, oracle, expect }) => ({ query: expect === 'same' ? (oracle ?? query) : '{ __typename }' })))
    const oracle = oracles[role][isBackend ? 1 : 0]
    const [mine, theirs] = (await Promise.all([post(ours, headers, body), post(oracle, headers, comparable)])).map((text) => JSON.parse(text))
    batch.forEach(({ query, key, expect }, i) => {
      if (key && theirs[i].data) theirs[i].data[key] = theirs[i].data[key][0] ?? null
      ++asked[expect]
      if (expect === 'same') {
        bytes += JSON.stringify(mine[i]).length
        errors += 'errors' in mine[i] ? 1 : 0
      }
      if (isRight(expect, mine[i], theirs[i])) return
      if (++different <= 5) console.log(`${JSON.stringify(headers)}\n${query}\n  engine: ${JSON.stringify(mine[i]).slice(0, 400)}\n  ${expect === 'same' ? `oracle: ${JSON.stringify(theirs[i]).slice(0, 400)}` : `must be ${expect}`}`)
    })
  }
}
const start = performance.now()
await Promise.all(Array.from({ length: 8 }, worker))
agent.destroy()
const seconds = ((performance.now() - start) / 1000).toFixed(1)
// A generator that only makes refused or empty queries would compare nothing.
const isWorthIt = errors < asked.same * 0.05 && bytes > asked.same * 40 && asked.refused > count * 0.05
if (!isWorthIt) console.log(`${errors} of ${asked.same} queries were refused, ${Math.round(bytes / asked.same)} bytes an answer: that compares nothing`)
console.log(`seed ${seed}: ${count} requests in ${seconds} s: ${asked.same} compared (${errors} errors, ${Math.round(bytes / asked.same)} bytes an answer), ${asked.refused + asked.subscription} to be refused; ${different} differences`)
console.log(`${count - different} passed, ${different + (isWorthIt ? 0 : 1)} failed`)
process.exit(different || !isWorthIt ? 1 : 0)
