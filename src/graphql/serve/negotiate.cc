#include "graphql/serve/detail/negotiate.h"

#include "base/text.h"

#include <algorithm>
#include <cstddef>

namespace weft::graphql::detail {

namespace {

constexpr std::size_t kRangesMax = 32;  // an Accept header of a browser has about 8

/// Takes the part before `separator` off `text`.
std::string_view take(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const std::string_view part = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

bool equals(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
        return lower(x) == lower(y);
    });
}

/// "q=0.8" in thousandths; a broken one counts as 1.
int quality(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::string_view parameter = take(parameters, ';');
        if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
        const std::string_view value = parameter.substr(2);
        if (value.empty() || value.front() != '0') return 1000;
        int out = 0;
        int unit = 100;
        for (const char c : value.substr(std::min<std::size_t>(2, value.size()))) {
            if (c < '0' || c > '9' || unit == 0) break;
            out += (c - '0') * unit;
            unit /= 10;
        }
        return out;
    }
    return 1000;
}

struct MediaKind {
    Media media;
    std::string_view type;
    std::string_view all;  // of its group
    std::string_view written;
};
constexpr MediaKind kMediaKinds[] = {
    {Media::kJson, "application/json", "application/*", "application/json; charset=utf-8"},
    {Media::kGraphqlResponse,
     "application/graphql-response+json",
     "application/*",
     "application/graphql-response+json; charset=utf-8"},
    {Media::kEventStream, "text/event-stream", "text/*", "text/event-stream"},
    {Media::kHtml, "text/html", "text/*", "text/html; charset=utf-8"},
};

const MediaKind& kind_of(Media media) {
    return *std::ranges::find(kMediaKinds, media, &MediaKind::media);
}

/// How exactly a range names a kind: 0 not at all, 3 by name.
int exactness(std::string_view range, const MediaKind& kind) {
    if (equals(range, kind.type)) return 3;
    if (equals(range, kind.all)) return 2;
    return range == "*/*" ? 1 : 0;
}

/// The quality that the most exact range gives a kind.
int wanted(std::string_view accept, const MediaKind& kind) {
    int best = 0;
    int out = 0;
    for (std::size_t i = 0; i < kRangesMax && !accept.empty(); ++i) {
        std::string_view rest = take(accept, ',');
        const std::string_view range = take(rest, ';');
        const int exact = exactness(range, kind);
        if (exact <= best) continue;
        best = exact;
        out = quality(rest);
    }
    return out;
}

}  // namespace

Media choose(std::string_view accept, std::initializer_list<Media> offered) {
    if (trim(accept).empty()) return *offered.begin();
    Media out = Media::kNone;
    int best = 0;
    for (const Media media : offered) {
        const int here = wanted(accept, kind_of(media));
        if (here <= best) continue;
        best = here;
        out = media;
    }
    return out;
}

bool is_json(std::string_view content_type) {
    std::string_view rest = content_type;
    if (!equals(take(rest, ';'), "application/json")) return false;
    while (!rest.empty()) {
        std::string_view value = take(rest, ';');
        const std::string_view name = take(value, '=');
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        if (equals(name, "charset") && !equals(value, "utf-8") && !equals(value, "utf8")) return false;
    }
    return true;
}

std::string_view type_of(Media media) {
    return kind_of(media).written;
}

}  // namespace weft::graphql::detail
