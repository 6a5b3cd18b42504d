#pragma once

#include <string_view>

/// What every schema holds from the start.
namespace weft::graphql {

/// Definitions of the built-in scalars, the introspection types and the specified directives.
std::string_view builtin_sdl();

bool is_introspection_type(std::string_view name);
bool is_specified_scalar(std::string_view name);
bool is_specified_directive(std::string_view name);

}  // namespace weft::graphql
