#include "core/connector/connector.h"
#include "core/form/form.h"
#include "core/trigger/trigger.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::form {

namespace {

constexpr std::size_t kLineBytesMax = 200;
constexpr std::size_t kTextBytesMax = 4'000;
constexpr std::size_t kRedirectBytesMax = 2'000;
constexpr std::size_t kPathBytesMax = 80;
constexpr std::size_t kNamesMax = 100;

struct TextRow {
    std::string_view name;
    std::string Settings::* text;
    std::size_t bytes_max;
};
constexpr std::array kTexts{
    TextRow{"title", &Settings::title, kLineBytesMax},
    TextRow{"description", &Settings::description, kTextBytesMax},
    TextRow{"button", &Settings::button, kLineBytesMax},
    TextRow{"thanks", &Settings::thanks, kTextBytesMax},
    TextRow{"redirect", &Settings::redirect, kRedirectBytesMax},
    TextRow{"path", &Settings::path, kPathBytesMax},
};

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// A subset of what URLs may be: it goes into a header and a page's policy as it is.
bool is_redirect(std::string_view url) {
    constexpr std::string_view kScheme = "https://";
    if (!url.starts_with(kScheme)) return false;
    const std::string_view rest = url.substr(kScheme.size());
    const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
    const bool has_host =
        !host.empty() && is_letter_or_digit(host.front()) && std::ranges::all_of(host, [](char c) {
            return is_letter_or_digit(c) || c == '.' || c == '-' || c == ':';
        });
    return has_host && connector::origin_of(url) && std::ranges::all_of(rest, [](char c) {
               return c > ' ' && c <= '~' &&
                      std::string_view("\"'<>\\^`{|}").find(c) == std::string_view::npos;
           });
}

Result<> read_texts(const JsonObject& object, Settings& out, std::string_view field) {
    for (const TextRow& row : kTexts) {
        const Json* value = object.if_contains(row.name);
        if (value == nullptr || value->is_null()) continue;
        if (!value->is_string() || value->get_string().size() > row.bytes_max)
            return fail(Error::invalid(
                fmt::format("{} is a text of at most {} bytes", row.name, row.bytes_max),
                fmt::format("{}.{}", field, row.name)
            ));
        out.*row.text = value->get_string();
    }
    if (!out.redirect.empty() && !is_redirect(out.redirect))
        return fail(Error::invalid(
            "redirect is a whole address that begins with https://, such as https://example.com/thanks",
            fmt::format("{}.redirect", field)
        ));
    if (!out.path.empty()) CHECK_OK(trigger::check_path(out.path, fmt::format("{}.path", field)));
    return {};
}

Result<> read_names(const Json& value, Settings& out, std::string field) {
    const JsonArray* names = value.if_array();
    if (names == nullptr || names->size() > kNamesMax)
        return fail(Error::invalid("fields is a list of names of inputs, at most 100", std::move(field)));
    for (const Json& name : *names) {
        const std::string* text = name.if_string();
        if (text == nullptr || std::ranges::find(out.fields, *text) != out.fields.end())
            return fail(Error::invalid("fields holds names of inputs, each once", std::move(field)));
        out.fields.push_back(*text);
    }
    return {};
}

}  // namespace

Result<Settings> parse_settings(const Json& config, std::string_view field) {
    if (!config.is_object()) return fail(Error::invalid("This is an object", std::string(field)));
    const JsonObject& object = config.get_object();
    for (const auto& [key, value] : object) {
        const bool is_text = std::ranges::find(kTexts, std::string_view(key), &TextRow::name) != kTexts.end();
        if (!is_text && key != "fields" && key != "zone" && key != "filter")
            return fail(Error::invalid(
                "Unknown member; a form has title, description, button, thanks, redirect, path, fields, "
                "zone, filter",
                fmt::format("{}.{}", field, key)
            ));
    }
    Settings out;
    CHECK_OK(read_texts(object, out, field));
    if (const Json* names = object.if_contains("fields"))
        CHECK_OK(read_names(*names, out, fmt::format("{}.fields", field)));
    if (object.contains("zone")) {
        const auto zone = calendar::Zone::find(text_or(object, "zone"));
        if (!zone)
            return fail(Error::invalid(
                "zone is the name of a time zone, such as Europe/Madrid", fmt::format("{}.zone", field)
            ));
        out.zone = *zone;
    }
    if (const Json* filter = object.if_contains("filter"); filter != nullptr && !filter->is_null()) {
        TRY(out.filter, trigger::Filter::parse(*filter, fmt::format("{}.filter", field)));
    }
    return out;
}

Json to_json(const Settings& settings) {
    JsonObject out;
    for (const TextRow& row : kTexts)
        if (!(settings.*row.text).empty()) out[row.name] = settings.*row.text;
    if (!settings.fields.empty()) {
        JsonArray names;
        for (const std::string& name : settings.fields) names.emplace_back(name);
        out["fields"] = std::move(names);
    }
    if (settings.zone != calendar::Zone()) out["zone"] = settings.zone.name();
    if (settings.filter) out["filter"] = settings.filter->json();
    return out;
}

std::string redirect_origin(const Settings& settings) {
    constexpr std::size_t kSchemeBytes = 8;
    return settings.redirect.substr(0, settings.redirect.find_first_of("/?#", kSchemeBytes));
}

}  // namespace weft::form
