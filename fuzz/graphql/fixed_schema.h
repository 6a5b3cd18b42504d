#pragma once

#include "graphql/schema/schema.h"

#include <cstdlib>

namespace weft::graphql {

/// A schema with every kind of type, made once.
inline const View& fixed_view() {
    static const auto kSchema = [] {
        const auto document = parse(R"(
            directive @on(n: Int! = 1, l: [In!]) repeatable on QUERY | MUTATION | SUBSCRIPTION |
                FIELD | FRAGMENT_DEFINITION | FRAGMENT_SPREAD | INLINE_FRAGMENT | VARIABLE_DEFINITION
            interface I { id: ID! s(a: Boolean): String next: I }
            type A implements I {
                id: ID! s(a: Boolean): String next: I b: B
                list(in: In, l: [[Int!]]): [A!]!
            }
            type B implements I { id: ID! s(a: Boolean): String next: B a: A e: E x: Int }
            type C { x: String u: U }
            union U = A | B | C
            enum E { P Q R }
            scalar J
            input In { i: Int = 1 f: Float! = 1.5 s: String e: E l: [In!] j: J o: One b: Boolean id: ID }
            input One @oneOf { i: Int s: String l: [Int] in: In }
            type Query {
                a(in: In, one: One): A b(id: ID!): B i: I u: U
                j(j: J, l: [String!]! = ["x"]): J
                q: Query
            }
            type Mutation { set(in: In!): A unset(ids: [ID!]!): Boolean! }
            type Subscription { a: A tick: Int! }
        )");
        auto schema = build_schema(**document);
        if (!schema) std::abort();
        return std::move(*schema);
    }();
    static const Mask kAll = everything(*kSchema);
    static const View kView(*kSchema, kAll);
    return kView;
}

}  // namespace weft::graphql
