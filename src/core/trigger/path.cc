#include "core/trigger/path.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace weft::trigger {

namespace {

/// Takes one step off `text`; nothing when it is none.
std::optional<std::string> take_step(std::string_view& text) {
    std::string out;
    if (text.starts_with('"')) {
        const auto end = text.find('"', 1);
        if (end == std::string_view::npos) return std::nullopt;
        out = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
    } else {
        out = text.substr(0, text.find('.'));
        text.remove_prefix(out.size());
        if (out.contains('"')) return std::nullopt;
    }
    if (out.empty()) return std::nullopt;
    return out;
}

}  // namespace

Result<Path> Path::parse(std::string_view text, std::string_view field) {
    const auto wrong = [&] {
        return fail(Error::invalid(
            fmt::format(
                "This is a path such as body.items or lines.0.sku, of at most {} steps and {} bytes",
                kStepsMax,
                kBytesMax
            ),
            std::string(field)
        ));
    };
    Path out;
    out.text_ = text;
    if (text.size() > kBytesMax) return wrong();
    while (!text.empty()) {
        auto step = take_step(text);
        if (!step || out.steps_.size() == kStepsMax) return wrong();
        out.steps_.push_back(*std::move(step));
        if (text.empty()) break;
        if (text.front() != '.' || text.size() == 1) return wrong();
        text.remove_prefix(1);
    }
    return out;
}

const Json* Path::find(const Json& value) const {
    const Json* at = &value;
    for (const std::string& step : steps_) {
        if (const JsonObject* object = at->if_object()) {
            at = object->if_contains(step);
        } else if (const JsonArray* list = at->if_array()) {
            std::size_t index = 0;
            const char* end = step.data() + step.size();
            const auto read = std::from_chars(step.data(), end, index);
            const bool is_there = read.ec == std::errc() && read.ptr == end && index < list->size();
            at = is_there ? &(*list)[index] : nullptr;
        } else {
            at = nullptr;
        }
        if (at == nullptr) return nullptr;
    }
    return at;
}

}  // namespace weft::trigger
