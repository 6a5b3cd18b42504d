// The schemas that documents are generated for. Together they use every part of the type system.

const pets = `
"""
A world of pets.
Its schema has a description.
"""
schema {
  query: Root
  mutation: Change
  subscription: Events
}

directive @onQuery on QUERY
directive @onMutation on MUTATION
directive @onSubscription on SUBSCRIPTION
directive @onField(weight: Int! = 1, tags: [String!]) on FIELD
directive @onFragment on FRAGMENT_DEFINITION
directive @onSpread on FRAGMENT_SPREAD
directive @onInline on INLINE_FRAGMENT
directive @onVariable on VARIABLE_DEFINITION
directive @many(n: Int) repeatable on FIELD | QUERY | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @needs(x: Int!, of: Traits) on FIELD

"What has a name"
interface Named {
  name(surname: Boolean): String
}

interface Living implements Named {
  name(surname: Boolean): String
  age: Int!
}

interface Pet implements Living & Named {
  name(surname: Boolean): String
  age: Int!
  owner: Human
}

type Dog implements Pet & Living & Named {
  name(surname: Boolean): String
  age: Int!
  owner: Human
  nickname: String
  barks(at: [DogCommand!], loud: Boolean! = true): Boolean
  isHouseTrained(atOtherHomes: Boolean = true): Boolean!
  volume: Int
  friends(first: Int = 10, after: ID): [Pet!]!
}

type Cat implements Pet & Living & Named {
  name(surname: Boolean): String
  age: Int!
  owner: Human
  nickname: String!
  meows: Boolean
  volume: Float
  furColor: FurColor
  friends: [Cat]
}

type Human implements Living & Named {
  name(surname: Boolean): String
  age: Int!
  pets(where: PetFilter, limit: Int): [Pet]
  relatives: [Human!]
  favourite: CatOrDog
  home: Alien
}

type Alien {
  iq: Int
  planet: String @deprecated
  visitors: [HumanOrAlien!]
}

union CatOrDog = Cat | Dog
union HumanOrAlien = Human | Alien
union Anything = Dog | Cat | Human | Alien

"Commands that dogs know"
enum DogCommand {
  SIT
  "Heeling is hard"
  HEEL
  DOWN @deprecated(reason: "Use SIT.")
}

enum FurColor {
  BROWN
  BLACK
  TAN
  SPOTTED
}

scalar Date @specifiedBy(url: "https://example.test/date")
scalar Json

input Traits {
  color: FurColor = BROWN
  weight: Float! = 1.5
  tags: [String!]
  nested: Traits
}

input PetFilter {
  and: [PetFilter!]
  or: [PetFilter!]
  not: PetFilter
  name: StringCompare
  age: IntCompare
  commands: [DogCommand]
}

input StringCompare {
  eq: String
  in: [String!]
  like: String
}

input IntCompare {
  eq: Int
  in: [Int!]
  range: [[Int!]!]
}

input Lookup @oneOf {
  id: ID
  name: String
  traits: Traits
  both: [Int!]
}

input NewPet {
  name: String!
  age: Int!
  born: Date
  extra: Json
  traits: Traits = {color: TAN, tags: ["a", "b"]}
  lookup: Lookup
}

type Root {
  dog(id: ID, name: String): Dog
  cat: Cat
  pet(by: Lookup!): Pet
  pets(where: PetFilter, order: [FurColor!], limit: Int! = 5, offset: Int): [Pet!]!
  human(id: ID!): Human
  alien: Alien
  anything(of: [Anything_kind!]! = [DOG]): [Anything]
  named: Named
  living: Living
  catOrDog: CatOrDog
  humanOrAlien: HumanOrAlien
  complicated(
    int: Int
    nonNullInt: Int!
    string: String
    boolean: Boolean
    float: Float
    id: ID
    list: [String]
    strict: [[Int!]!]!
    enumeration: FurColor
    traits: Traits
    date: Date
    json: Json
  ): String
}

enum Anything_kind {
  DOG
  CAT
  HUMAN
  ALIEN
}

type Change {
  addPet(pet: NewPet!): Pet
  addPets(pets: [NewPet!]!, dry: Boolean = false): [Pet!]
  rename(id: ID!, name: String!): Named
  clear: Boolean!
}

type Events {
  petAdded(where: PetFilter): Pet
  dogBarked: Dog
  tick: Int!
}
`

// Types of the same field differ in every way: lists, non-null, leaves and composites.
const clashes = `
type Query {
  some: Some
  any: Any
  box: Box
  int: IntBox
  string: StringBox
  scalar(x: Int, y: [Int], z: In): String
  self: Query
}

interface Some {
  id: ID
  unrelated: String
  deep: Deep
}

interface Box {
  scalar: Scalar
  deep: Deep
}

scalar Scalar

type IntBox implements Box & Some {
  id: ID
  scalar: Scalar
  value: Int
  list: [String]
  strict: String!
  deep: Deep
  box: StringBox
  boxes: [IntBox!]!
  unrelated: String
  other: IntBox
}

type StringBox implements Box & Some {
  id: ID
  scalar: Scalar
  value: String
  list: String
  strict: String
  deep: Deep
  box: IntBox
  boxes: [StringBox]
  unrelated: String
  other: StringBox
}

type ListBox implements Some {
  id: ID
  value: [Int!]
  list: [[String]]
  strict: [String!]!
  deep: Deep
  box: Box
  boxes: [Box!]
  unrelated: String
  other: Some
}

type Deep {
  value: Int
  a: Deep
  b: Deep
  list(first: Int): [Deep!]
  some: Some
}

union Any = IntBox | StringBox | ListBox | Deep

input In {
  a: Int
  b: In
}
`

// As a generator of tables makes them.
const tables = `
schema {
  query: query_root
  mutation: mutation_root
  subscription: subscription_root
}

scalar timestamptz
scalar uuid
scalar jsonb
scalar numeric

enum order_by {
  asc
  asc_nulls_first
  desc
}

enum author_select_column {
  id
  name
}

input Int_comparison_exp {
  _eq: Int
  _in: [Int!]
  _is_null: Boolean
}

input String_comparison_exp {
  _eq: String
  _ilike: String
  _in: [String!]
}

input author_bool_exp {
  _and: [author_bool_exp!]
  _not: author_bool_exp
  _or: [author_bool_exp!]
  articles: article_bool_exp
  id: Int_comparison_exp
  name: String_comparison_exp
}

input article_bool_exp {
  _and: [article_bool_exp!]
  _not: article_bool_exp
  author: author_bool_exp
  id: Int_comparison_exp
  title: String_comparison_exp
}

input author_order_by {
  id: order_by
  name: order_by
}

input article_order_by {
  author: author_order_by
  id: order_by
}

input author_insert_input {
  name: String
  settings: jsonb
  articles: article_arr_rel_insert_input
}

input article_arr_rel_insert_input {
  data: [article_insert_input!]!
}

input article_insert_input {
  title: String
  author_id: Int
  published_at: timestamptz
}

input author_pk_columns_input {
  id: Int!
}

type author {
  id: Int!
  name: String!
  settings(path: String): jsonb
  articles(distinct_on: [author_select_column!], limit: Int, offset: Int, order_by: [article_order_by!], where: article_bool_exp): [article!]!
  articles_aggregate(limit: Int, where: article_bool_exp): article_aggregate!
}

type article {
  id: Int!
  title: String
  price: numeric
  author: author
  published_at: timestamptz!
}

type article_aggregate {
  aggregate: article_aggregate_fields
  nodes: [article!]!
}

type article_aggregate_fields {
  count(columns: [author_select_column!], distinct: Boolean): Int!
  max: article_max_fields
}

type article_max_fields {
  id: Int
}

type author_mutation_response {
  affected_rows: Int!
  returning: [author!]!
}

type query_root {
  author(distinct_on: [author_select_column!], limit: Int, offset: Int, order_by: [author_order_by!], where: author_bool_exp): [author!]!
  author_by_pk(id: Int!): author
  article(limit: Int, order_by: [article_order_by!], where: article_bool_exp): [article!]!
  article_by_pk(id: uuid!): article
}

type mutation_root {
  insert_author(objects: [author_insert_input!]!): author_mutation_response
  update_author_by_pk(pk_columns: author_pk_columns_input!, _inc: author_pk_columns_input): author
}

type subscription_root {
  author(limit: Int, where: author_bool_exp): [author!]!
  author_by_pk(id: Int!): author
}
`

// Built from extensions, without a schema definition.
const extended = `
type Query

extend type Query {
  a: A
  list: [[A!]]!
}

"""
  Indented,
    in two steps
"""
type A {
  x("the x" x: Int = 1, "y" y: [String!] = ["a"] @deprecated(reason: "no y")): Int
}

extend type A implements I {
  i: Int!
}

interface I {
  i: Int
}

interface J implements I {
  i: Int
}

extend interface J {
  j(n: N! = {e: [E1, E2], f: 1, s: "x\\"y\\u00e9"}): String
}

type B implements J & I {
  i: Int
  j(n: N! = {e: [E1, E2]}, more: Boolean): String
}

enum E {
  E1
}

extend enum E {
  E2 @deprecated(reason: "gone")
}

input N {
  e: [E]
  s: String = """
    block
      text
  """
}

extend input N {
  f: Float = 1
  n: N
  b: Boolean = null
  id: ID = 7
}

union U = A

extend union U = B

extend type Query {
  u: U
  i(id: ID): I
  j: J
}

directive @x(n: [N!] = [{f: 2.5}]) repeatable on FIELD | FRAGMENT_SPREAD
`

const smallest = 'type Query { a: Int b(c: Int!): Query }'

export const schemas = { pets, clashes, tables, extended, smallest }
