#include "base/json_pointer.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace weft {

const Json* find_step(const Json& at, std::string_view step) {
    if (const JsonObject* object = at.if_object()) return object->if_contains(step);
    const JsonArray* array = at.if_array();
    std::size_t index = 0;
    auto [end, ec] = std::from_chars(step.data(), step.data() + step.size(), index);
    const bool is_index = ec == std::errc() && end == step.data() + step.size();
    return array != nullptr && is_index && index < array->size() ? &(*array)[index] : nullptr;
}

const Json* find_pointer(const Json& document, std::string_view pointer) {
    const Json* at = &document;
    while (at != nullptr && !pointer.empty()) {
        if (!pointer.starts_with('/')) return nullptr;
        pointer.remove_prefix(1);
        const std::size_t end = std::min(pointer.find('/'), pointer.size());
        std::string step;
        for (std::size_t i = 0; i < end; ++i) {
            const bool is_escape = pointer[i] == '~' && i + 1 < end;
            step += !is_escape ? pointer[i] : (pointer[++i] == '1' ? '/' : '~');
        }
        pointer.remove_prefix(end);
        at = find_step(*at, step);
    }
    return at;
}

}  // namespace weft
