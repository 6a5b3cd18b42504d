#pragma once

#include "graphql/execute/execute.h"

#include <string>
#include <string_view>
#include <vector>

namespace weft::graphql::detail {

/// {"data":{"key":text,...}} of the roots' JSON texts, in order; each is let go once it is in. `extensions`
/// is JSON text, or "" for none. `begins` is filled with where each text is.
std::string data_body(
    const Plan& plan,
    std::vector<std::string> texts,
    std::string_view extensions = "",
    std::vector<std::size_t>* begins = nullptr
);

/// Answers the roots that need no database: constants and introspection; the others' texts stay as they are.
Outcome<> fill_constants(
    std::vector<std::string>& texts, const Prepared& prepared, const Variables& variables, const View& view
);

}  // namespace weft::graphql::detail
