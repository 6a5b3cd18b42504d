#include "graphql/live/detail/spelling.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace weft::graphql::detail {

namespace {

struct Known {
    std::string_view type;
    Spelling spelling;
};
constexpr auto kKnown = std::to_array<Known>({
    {"int2", Spelling::kInteger},
    {"int4", Spelling::kInteger},
    {"int8", Spelling::kInteger},
    {"text", Spelling::kExact},
    {"varchar", Spelling::kExact},
    {"name", Spelling::kExact},
    {"uuid", Spelling::kUuid},
    {"bool", Spelling::kBoolean},
});

/// PostgreSQL takes any beginning of these words.
struct Truth {
    std::string_view word;
    std::size_t at_least;
    bool value;
};
constexpr auto kTruths = std::to_array<Truth>(
    {{"true", 1, true},
     {"yes", 1, true},
     {"on", 2, true},
     {"1", 1, true},
     {"false", 1, false},
     {"no", 1, false},
     {"off", 2, false},
     {"0", 1, false}}
);

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t\n\r\f\v";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<std::string> integer(std::string_view text) {
    text = trim(text);
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [at, ec] = std::from_chars(text.data(), end, value);
    if (ec != std::errc() || at != end) return std::nullopt;
    return std::to_string(value);
}

std::optional<std::string> uuid(std::string_view text) {
    std::string out;
    for (char c : text) {
        c = lower(c);
        if (c == '-' || c == '{' || c == '}') continue;
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) return std::nullopt;
        out += c;
    }
    constexpr std::size_t kDigits = 32;
    return out.size() == kDigits ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::string> boolean(std::string_view text) {
    std::string word(trim(text));
    std::ranges::transform(word, word.begin(), lower);
    for (const Truth& truth : kTruths) {
        if (word.size() >= truth.at_least && truth.word.starts_with(word)) return truth.value ? "t" : "f";
    }
    return std::nullopt;
}

}  // namespace

Spelling spelling_of(const CatalogType& type) {
    if (type.kind == CatalogType::Kind::kEnum) return Spelling::kExact;
    if (type.kind != CatalogType::Kind::kBase || type.schema != "pg_catalog") return Spelling::kUnknown;
    const auto* found = std::ranges::find(kKnown, std::string_view(type.name), &Known::type);
    return found == kKnown.end() ? Spelling::kUnknown : found->spelling;
}

std::optional<std::string> canonical(Spelling spelling, std::string_view text) {
    switch (spelling) {
        case Spelling::kUnknown:
            return std::nullopt;
        case Spelling::kExact:
            return std::string(text);
        case Spelling::kInteger:
            return integer(text);
        case Spelling::kUuid:
            return uuid(text);
        case Spelling::kBoolean:
            return boolean(text);
    }
    return std::nullopt;
}

}  // namespace weft::graphql::detail
