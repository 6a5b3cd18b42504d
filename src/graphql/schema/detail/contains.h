#pragma once

#include <algorithm>

namespace weft::graphql {

/// std::ranges::contains, which this standard library lacks.
template <class Range, class T>
bool contains(const Range& range, const T& value) {
    return std::ranges::find(range, value) != range.end();
}

}  // namespace weft::graphql
