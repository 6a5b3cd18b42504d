#pragma once

#include "graphql/validate/detail/context.h"
#include "graphql/validate/detail/types.h"

#include <string>
#include <vector>

namespace weft::graphql::rules {

/// An operation or a fragment.
struct Scope {
    const Operation* operation = nullptr;
    const Fragment* fragment = nullptr;
};

/// One place where a variable is used, and what is expected there.
struct Usage {
    const Value* value = nullptr;
    Expected expected;
    std::string path;  // from the start of the scope
};

/// The uses of variables in one scope, in document order; fragments that it spreads are not entered.
std::vector<Usage> usages(const View& view, const Scope& scope);

/// Steps into the lists that a lone value stands for: `[0]` for each.
void lift(Path& path, const Value& value, TypeUse type);

}  // namespace weft::graphql::rules
