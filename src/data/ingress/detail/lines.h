#pragma once

#include <string_view>

namespace weft::ingress::detail {

/// Calls `line` for each line of a notification.
template <class Line>
void each_line(std::string_view text, Line line) {
    while (!text.empty()) {
        auto end = text.find('\n');
        line(text.substr(0, end));
        text = end == std::string_view::npos ? "" : text.substr(end + 1);
    }
}

}  // namespace weft::ingress::detail
