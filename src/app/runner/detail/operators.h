#pragma once

#include "app/runner/detail/values.h"
#include "app/runner/script.h"

#include <optional>
#include <string>
#include <string_view>

/// Expressions of paths, literals and operators (`input.qty * input.price`, `input.note ?? ""`, `a > 1 && b
/// === "x"`), computed on JSON text. The script engine takes 0.1 ms to be told the values and to forget them
/// again; most conditions and mappings ask for less than a microsecond of work.
namespace weft::runner::operators {

struct Computed {
    std::optional<std::string> text;  // nothing: undefined
};

/// What `source` gives, as script::Engine::evaluate would say it: see the differential test. A value that was
/// only chosen
/// (`??`, `||`, `&&`, `?:`) stays as it is written, like a path's. Nothing when the engine has to say: any
/// other syntax, calls, conversions of objects, whole numbers beyond 2^53, and everything that throws.
///
/// Work is linear in the source and, for each of at most 64 reads, in the value that is read; a text grows to
/// limits::kPayloadBytesMax.
std::optional<Computed> compute(
    std::string_view source, script::As as, const Values& values, const Bindings& bindings
);

}  // namespace weft::runner::operators
