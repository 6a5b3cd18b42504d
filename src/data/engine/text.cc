#include "data/engine/detail/text.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "core/workflow/workflow.h"

namespace weft::engine {

namespace {

constexpr std::size_t kErrorBytesMax = 8u << 10;
// What jsonb takes has 131,072 digits at most.
constexpr std::size_t kExponentCharactersMax = 4;

/// As jsonb takes it: no NUL, and no exponent that it has no room for.
Json clean_json(Json value) {
    if (value.is_string()) return Json(clean_text(value.get_string(), value.get_string().size() * 3));
    if (value.is_array()) {
        for (Json& item : value.get_array()) item = clean_json(std::move(item));
    } else if (value.is_object()) {
        JsonObject out;
        for (auto& member : value.get_object()) {
            out.emplace(
                clean_text(member.key(), member.key().size() * 3), clean_json(std::move(member.value()))
            );
        }
        return out;
    } else if (value.kind() == JsonKind::kNumber) {
        const std::string& text = value.get_number().text();
        const std::size_t e = text.find_first_of("eE");
        if (e != std::string::npos && text.size() - e - 1 > kExponentCharactersMax) return Json(text);
    }
    return value;
}

std::optional<std::string> kept_fields(std::string_view json) {
    auto value = parse_json(json, {.bytes_max = limits::kLogFieldsBytesMax, .depth_max = 32});
    if (!value || !value->is_object()) return std::nullopt;
    std::string out = to_text(clean_json(*std::move(value)));
    if (out.size() > limits::kLogFieldsBytesMax) return std::nullopt;
    return out;
}

}  // namespace

LogText log_text(std::string message, std::string fields) {
    LogText out;
    message = workflow::hide_answer_addresses(std::move(message));
    if (!fields.empty()) {
        fields = workflow::hide_answer_addresses(std::move(fields));
        out.fields = kept_fields(fields);
        if (!out.fields) message += ' ' + fields;
    }
    out.message = clean_text(message, limits::kLogLineBytesMax);
    return out;
}

std::string clean_text(std::string_view text, std::size_t bytes_max) {
    std::string out;
    out.reserve(std::min(text.size(), bytes_max));
    while (!text.empty()) {
        const std::size_t length = text.front() == '\0' ? 0 : utf8::sequence_length(text);
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
    if (failure.error_class) out["class"] = name(*failure.error_class);
    if (!place.run.empty()) out["run_id"] = place.run;
    return to_text(out);
}

std::string misfit(std::string_view what, const Error& error) {
    std::string out(what);
    out += ": ";
    if (!error.user.starts_with(error.field)) out += error.field + " ";
    return out + error.user;
}

runstate::Failure failure_in(std::string_view error_json, runstate::FailureKind kind) {
    auto parsed = parse_json(error_json);
    if (!parsed || !parsed->is_object()) return {kind, "Failed"};
    return {
        kind,
        std::string(text_or(parsed->get_object(), "message", "Failed")),
        runstate::error_class_from(text_or(parsed->get_object(), "class"))
    };
}

}  // namespace weft::engine
