#pragma once

#include "base/json.h"

#include <string_view>

namespace weft {

/// The member of an object or element of an array that `step` names; null when there is none.
const Json* find_step(const Json& at, std::string_view step);

/// RFC 6901: "" is the document, "/a/0" its member's first element; ~1 stands for / and ~0 for ~. Null when
/// it leads nowhere.
const Json* find_pointer(const Json& document, std::string_view pointer);

}  // namespace weft
