#pragma once

#include "core/template/template.h"

#include <optional>
#include <string>

namespace weft::importer {

/// The text of a string or template literal without substitutions; nothing of others.
std::optional<std::string> literal(const templates::Token& token);

}  // namespace weft::importer
