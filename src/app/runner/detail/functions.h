#pragma once

#include "base/error.h"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// What the library asks the host, by subject.
namespace weft::runner::library {

using Arguments = std::span<const std::string>;
using Answer = Result<std::string>;

struct Function {
    std::string_view name;
    std::size_t arguments;
    Answer (*call)(Arguments);
};

std::span<const Function> functions_of_dates();
std::span<const Function> functions_of_bytes();

}  // namespace weft::runner::library
