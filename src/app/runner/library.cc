#include "app/runner/detail/library.h"

#include "app/runner/detail/functions.h"
#include "app/runner/library_source.h"

#include <algorithm>
#include <array>

namespace weft::runner::library {

namespace {

const Function* function_named(std::string_view name) {
    for (const auto functions : {functions_of_dates(), functions_of_bytes()}) {
        const auto found = std::ranges::find(functions, name, &Function::name);
        if (found != functions.end()) return &*found;
    }
    return nullptr;
}

}  // namespace

std::string_view source() {
    return kSource;
}

void answer(std::span<const std::string> arguments, std::string& out) {
    const Function* function = arguments.empty() ? nullptr : function_named(arguments[0]);
    if (!function || arguments.size() != function->arguments + 1) {
        out = "!the library asks for what there is not";
        return;
    }
    auto given = function->call(arguments.subspan(1));
    out = given ? "=" + *given : "!" + given.error().user;
}

}  // namespace weft::runner::library
