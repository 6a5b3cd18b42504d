#pragma once

#include <string>
#include <string_view>

namespace weft {

/// One round of percent-decoding; what is no escape stays as it is (URL standard, "percent-decode").
std::string percent_decode(std::string_view text);

}  // namespace weft
