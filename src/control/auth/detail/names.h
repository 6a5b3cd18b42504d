#pragma once

#include "base/error.h"
#include "base/secret.h"

#include <string>
#include <string_view>

namespace weft::control::detail {

/// A tenant's slug from its name: lower-case letters, digits and dashes, 2 to 40, starting with a letter.
std::string slug_of(std::string_view name);

/// Refuses a password that is the address itself or among the ones tried first by everybody. Length is the
/// schema's.
Result<void> check_password(const Secret& password, std::string_view email);

}  // namespace weft::control::detail
