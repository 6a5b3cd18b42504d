// node compare.mjs <server with filters> <oracle of each role...>, the plan on standard input: sends random queries to both,
// ten in a batch, and compares the answers as text.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'

const { model, count, seed, roles } = JSON.parse(readFileSync(0, 'utf8'))
const [ours, ...oracles] = process.argv.slice(2)
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
  query() {
    const table = this.pick(Object.keys(model.columns))
    const kind = this.random()
    if (kind < 0.1) return `{ ${table}_by_pk(id: ${this.below(45)}) ${this.selection(table, 2)} }`
    if (kind < 0.3) return `{ ${table}_aggregate${this.args(table, 2)} ${this.aggregate(table)} }`
    return `{ ${table}${this.args(table, 3)} ${this.selection(table, 2)} }`
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

const random = generator(seed)
let done = 0
let different = 0
let errors = 0
let bytes = 0
async function worker() {
  while (done < count) {
    const role = roles[done % roles.length]
    const queries = new Queries(random, role)
    const batch = Array.from({ length: Math.min(10, count - done) }, () => ({ query: queries.query() }))
    done += batch.length
    const headers = { 'x-hasura-role': role, 'x-hasura-user-id': String(1 + queries.below(30)), 'x-hasura-org-id': String(1 + queries.below(5)) }
    const body = JSON.stringify(batch)
    const [mine, theirs] = await Promise.all([post(ours, headers, body), post(oracles[roles.indexOf(role)], headers, body)])
    bytes += mine.length
    errors += mine.split('"errors":').length - 1
    if (mine === theirs) continue
    const [a, b] = [JSON.parse(mine), JSON.parse(theirs)]
    batch.forEach(({ query }, i) => {
      if (JSON.stringify(a[i]) === JSON.stringify(b[i])) return
      if (++different <= 5) console.log(`${JSON.stringify(headers)}\n${query}\n  filters: ${JSON.stringify(a[i]).slice(0, 400)}\n  oracle:  ${JSON.stringify(b[i]).slice(0, 400)}`)
    })
  }
}
await Promise.all(Array.from({ length: 8 }, worker))
agent.destroy()
// A generator that only makes refused or empty queries would compare nothing.
const isWorthIt = errors < count * 0.05 && bytes > count * 40
if (!isWorthIt) console.log(`${errors} of ${count} queries were refused, ${Math.round(bytes / count)} bytes an answer: that compares nothing`)
console.log(`seed ${seed}: ${count} queries, ${errors} refused, ${Math.round(bytes / count)} bytes an answer, ${different} differences`)
console.log(`${count - different} passed, ${different + (isWorthIt ? 0 : 1)} failed`)
process.exit(different || !isWorthIt ? 1 : 0)
