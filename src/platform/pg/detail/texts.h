#pragma once

#include "base/time.h"

#include <charconv>
#include <string>
#include <string_view>

/// PostgreSQL's text format, read. False: the text is none of that kind, or does not fit.
namespace weft::pg::detail {

template <class Integer>
bool read_integer(std::string_view text, Integer& to) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), to);
    return ec == std::errc{} && end == text.data() + text.size();
}
/// `text` must end in a zero byte, as libpq's values do.
bool read_number(std::string_view text, double& to);
/// "2026-11-23 08:36:00.123456+00": ISO style, as the session settings of every connection fix it.
bool read_instant(std::string_view text, Instant& to);
/// "\x0123": a bytea.
bool read_bytes(std::string_view text, std::string& to);

}  // namespace weft::pg::detail
