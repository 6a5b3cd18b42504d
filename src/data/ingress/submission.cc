#include "data/ingress/detail/submission.h"

#include "base/limits.h"
#include "core/file/file.h"
#include "core/file/multipart.h"
#include "core/media/media.h"
#include "platform/http/coding.h"

#include <algorithm>
#include <utility>

namespace weft::ingress::detail {

namespace {

/// A form has 100 fields at most; lists send several values.
constexpr std::size_t kEntriesMax = 1'000;
/// Texts, boundaries and heads, and what is dropped of a file that is too large before people learn it.
constexpr std::size_t kAroundFiles = 64u << 20;

using Entries = std::vector<std::pair<std::string, std::string>>;

Error unreadable(std::string why) {
    return Error::invalid(std::move(why), "body");
}

std::string text_of(std::string_view bytes, const std::string& charset) {
    return media::to_utf8(std::string(bytes), charset).utf8;
}

void drop_ids(Json& value) {
    if (JsonArray* list = value.if_array()) {
        for (Json& each : *list) drop_ids(each);
    } else if (JsonObject* object = value.if_object()) {
        if (file::handle_in(value)) object->erase(file::kMember);
    }
}

}  // namespace

std::string recognised_by(const Json& input) {
    Json plain = input;
    if (JsonObject* fields = plain.if_object())
        for (auto& [name, value] : *fields) drop_ids(value);
    return to_text(plain);
}

rt::Task<Result<Submission>> receive_submission(
    http::Request& request, const form::Form& form, Receiving how, rt::Deadline by
) {
    Submission out;
    how.text_bytes_max = limits::kFormBodyBytesMax;
    how.entries_max = kEntriesMax;
    how.refuses = [&](const Receiving::Part& part) {
        auto problem = form.refuse({part.field, part.filename, part.type, part.bytes, part.before});
        if (!problem) return false;
        const auto is_told = [&](const form::Problem& known) { return known.field == problem->field; };
        if (problem->field && std::ranges::none_of(out.files.problems, is_told))
            out.files.problems.push_back(*std::move(problem));
        return true;
    };
    how.admit = [&](std::size_t bytes) -> Result<void> {
        const auto most = static_cast<std::size_t>(form.file_bytes_max()) + kAroundFiles;
        if (bytes <= most) return {};
        return fail(Error::limit("The form takes fewer bytes of files", "body"));
    };
    CO_TRY(out.received, co_await receive_multipart(request, std::move(how), std::move(by)));
    for (auto& [name, value] : out.received.entries) {
        if (value.is_string())
            out.entries.emplace_back(std::move(name), value.get_string());
        else
            out.files.handles.emplace_back(std::move(name), std::move(value));
    }
    co_return out;
}

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
            if (reader.part().filename) return fail(unreadable("Send files without a Content-Encoding"));
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
