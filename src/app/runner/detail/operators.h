#pragma once

#include "app/runner/detail/values.h"
#include "app/runner/script.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Expressions of paths, literals and operators (`input.qty * input.price`, `input.note ?? ""`, `a > 1 && b
/// === "x"`), computed on JSON text. The script engine takes 0.1 ms to be told the values and to forget them
/// again; most conditions and mappings ask for less than a microsecond of work.
namespace weft::runner::operators {

/// What the expressions of one template may do together, in bytes. The engine reads each value once and has a
/// limit of CPU time; here every path is a look through its value, and every `+` a text.
struct Work {
    std::size_t read = 32u << 20;
    std::size_t made = 1u << 20;
};

struct Computed {
    std::optional<std::string> text;  // nothing: undefined
};

/// What `source` gives, as script::Engine::evaluate would say it: see the differential test. A value that was
/// only chosen
/// (`??`, `||`, `&&`, `?:`) stays as it is written, like a path's. Nothing when the engine has to say: any
/// other syntax, calls, conversions of objects, whole numbers beyond 2^53, and everything that throws.
///
/// Takes what it does out of `work`; when that is used up, the engine has to say.
std::optional<Computed> compute(
    std::string_view source, script::As as, const Values& values, const Bindings& bindings, Work& work
);

}  // namespace weft::runner::operators
