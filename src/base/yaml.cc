#include "base/yaml.h"

#include <algorithm>
#include <array>

namespace weft {

Json plain_scalar(std::string_view text) {
    constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
    constexpr std::array<std::string_view, 3> kTrue = {"true", "True", "TRUE"};
    constexpr std::array<std::string_view, 3> kFalse = {"false", "False", "FALSE"};
    auto is_one_of = [&](const auto& spellings) {
        return std::ranges::find(spellings, text) != spellings.end();
    };
    if (is_one_of(kNull)) return nullptr;
    if (is_one_of(kTrue)) return true;
    if (is_one_of(kFalse)) return false;
    if (auto number = Decimal::parse(text)) return *std::move(number);
    return Json(text);
}

}  // namespace weft
