#pragma once

#include <algorithm>
#include <functional>
#include <ranges>

namespace weft::graphql::detail {

/// std::ranges::contains, which this library lacks.
template <class Range, class T, class Projection = std::identity>
bool contains(const Range& range, const T& value, Projection projection = {}) {
    return std::ranges::find(range, value, projection) != std::ranges::end(range);
}

}  // namespace weft::graphql::detail
