#include "core/file/file.h"

#include "base/bytes.h"
#include "core/media/media.h"

#include <algorithm>
#include <array>
#include <utility>

namespace weft::file {

namespace {

constexpr int kDepthMax = 100;  // as deep as values of runs may be

Result<void> collect(const Json& value, std::string_view field, int depth, std::vector<FileId>& out) {
    if (depth > kDepthMax) return {};
    if (const auto id = handle_in(value)) {
        if (std::ranges::find(out, *id) != out.end()) return {};
        if (out.size() == kFilesPerValueMax)
            return fail(Error::limit("A value holds at most 100 files", std::string(field)));
        out.push_back(*id);
        return {};
    }
    if (const auto* array = value.if_array())
        for (const Json& item : *array) CHECK_OK(collect(item, field, depth + 1, out));
    if (const auto* object = value.if_object())
        for (const auto& [key, member] : *object) CHECK_OK(collect(member, field, depth + 1, out));
    return {};
}

bool is_token(std::string_view text) {
    constexpr std::string_view kMarks = "!#$&-^_.+";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kMarks.contains(c);
    });
}

/// Cut at a character's border.
std::string_view head(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
    return text.substr(0, bytes);
}

}  // namespace

Json to_json(const Handle& handle) {
    return JsonObject{
        {kMember, handle.id.text()},
        {"name", handle.name},
        {"type", handle.type},
        {"size", handle.size},
        {"sha256", handle.sha256},
    };
}

std::optional<FileId> handle_in(const Json& value) {
    const auto* object = value.if_object();
    if (object == nullptr) return std::nullopt;
    const Json* id = object->if_contains(kMember);
    const std::string* text = id == nullptr ? nullptr : id->if_string();
    return text == nullptr ? std::nullopt : FileId::parse(*text);
}

Result<std::vector<FileId>> handles_in(const Json& value, std::string_view field) {
    std::vector<FileId> out;
    CHECK_OK(collect(value, field, 0, out));
    return out;
}

bool may_hold_handles(std::string_view json) {
    // An escape may spell it otherwise, which nothing that we write does.
    return json.contains(kMember) || json.contains("\\u0024file");
}

std::string clean_name(std::string_view name) {
    std::string text = media::to_utf8(std::string(name), "").utf8;
    if (const auto at = text.find_last_of("/\\"); at != std::string::npos) text.erase(0, at + 1);
    std::erase_if(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
    // "." and ".." are folders wherever somebody saves it; blanks at the ends only confuse.
    const auto begin = text.find_first_not_of(" .");
    if (begin == std::string::npos) return "file";
    const bool is_hidden = begin > 0 && text[begin - 1] == '.' && begin == 1;
    text.erase(0, is_hidden ? 0 : begin);
    text.erase(text.find_last_not_of(' ') + 1);
    if (text.size() <= kNameBytesMax) return text;
    // Its ending says what it is.
    const auto dot = text.rfind('.');
    const std::string ending = dot != std::string::npos && text.size() - dot <= 16 ? text.substr(dot) : "";
    return std::string(head(text, kNameBytesMax - ending.size())) + ending;
}

std::string clean_type(std::string_view type) {
    std::string out = media::parse_content_type(type).type;
    const auto slash = out.find('/');
    const bool is_good = out.size() <= kTypeBytesMax && slash != std::string::npos &&
                         is_token(std::string_view(out).substr(0, slash)) &&
                         is_token(std::string_view(out).substr(slash + 1));
    return is_good ? out : std::string(kAnyType);
}

std::string_view type_of_name(std::string_view name) {
    static constexpr auto kTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
        {".csv", "text/csv"},
        {".gif", "image/gif"},
        {".htm", "text/html"},
        {".html", "text/html"},
        {".jpeg", "image/jpeg"},
        {".jpg", "image/jpeg"},
        {".json", "application/json"},
        {".md", "text/markdown"},
        {".pdf", "application/pdf"},
        {".png", "image/png"},
        {".svg", "image/svg+xml"},
        {".tsv", "text/tab-separated-values"},
        {".txt", "text/plain"},
        {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {".xml", "application/xml"},
        {".zip", "application/zip"},
    });
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos) return kAnyType;
    std::string ending(name.substr(dot));
    std::ranges::transform(ending, ending.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    });
    const auto found =
        std::ranges::find(kTypes, std::string_view(ending), [](const auto& type) { return type.first; });
    return found == kTypes.end() ? kAnyType : found->second;
}

std::string disposition(std::string_view name) {
    std::string plain;
    for (const char c : name) {
        // What some readers would take for an escape or an end becomes harmless; the other form has it whole.
        const bool is_plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != '%';
        plain.push_back(is_plain ? c : '_');
    }
    return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + percent_encode(name);
}

}  // namespace weft::file
