#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace weft::graphql {

/// The one of that name, or null.
template <class T>
const T* named(const std::vector<T>& all, std::string_view name) {
    const auto found = std::ranges::find(all, name, &T::name);
    return found == all.end() ? nullptr : &*found;
}

/// std::ranges::contains, which this standard library lacks.
template <class Range, class T>
bool contains(const Range& range, const T& value) {
    return std::ranges::find(range, value) != range.end();
}

}  // namespace weft::graphql
