#pragma once

#include "graphql/catalog/catalog.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft::graphql::detail {

/// How texts of a type are compared. Only types where equal values have one spelling (after `canonical`) can
/// tell whether a change concerns a subscription; with any other the answer is "perhaps".
enum class Spelling : std::uint8_t { kUnknown, kExact, kInteger, kUuid, kBoolean };

Spelling spelling_of(const CatalogType& type);

/// The one spelling of a value; nullopt when it can't be told.
std::optional<std::string> canonical(Spelling spelling, std::string_view text);

}  // namespace weft::graphql::detail
