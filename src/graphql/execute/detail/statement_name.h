#pragma once

#include <string>
#include <string_view>

namespace weft::graphql {

/// The name under which a text is prepared: 128 bits of its SHA-256, so that equal texts share a statement.
std::string statement_name(std::string_view text);

}  // namespace weft::graphql
