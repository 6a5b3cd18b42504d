#pragma once

#include "store/vault/seal.h"

#include <string_view>

namespace weft::store::vault::detail {

/// What each sealed field is bound to: moved elsewhere, it does not open.
crypto::Aad field_aad(const ConnectionRef& connection, std::string_view field);

}  // namespace weft::store::vault::detail
