#include "data/engine/detail/text.h"

#include "base/json.h"

namespace weft::engine {

namespace {

constexpr std::size_t kErrorBytesMax = 8u << 10;

/// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none. Surrogates, overlong forms
/// and what lies beyond U+10FFFF are none.
std::size_t sequence_length(std::string_view text) {
    auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return byte(i) >= low && byte(i) <= high;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return first == 0 ? 0 : 1;
    if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
        const unsigned high = first == 0xed ? 0x9f : 0xbf;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const unsigned low = first == 0xf0 ? 0x90 : 0x80;
        const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

std::string clean_text(std::string_view text, std::size_t bytes_max) {
    std::string out;
    out.reserve(std::min(text.size(), bytes_max));
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        std::string_view piece = length > 0 ? text.substr(0, length) : std::string_view("\xef\xbf\xbd");
        if (out.size() + piece.size() > bytes_max) break;
        out += piece;
        text.remove_prefix(length > 0 ? length : 1);
    }
    return out;
}

std::string error_json(const runstate::Failure& failure, const Place& place) {
    JsonObject out;
    out["message"] = clean_text(failure.message, kErrorBytesMax);
    if (!place.field.empty()) out["field"] = clean_text(place.field, 512);
    if (place.line > 0) out["line"] = place.line;
    if (place.column > 0) out["column"] = place.column;
    if (place.status > 0) out["status"] = place.status;
    return to_text(out);
}

std::string message_of(std::string_view error_json) {
    auto parsed = parse_json(error_json);
    if (!parsed || !parsed->is_object()) return "Failed";
    return std::string(text_or(parsed->get_object(), "message", "Failed"));
}

}  // namespace weft::engine
