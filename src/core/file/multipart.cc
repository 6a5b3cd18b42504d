#include "core/file/multipart.h"

#include "core/media/media.h"

#include <algorithm>

namespace weft::file {

namespace {

constexpr std::size_t kBoundaryBytesMax = 70;         // RFC 2046
constexpr std::size_t kPreambleBytesMax = 64u << 10;  // it says nothing
constexpr std::size_t kHeadersBytesMax = 16u << 10;   // of one part
constexpr std::size_t kPaddingBytesMax = 256;         // blanks behind a boundary

std::unexpected<Error> damaged(std::string why) {
    return fail(Error::invalid(std::move(why), "body"));
}

bool same(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
        return lower(x) == lower(y);
    });
}

/// Browsers write quotes and line ends in names as %22, %0D and %0A.
std::string unescaped(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const std::string_view three = name.substr(i, 3);
        const bool is_quote = three == "%22";
        const bool is_end = three == "%0D" || three == "%0A";
        out.push_back(is_quote ? '"' : is_end ? (three == "%0D" ? '\r' : '\n') : name[i]);
        if (is_quote || is_end) i += 2;
    }
    return media::to_utf8(std::move(out), "").utf8;
}

std::string escaped(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c == '"') {
            out += "%22";
        } else if (c == '\r') {
            out += "%0D";
        } else if (c == '\n') {
            out += "%0A";
        } else {
            out.push_back(c);
        }
    }
    return out;
}

}  // namespace

std::optional<std::string_view> parameter(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        std::size_t end = 0;
        for (bool is_quoted = false; end < header.size() && (is_quoted || header[end] != ';'); ++end)
            if (header[end] == '"') is_quoted = !is_quoted;
        std::string_view part = header.substr(0, end);
        header.remove_prefix(std::min(end + 1, header.size()));
        part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
        while (part.ends_with(' ') || part.ends_with('\t')) part.remove_suffix(1);
        const auto equals = part.find('=');
        if (equals == std::string_view::npos || !same(part.substr(0, equals), name)) continue;
        std::string_view value = part.substr(equals + 1);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        return value;
    }
    return std::nullopt;
}

MultipartReader::MultipartReader(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)), buffer_("\r\n") {}  // the first stands at the beginning

Result<MultipartReader> MultipartReader::make(std::string_view content_type) {
    const auto boundary = parameter(content_type, "boundary");
    if (!boundary || boundary->empty() || boundary->size() > kBoundaryBytesMax)
        return damaged("multipart/form-data needs a boundary of 1 to 70 characters");
    return MultipartReader(*boundary);
}

Result<MultipartReader::Event> MultipartReader::next() {
    switch (state_) {
        case State::kPreamble: {
            const auto at = buffer_.find(delimiter_);
            if (at == std::string::npos) {
                if (buffer_.size() > kPreambleBytesMax) return damaged("The body has no boundary");
                return Event::kMore;
            }
            buffer_.erase(0, at + delimiter_.size());
            state_ = State::kBoundary;
            return read_boundary();
        }
        case State::kBoundary:
            return read_boundary();
        case State::kHeaders:
            return read_headers();
        case State::kBody:
            return read_body();
        case State::kEnd:
            state_ = State::kBoundary;
            return Event::kEnd;
        case State::kDone:
            buffer_.clear();  // an epilogue says nothing
            return Event::kDone;
    }
    return Event::kDone;
}

/// What stands behind a delimiter: the end, or the headers of the next part.
Result<MultipartReader::Event> MultipartReader::read_boundary() {
    if (buffer_.size() < 2) return Event::kMore;
    if (buffer_.starts_with("--")) {
        state_ = State::kDone;
        return next();
    }
    const auto begin = buffer_.find_first_not_of(" \t");
    if (begin > kPaddingBytesMax && buffer_.size() > kPaddingBytesMax)
        return damaged("The body has a damaged boundary");
    if (begin == std::string::npos || buffer_.size() < begin + 2) return Event::kMore;
    if (buffer_.compare(begin, 2, "\r\n") != 0) return damaged("The body has a damaged boundary");
    buffer_.erase(0, begin + 2);
    state_ = State::kHeaders;
    return read_headers();
}

Result<MultipartReader::Event> MultipartReader::read_headers() {
    const auto end = buffer_.find("\r\n\r\n");
    if (end == std::string::npos || end > kHeadersBytesMax) {
        if (buffer_.size() > kHeadersBytesMax) return damaged("A part of the body has no end of its headers");
        return Event::kMore;
    }
    std::string_view headers = std::string_view(buffer_).substr(0, end);
    // An empty part, whose headers would be those of the next.
    if (headers.starts_with(std::string_view(delimiter_).substr(2)) || headers.contains(delimiter_))
        return damaged("A part of the body has no end of its headers");
    std::string_view disposition;
    part_ = {};
    while (!headers.empty()) {
        const std::size_t line_end = std::min(headers.find("\r\n"), headers.size());
        const std::string_view line = headers.substr(0, line_end);
        headers.remove_prefix(std::min(line_end + 2, headers.size()));
        const auto colon = std::min(line.find(':'), line.size());
        const std::string_view value = line.substr(std::min(colon + 1, line.size()));
        if (same(line.substr(0, colon), "content-disposition")) disposition = value;
        if (same(line.substr(0, colon), "content-type")) {
            part_.type = value.substr(std::min(value.find_first_not_of(" \t"), value.size()));
        }
    }
    const auto name = parameter(disposition, "name");
    if (!name) return damaged("A part of the body has no name");
    part_.name = unescaped(*name);
    if (const auto filename = parameter(disposition, "filename")) part_.filename = unescaped(*filename);
    buffer_.erase(0, end + 2);  // an empty value: the delimiter's line end is the headers'
    state_ = State::kBody;
    is_at_start_ = true;
    return Event::kPart;
}

MultipartReader::Event MultipartReader::read_body() {
    const auto at = buffer_.find(delimiter_);
    const bool is_found = at != std::string::npos;
    // What may be the beginning of a delimiter waits for the rest of it.
    std::size_t ready = is_found ? at : buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
    const std::size_t skipped = is_at_start_ ? std::min<std::size_t>(2, ready) : 0;
    if (is_at_start_ && !is_found && ready < 2) return Event::kMore;
    is_at_start_ = false;
    data_ = buffer_.substr(skipped, ready - skipped);
    if (is_found) ready += delimiter_.size();
    buffer_.erase(0, ready);
    if (is_found) state_ = data_.empty() ? State::kBoundary : State::kEnd;
    if (!data_.empty()) return Event::kData;
    return is_found ? Event::kEnd : Event::kMore;
}

Result<void> MultipartReader::finish() const {
    if (state_ == State::kDone) return {};
    return damaged("The body ends before its last boundary");
}

std::string part_head(std::string_view boundary, const MultipartReader::Part& part) {
    std::string out = "--" + std::string(boundary) + "\r\ncontent-disposition: form-data; name=\"" +
                      escaped(part.name) + '"';
    if (part.filename) out += "; filename=\"" + escaped(*part.filename) + '"';
    if (!part.type.empty()) out += "\r\ncontent-type: " + part.type;
    return out + "\r\n\r\n";
}

std::string multipart_end(std::string_view boundary) {
    return "--" + std::string(boundary) + "--\r\n";
}

}  // namespace weft::file
