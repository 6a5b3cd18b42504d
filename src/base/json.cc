#include "base/json.h"

#include "base/random.h"

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <stdexcept>

namespace weft {

namespace {

constexpr std::size_t kScannedMax = 16;  // members of an object without a hash table
constexpr std::uint32_t kFree = UINT32_MAX;

/// Keyed by this process' own randomness: whoever sends a document cannot choose keys that fall on one place.
std::uint64_t hash_of(std::string_view key) {
    static const std::pair<std::uint64_t, std::uint64_t> kSeeds = [] {
        SystemRng rng;
        return std::pair(rng.next() | 1, rng.next() | 1);
    }();
    __extension__ using Wide = unsigned __int128;
    auto mix = [](std::uint64_t a, std::uint64_t b) {
        const Wide product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    };
    std::uint64_t hash = mix(kSeeds.first ^ key.size(), kSeeds.second);
    for (std::size_t at = 0; at < key.size(); at += 8) {
        std::uint64_t chunk = 0;
        std::memcpy(&chunk, key.data() + at, std::min<std::size_t>(8, key.size() - at));
        hash = mix(hash ^ chunk ^ kSeeds.first, kSeeds.second);
    }
    return hash;
}

}  // namespace

JsonObject::JsonObject() = default;
JsonObject::JsonObject(const JsonObject&) = default;
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(const JsonObject&) = default;
JsonObject& JsonObject::operator=(JsonObject&&) noexcept = default;
JsonObject::~JsonObject() = default;

JsonObject::JsonObject(std::initializer_list<std::pair<std::string_view, JsonPart>> members) {
    reserve(members.size());
    for (const auto& [key, part] : members) emplace(key, std::move(part.value));
}

JsonObject::iterator JsonObject::begin() {
    return members_.begin();
}
JsonObject::iterator JsonObject::end() {
    return members_.end();
}
JsonObject::const_iterator JsonObject::begin() const {
    return members_.begin();
}
JsonObject::const_iterator JsonObject::end() const {
    return members_.end();
}
std::size_t JsonObject::size() const {
    return members_.size();
}
void JsonObject::clear() {
    members_.clear();
    slots_.clear();
}
void JsonObject::reserve(std::size_t members) {
    members_.reserve(members);
}

std::size_t JsonObject::place_of(std::string_view key) const {
    if (slots_.empty()) {
        auto found = std::ranges::find(members_, key, &JsonMember::key);
        return static_cast<std::size_t>(found - members_.begin());
    }
    for (std::size_t slot = hash_of(key);; ++slot) {
        const std::uint32_t place = slots_[slot & (slots_.size() - 1)];
        if (place == kFree) return members_.size();
        if (members_[place].key() == key) return place;
    }
}

void JsonObject::note(std::size_t place) {
    std::size_t slot = hash_of(members_[place].key());
    while (slots_[slot & (slots_.size() - 1)] != kFree) ++slot;
    slots_[slot & (slots_.size() - 1)] = static_cast<std::uint32_t>(place);
}

/// Makes the hash table, at most a quarter full.
void JsonObject::index() {
    slots_.assign(members_.size() > kScannedMax ? std::bit_ceil(members_.size() * 4) : 0, kFree);
    if (slots_.empty()) return;
    for (std::size_t place = 0; place < members_.size(); ++place) note(place);
}

JsonObject::iterator JsonObject::find(std::string_view key) {
    return members_.begin() + static_cast<std::ptrdiff_t>(place_of(key));
}
JsonObject::const_iterator JsonObject::find(std::string_view key) const {
    return members_.begin() + static_cast<std::ptrdiff_t>(place_of(key));
}
Json* JsonObject::if_contains(std::string_view key) {
    const std::size_t place = place_of(key);
    return place < members_.size() ? &members_[place].value() : nullptr;
}
const Json* JsonObject::if_contains(std::string_view key) const {
    const std::size_t place = place_of(key);
    return place < members_.size() ? &members_[place].value() : nullptr;
}
Json& JsonObject::at(std::string_view key) {
    return const_cast<Json&>(std::as_const(*this).at(key));
}
const Json& JsonObject::at(std::string_view key) const {
    const Json* found = if_contains(key);
    if (found == nullptr) throw std::out_of_range(fmt::format("no member \"{}\"", key));
    return *found;
}

Json& JsonObject::operator[](std::string_view key) {
    return emplace(key, nullptr).first->value();
}

std::pair<JsonObject::iterator, bool> JsonObject::emplace(std::string_view key, Json value) {
    const std::size_t place = place_of(key);
    const bool is_new = place == members_.size();
    if (is_new) {
        members_.emplace_back(std::string(key), std::move(value));
        if (slots_.size() < members_.size() * 2)
            index();
        else
            note(place);
    }
    return {members_.begin() + static_cast<std::ptrdiff_t>(place), is_new};
}

std::pair<JsonObject::iterator, bool> JsonObject::insert_or_assign(std::string_view key, Json value) {
    if (Json* found = if_contains(key)) {
        *found = std::move(value);
        return {find(key), false};
    }
    return emplace(key, std::move(value));
}

std::size_t JsonObject::erase(std::string_view key) {
    auto found = std::as_const(*this).find(key);
    if (found == members_.end()) return 0;
    erase(found);
    return 1;
}

JsonObject::iterator JsonObject::erase(const_iterator member) {
    auto next = members_.erase(member);
    index();
    return next;
}

bool JsonObject::operator==(const JsonObject& other) const {
    return size() == other.size() && std::ranges::all_of(members_, [&](const JsonMember& member) {
               const Json* found = other.if_contains(member.key());
               return found != nullptr && *found == member.value();
           });
}

Json::Json(double value) {
    if (std::isfinite(value)) value_ = Decimal(value);
}

Json::Json(std::initializer_list<JsonPart> parts) {
    const bool is_object = std::ranges::all_of(parts, [](const JsonPart& part) {
        const JsonArray* pair = part.value.if_array();
        return pair != nullptr && pair->size() == 2 && pair->front().is_string();
    });
    if (is_object) {
        auto& object = emplace_object();
        object.reserve(parts.size());
        for (const auto& part : parts) {
            JsonArray& pair = part.value.get_array();
            object.emplace(pair[0].get_string(), std::move(pair[1]));
        }
        return;
    }
    auto& array = emplace_array();
    array.reserve(parts.size());
    for (const auto& part : parts) array.push_back(std::move(part.value));
}

namespace {

namespace bj = boost::json;
using Text = bj::string_view;
using Ec = bj::error_code;

/// Hears of everything in a text and keeps nothing; counts values, which cost time however short their text
/// is.
struct Listener {
    static constexpr std::size_t max_array_size = -1;
    static constexpr std::size_t max_object_size = -1;
    static constexpr std::size_t max_string_size = -1;
    static constexpr std::size_t max_key_size = -1;

    explicit Listener(const JsonLimits& limits) : nodes_left(limits.nodes_max), limits(limits) {}
    std::size_t nodes_left;
    JsonLimits limits;
    std::optional<Error> refusal;

    bool refuse(Error error, Ec& ec) {
        refusal = std::move(error);
        ec = bj::make_error_code(bj::error::syntax);
        return false;
    }
    /// Claims one node.
    bool take(Ec& ec) {
        if (nodes_left > 0) return --nodes_left, true;
        return refuse(Error::limit(fmt::format("JSON holds more than {} values", limits.nodes_max)), ec);
    }

    bool on_document_begin(Ec&) { return true; }
    bool on_document_end(Ec&) { return true; }
    bool on_array_begin(Ec& ec) { return take(ec); }
    bool on_array_end(std::size_t, Ec&) { return true; }
    bool on_object_begin(Ec& ec) { return take(ec); }
    bool on_object_end(std::size_t, Ec&) { return true; }
    bool on_key_part(Text, std::size_t, Ec&) { return true; }
    bool on_key(Text, std::size_t, Ec&) { return true; }
    bool on_string_part(Text, std::size_t, Ec&) { return true; }
    bool on_string(Text, std::size_t, Ec& ec) { return take(ec); }
    bool on_number_part(Text, Ec&) { return true; }
    bool on_int64(std::int64_t, Text, Ec& ec) { return take(ec); }
    bool on_uint64(std::uint64_t, Text, Ec& ec) { return take(ec); }
    bool on_double(double, Text, Ec& ec) { return take(ec); }
    bool on_bool(bool, Ec& ec) { return take(ec); }
    bool on_null(Ec& ec) { return take(ec); }
    bool on_comment_part(Text, Ec&) { return true; }
    bool on_comment(Text, Ec&) { return true; }
};

/// Builds the value. The parser's own numbers are left alone: they are binary.
struct Builder : Listener {
    using Listener::Listener;
    struct Open {
        Json value;
        std::string key;  // of the member that is being read
    };
    std::vector<Open> open;
    std::string text;  // of the string, key or number that is being read
    Json root;

    template <class T>
    bool put(T&& value) {
        if (open.empty())
            root = Json(std::forward<T>(value));
        else if (JsonArray* array = open.back().value.if_array())
            array->emplace_back(std::forward<T>(value));
        else
            open.back().value.get_object().emplace(open.back().key, std::forward<T>(value));
        return true;
    }
    bool close() {
        Json done = std::move(open.back().value);
        open.pop_back();
        return put(std::move(done));
    }
    /// The whole of what has been told in parts, of which this is the last; nearly always the only one.
    std::string_view whole(Text part) {
        if (text.empty()) return {part.data(), part.size()};
        add(part);
        return text;
    }
    bool add(Text part) {
        text.append(part.data(), part.size());
        return true;
    }

    bool on_array_begin(Ec& ec) { return open.emplace_back(JsonArray()), take(ec); }
    bool on_array_end(std::size_t, Ec&) { return close(); }
    bool on_object_begin(Ec& ec) { return open.emplace_back(JsonObject()), take(ec); }
    bool on_object_end(std::size_t, Ec&) { return close(); }
    bool on_key_part(Text part, std::size_t, Ec&) { return add(part); }
    bool on_key(Text part, std::size_t, Ec& ec) {
        const std::string_view key = whole(part);
        // Two readers that disagree about which of two equal keys counts are how a check is passed with one
        // value and used with the other.
        if (open.back().value.get_object().contains(key))
            return refuse(Error::invalid(fmt::format("The JSON object has the key \"{}\" twice", key)), ec);
        open.back().key.assign(key);
        text.clear();
        return true;
    }
    bool on_string_part(Text part, std::size_t, Ec&) { return add(part); }
    bool on_string(Text part, std::size_t, Ec& ec) {
        put(whole(part));
        text.clear();
        return take(ec);
    }
    bool on_number_part(Text part, Ec&) { return add(part); }
    bool number(Text part, Ec& ec) {
        const std::string_view written = whole(part);
        if (written.size() > limits.digits_max) {
            return refuse(
                Error::limit(fmt::format(
                    "JSON holds a number of {} characters; the limit is {}", written.size(), limits.digits_max
                )),
                ec
            );
        }
        auto value = Decimal::parse(written);
        text.clear();
        return value ? put(*std::move(value)) && take(ec) : refuse(Error::invalid("Not a JSON number"), ec);
    }
    bool on_int64(std::int64_t, Text part, Ec& ec) { return number(part, ec); }
    bool on_uint64(std::uint64_t, Text part, Ec& ec) { return number(part, ec); }
    bool on_double(double, Text part, Ec& ec) { return number(part, ec); }
    bool on_bool(bool value, Ec& ec) { return put(value) && take(ec); }
    bool on_null(Ec& ec) { return put(nullptr) && take(ec); }
};

/// Replaces escapes that are half a surrogate pair, which some senders write for a cut emoji and which no
/// UTF-8 can say, by U+FFFD. Nothing when there are none, which is nearly always.
std::optional<std::string> without_lone_surrogates(std::string_view text) {
    auto unit_at = [&](std::size_t at) -> unsigned {
        unsigned value = 0;
        if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return 0;
        auto [end, ec] = std::from_chars(text.data() + at + 2, text.data() + at + 6, value, 16);
        return ec == std::errc() && end == text.data() + at + 6 ? value : 0;
    };
    auto is_high = [](unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; };
    auto is_low = [](unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; };
    std::optional<std::string> out;
    for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
        const unsigned unit = unit_at(at);
        if (is_high(unit) && is_low(unit_at(at + 6))) {
            at += 12;
        } else if (is_high(unit) || is_low(unit)) {
            if (!out) out = text;
            out->replace(at, 6, "\\ufffd");
            at += 6;
        } else {
            at += 2;  // a backslash escaped by another begins nothing
        }
    }
    return out;
}

/// Reads the whole of `text` with `H`, which may refuse.
template <class H>
Result<> read(bj::basic_parser<H>& parser, std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.bytes_max)
        return fail(
            Error::limit(fmt::format("JSON text is {} bytes; the limit is {}", text.size(), limits.bytes_max))
        );
    const auto mended = without_lone_surrogates(text);
    if (mended) text = *mended;
    Ec ec;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (parser.handler().refusal) return fail(std::move(*parser.handler().refusal));
    if (!ec && used < text.size()) ec = bj::make_error_code(bj::error::extra_data);
    if (ec == bj::error::too_deep)
        return fail(Error::limit(fmt::format("JSON is nested deeper than {} levels", limits.depth_max)));
    if (ec) return fail(Error::invalid(fmt::format("Not valid JSON at byte {}: {}", used, ec.message())));
    return {};
}

bj::parse_options options_of(const JsonLimits& limits) {
    bj::parse_options options;
    options.max_depth = limits.depth_max;
    return options;
}

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
    bj::basic_parser<Builder> parser(options_of(limits), limits);
    CHECK_OK(read(parser, text, limits));
    return std::move(parser.handler().root);
}

bool is_json_text(std::string_view text, JsonLimits limits) {
    bj::basic_parser<Listener> parser(options_of(limits), limits);
    return read(parser, text, limits).has_value();
}

void append_json_string(std::string_view text, std::string& out) {
    constexpr std::string_view kHex = "0123456789abcdef";
    constexpr std::string_view kShort = "btnvfr";  // from 0x08 on; \v is JavaScript's alone
    out += '"';
    std::size_t plain = 0;  // where what needs no escape begins
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out += text.substr(plain, at - plain);
        plain = at + 1;
        out += '\\';
        if (c >= 0x20) {
            out += text[at];
        } else if (c >= 0x08 && c <= 0x0D && c != 0x0B) {
            out += kShort[c - 0x08u];
        } else {
            out += "u00";
            out += kHex[c >> 4u];
            out += kHex[c & 15u];
        }
    }
    out += text.substr(plain);
    out += '"';
}

void append_text(const Json& value, std::string& out) {
    bool is_first = true;
    auto next = [&](char open) {
        out += is_first ? open : ',';
        is_first = false;
    };
    switch (value.kind()) {
        case JsonKind::kNull:
            out += "null";
            break;
        case JsonKind::kBool:
            out += value.get_bool() ? "true" : "false";
            break;
        case JsonKind::kNumber:
            out += value.get_number().text();
            break;
        case JsonKind::kString:
            append_json_string(value.get_string(), out);
            break;
        case JsonKind::kArray:
            for (const Json& item : value.get_array()) {
                next('[');
                append_text(item, out);
            }
            out += is_first ? "[]" : "]";
            break;
        case JsonKind::kObject:
            for (const auto& [key, member] : value.get_object()) {
                next('{');
                append_json_string(key, out);
                out += ':';
                append_text(member, out);
            }
            out += is_first ? "{}" : "}";
            break;
    }
}

std::string to_text(const Json& value) {
    std::string out;
    append_text(value, out);
    return out;
}

std::string_view text_or(const JsonObject& object, std::string_view key, std::string_view fallback) {
    const Json* found = object.if_contains(key);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : fallback;
}

std::int64_t int_or(const JsonObject& object, std::string_view key, std::int64_t fallback) {
    const Json* found = object.if_contains(key);
    return found != nullptr ? found->if_int64().value_or(fallback) : fallback;
}

}  // namespace weft
