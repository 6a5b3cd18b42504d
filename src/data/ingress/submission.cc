#include "data/ingress/detail/submission.h"

#include "base/limits.h"
#include "core/file/multipart.h"
#include "core/media/media.h"
#include "platform/http/coding.h"

#include <algorithm>

namespace weft::ingress::detail {

namespace {

/// A form has 100 fields at most; lists send several values.
constexpr std::size_t kEntriesMax = 1'000;

using Entries = std::vector<std::pair<std::string, std::string>>;

Error unreadable(std::string why) {
    return Error::invalid(std::move(why), "body");
}

std::string text_of(std::string_view bytes, const std::string& charset) {
    return media::to_utf8(std::string(bytes), charset).utf8;
}

}  // namespace

Result<Entries> parse_multipart(std::string_view body, std::string_view content_type) {
    using Event = file::MultipartReader::Event;
    TRY(auto reader, file::MultipartReader::make(content_type));
    reader.feed(body);
    Entries out;
    for (;;) {
        TRY(const auto event, reader.next());
        if (event == Event::kDone) break;
        if (event == Event::kMore) return fail(reader.finish().error());
        if (event == Event::kPart) {
            if (reader.part().filename) return fail(unreadable("Forms take no files yet"));
            if (out.size() == kEntriesMax) return fail(Error::limit("The body has too many fields", "body"));
            out.emplace_back(reader.part().name, "");
        }
        if (event == Event::kData) out.back().second += reader.data();
        if (event == Event::kEnd) out.back().second = text_of(out.back().second, "");
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
