#include "graphql/plan/detail/context.h"

namespace weft::graphql::detail {

std::unexpected<Failure> fail(const Context& c, std::string message, std::string code) {
    return failure(std::move(code), std::move(message), c.path.text());
}

std::unexpected<Failure> unexpected_null(const Context& c, TypeUse type) {
    TypeUse bare = type.nullable();
    if (bare.is_list()) return fail(c, "expected a list, but found null");
    const Type& named = *bare.named();
    if (named.kind == TypeKind::kInput)
        return fail(c, "expected an object for type \"" + named.name + "\", but found null");
    return fail(c, "unexpected null value for type \"" + named.name + "\"");
}

std::unexpected<Failure> negative(const Context& c, const Input& value) {
    // Hasura tells numbers in a document from those in JSON.
    std::string found = value.literal() != nullptr ? "an integer" : "a number";
    return fail(c, "expected a non-negative 32-bit integer for type \"Int\", but found " + found);
}

Outcome<TableRef> attach_select(Context& c, const Table& table) {
    std::optional<TableRef> ref = TableRef::attach(table, c.access, TableRef::Use::kSelect);
    if (!ref) return fail(c, "no select permission on table \"" + table.name + "\"", "unexpected");
    return *std::move(ref);
}

}  // namespace weft::graphql::detail
