#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace weft::graphql::detail {

/// What an answer can be written as.
enum class Media : std::uint8_t { kNone, kJson, kGraphqlResponse, kEventStream, kHtml };

/// The one of `offered` that an Accept header wants most; the earlier one when it wants two alike. An empty
/// header wants the first. kNone: it wants nothing that we have.
Media choose(std::string_view accept, std::initializer_list<Media> offered);

/// Is a request's body JSON in UTF-8?
bool is_json(std::string_view content_type);

/// For the content-type header.
std::string_view type_of(Media media);

}  // namespace weft::graphql::detail
