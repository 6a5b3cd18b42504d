#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// The functions beside JavaScript's own: `dates`, `hash`, `lists`, ... What is written in JavaScript is in
/// library/*.js and bounded as a script is; what asks the host is here.
namespace weft::runner::library {

inline constexpr std::size_t kArgumentsMax = 8;

/// library/*.js as one function expression, of the function that asks the host.
std::string_view source();

/// Names of the globals that `source` defines.
inline constexpr auto kNames = std::to_array<std::string_view>(
    {"base64",
     "base64url",
     "csv",
     "dates",
     "feed",
     "hash",
     "hex",
     "html",
     "lists",
     "markdown",
     "n8n",
     "numbers",
     "texts",
     "url",
     "uuid",
     "xml"}
);

/// Answers what the library asks: what for, then texts. "=" and the answer, or "!" and an error's message.
void answer(std::span<const std::string> arguments, std::string& out);

}  // namespace weft::runner::library
