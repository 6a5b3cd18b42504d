#include "core/form/detail/values.h"

#include "core/file/file.h"

#include <algorithm>

namespace weft::form::detail {

namespace {

constexpr std::size_t kNumberBytesMax = 100;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return "";
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// Browsers send CR LF for each line end.
std::string with_plain_ends(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out.push_back(text[i]);
    return out;
}

Value wrong() {
    return {std::nullopt, Problem::Kind::kWrong};
}

Value number_of(std::string_view text) {
    auto number = text.size() <= kNumberBytesMax ? Decimal::parse(text) : std::nullopt;
    return number ? Value{Json(*std::move(number)), std::nullopt} : wrong();
}

/// A page's entry knows no zone: what it says is local to the form's.
Value instant_of(std::string_view text, const calendar::Zone& zone) {
    const auto written = calendar::read(text);
    if (!written || !written->has_time) return wrong();
    const auto moment = calendar::moment_of(*written, zone);
    // Clocks that are put forward pass over an hour: a run at another time would surprise.
    const bool is_local = !written->offset && !written->zone;
    if (moment && is_local && zone.reading(*moment) != written->reading) return wrong();
    return moment ? Value{Json(calendar::iso(*moment, zone)), std::nullopt} : wrong();
}

const Option* option_of(const Field& field, std::string_view key) {
    const auto found = std::ranges::find(field.options, key, &Option::key);
    return found == field.options.end() ? nullptr : &*found;
}

Value choices_of(const Field& field, std::span<const std::string_view> sent) {
    JsonArray out;
    for (const std::string_view key : sent) {
        if (key.empty()) continue;
        const Option* option = option_of(field, key);
        if (option == nullptr) return wrong();
        if (std::ranges::find(out, option->value) == out.end()) out.push_back(option->value);
    }
    if (out.empty() && !field.is_required) return {};
    if (out.empty()) return {std::nullopt, Problem::Kind::kMissing};
    return {Json(std::move(out)), std::nullopt};
}

}  // namespace

bool is_ticked(std::string_view text) {
    return !text.empty() && text != "false" && text != "0";
}

std::string key_of(const Json& value) {
    return value.is_string() ? value.get_string() : to_text(value);
}

Value value_of(const Field& field, std::span<const std::string_view> sent, const calendar::Zone& zone) {
    if (field.kind == Kind::kChoices) return choices_of(field, sent);
    if (sent.size() > 1) return wrong();
    const std::string_view given = sent.empty() ? "" : sent.front();
    const std::string_view text = trimmed(given);
    switch (field.kind) {
        case Kind::kBoolean: {
            const bool is_on = is_ticked(text);
            if (field.must_be_true && !is_on) {
                if (field.is_required) return {std::nullopt, Problem::Kind::kMissing};
                return {};
            }
            return {Json(is_on), std::nullopt};
        }
        case Kind::kChoice: {
            if (given.empty()) return {};
            const Option* option = option_of(field, given);
            return option == nullptr ? wrong() : Value{option->value, std::nullopt};
        }
        case Kind::kLongText:
            if (text.empty()) return {};
            return {Json(with_plain_ends(given)), std::nullopt};
        case Kind::kNumber:
        case Kind::kInteger:
            return text.empty() ? Value{} : number_of(text);
        case Kind::kDateTime:
            return text.empty() ? Value{} : instant_of(text, zone);
        case Kind::kText:
        case Kind::kEmail:
        case Kind::kUrl:
        case Kind::kDate:
            return text.empty() ? Value{} : Value{Json(text), std::nullopt};
        case Kind::kChoices:
        case Kind::kFile:
        case Kind::kFiles:
            break;
    }
    return {};
}

bool is_accepted(const Field& field, const SentFile& file) {
    if (field.accepts.empty()) return true;
    std::string name(file.name);
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    std::string type = file::clean_type(file.type);
    if (type == file::kAnyType) type = file::type_of_name(name);
    return std::ranges::any_of(field.accepts, [&](std::string_view one) {
        if (one.front() == '.') return name.ends_with(one);
        if (one.ends_with("/*")) return one == "*/*" || type.starts_with(one.substr(0, one.size() - 1));
        return type == one;
    });
}

std::string shown(const Field& field, const Json& value, const calendar::Zone& zone) {
    constexpr std::size_t kToMinutes = 16;  // 2026-12-01T09:00
    std::string text = key_of(value);
    if (field.kind != Kind::kDateTime) return text;
    const auto written = calendar::read(text);
    const auto moment = written ? calendar::moment_of(*written, zone)
                                : Result<calendar::Moment>(fail(Error::invalid("no time")));
    return moment ? calendar::iso(*moment, zone).substr(0, kToMinutes) : text;
}

}  // namespace weft::form::detail
