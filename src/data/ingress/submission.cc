#include "data/ingress/detail/submission.h"

#include "base/limits.h"
#include "core/media/media.h"
#include "platform/http/coding.h"

#include <algorithm>

namespace weft::ingress::detail {

namespace {

/// A form has 100 fields at most; lists send several values.
constexpr std::size_t kEntriesMax = 1'000;
constexpr std::size_t kBoundaryBytesMax = 70;  // RFC 2046

using Entries = std::vector<std::pair<std::string, std::string>>;

Error unreadable(std::string why) {
    return Error::invalid(std::move(why), "body");
}

/// A header's parameter: `name="field"; filename="x"`. Browsers write quotes inside as %22.
std::optional<std::string_view> parameter(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        std::size_t end = 0;
        for (bool is_quoted = false; end < header.size() && (is_quoted || header[end] != ';'); ++end)
            if (header[end] == '"') is_quoted = !is_quoted;
        std::string_view part = header.substr(0, end);
        header.remove_prefix(std::min(end + 1, header.size()));
        part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
        const auto equals = part.find('=');
        if (equals == std::string_view::npos || !http::same_name(part.substr(0, equals), name)) continue;
        std::string_view value = part.substr(equals + 1);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        return value;
    }
    return std::nullopt;
}

std::string unescaped(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const std::string_view three = name.substr(i, 3);
        const bool is_quote = three == "%22";
        const bool is_end = three == "%0D" || three == "%0A";
        out.push_back(is_quote ? '"' : is_end ? (three == "%0D" ? '\r' : '\n') : name[i]);
        if (is_quote || is_end) i += 2;
    }
    return out;
}

std::string text_of(std::string_view bytes, const std::string& charset) {
    return media::to_utf8(std::string(bytes), charset).utf8;
}

/// One part: headers, an empty line, the value.
Result<std::pair<std::string, std::string>> field_of(std::string_view part) {
    const auto end = part.find("\r\n\r\n");
    if (end == std::string_view::npos)
        return fail(unreadable("A part of the body has no end of its headers"));
    std::string_view headers = part.substr(0, end);
    std::string_view disposition;
    while (!headers.empty()) {
        const std::size_t line_end = std::min(headers.find("\r\n"), headers.size());
        const std::string_view line = headers.substr(0, line_end);
        headers.remove_prefix(std::min(line_end + 2, headers.size()));
        const auto colon = std::min(line.find(':'), line.size());
        if (http::same_name(line.substr(0, colon), "content-disposition"))
            disposition = line.substr(std::min(colon + 1, line.size()));
    }
    const auto name = parameter(disposition, "name");
    if (!name) return fail(unreadable("A part of the body has no name"));
    if (parameter(disposition, "filename") || parameter(disposition, "filename*"))
        return fail(unreadable("Forms take no files yet"));
    return std::pair(text_of(unescaped(*name), ""), text_of(part.substr(end + 4), ""));
}

}  // namespace

Result<Entries> parse_multipart(std::string_view body, std::string_view content_type) {
    const auto boundary = parameter(content_type, "boundary");
    if (!boundary || boundary->empty() || boundary->size() > kBoundaryBytesMax)
        return fail(unreadable("multipart/form-data needs a boundary of 1 to 70 characters"));
    const std::string first = "--" + std::string(*boundary);
    const std::string next = "\r\n" + first;
    if (!body.starts_with(first)) {  // a preamble (RFC 2046) says nothing
        const auto begin = body.find(next);
        if (begin == std::string_view::npos) return fail(unreadable("The body has no boundary"));
        body.remove_prefix(begin + 2);
    }
    body.remove_prefix(first.size());
    Entries out;
    while (!body.starts_with("--")) {
        body.remove_prefix(std::min(body.find_first_not_of(" \t"), body.size()));  // padding
        if (!body.starts_with("\r\n")) return fail(unreadable("The body has a damaged boundary"));
        const auto end = body.find(next, 0);
        if (end == std::string_view::npos || end < 2)
            return fail(unreadable("The body ends before its boundary"));
        if (out.size() == kEntriesMax) return fail(Error::limit("The body has too many fields", "body"));
        TRY(auto field, field_of(body.substr(2, end - 2)));
        out.push_back(std::move(field));
        body.remove_prefix(end + next.size());
    }
    return out;
}

std::string_view Submission::entry(std::string_view name) const {
    const auto found =
        std::ranges::find(entries, name, [](const auto& entry) -> std::string_view { return entry.first; });
    return found == entries.end() ? std::string_view() : found->second;
}

bool is_json(const http::Request& request) {
    return media::is_json(media::parse_content_type(request.headers.get("content-type")).type);
}

Result<Submission> read_submission(http::Request& request) {
    TRY(auto codings, http::codings_of(request.headers));
    TRY(auto plain, http::decode_body(std::move(request.body), codings, limits::kFormBodyBytesMax));
    request.body.clear();
    const std::string_view header = request.headers.get("content-type");
    const auto type = media::parse_content_type(header);
    Submission out;
    if (media::is_json(type.type)) {
        auto json =
            parse_json(text_of(plain.body, type.charset), {.bytes_max = limits::kFormBodyBytesMax * 3});
        if (!json) return fail(std::move(json).error().with_field("body"));
        out.json = *std::move(json);
    } else if (type.type == "application/x-www-form-urlencoded") {
        TRY(auto pairs, http::parse_pairs(plain.body, kEntriesMax));
        for (const auto& [key, value] : pairs)
            out.entries.emplace_back(text_of(key, type.charset), text_of(value, type.charset));
    } else if (type.type == "multipart/form-data") {
        TRY(out.entries, parse_multipart(plain.body, header));
    } else {
        return fail(
            unreadable("Send application/x-www-form-urlencoded, multipart/form-data or application/json")
        );
    }
    return out;
}

}  // namespace weft::ingress::detail
