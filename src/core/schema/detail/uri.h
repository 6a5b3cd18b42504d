#pragma once

#include <string>
#include <string_view>

namespace weft::schema {

/// A reference as seen from `base`, without its fragment (RFC 3986, 5.2): where `item.json#/a` leads from
/// `https://shop.test/order.json`. An empty base leaves a relative one relative.
std::string resolve_uri(std::string_view base, std::string_view reference);

/// What stands behind the first `#`, percent-decoded; empty when there is none.
std::string fragment_of(std::string_view reference);

}  // namespace weft::schema
