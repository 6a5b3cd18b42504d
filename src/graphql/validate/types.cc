#include "graphql/validate/detail/types.h"

#include <algorithm>

namespace weft::graphql::rules {

bool is_digits(std::string_view text) {
    constexpr std::size_t kDigitsMax = 18;
    auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && text.size() <= kDigitsMax && std::ranges::all_of(text, is_digit);
}

std::optional<TypeUse> declared(const View& view, const TypeNode& node) {
    constexpr std::size_t kWrappersMax = 16;  // of a TypeUse
    const TypeNode* chain[kWrappersMax + 1];
    std::size_t depth = 0;
    std::size_t wrappers = 0;
    for (const TypeNode* at = &node;; at = at->item) {
        chain[depth++] = at;
        wrappers += at->is_non_null ? 1 : 0;
        if (at->kind == TypeNode::Kind::kNamed) break;
        if (++wrappers > kWrappersMax) return std::nullopt;
    }
    const std::string_view name = chain[depth - 1]->name.text;
    const Type* type = view.type(name);
    const auto list = type == nullptr ? view.list_alias(name) : std::nullopt;
    wrappers += list ? 2 : 0;
    if ((type == nullptr && !list) || wrappers > kWrappersMax) return std::nullopt;
    TypeUse out = list ? *list : TypeUse(type);
    while (depth-- > 0) {
        if (chain[depth]->kind == TypeNode::Kind::kList) out = out.list();
        if (chain[depth]->is_non_null) out = out.non_null();
    }
    return out;
}

}  // namespace weft::graphql::rules
