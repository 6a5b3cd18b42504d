#include "control/runs/detail/shape.h"

#include "base/limits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace weft::control {

namespace {

constexpr std::array<std::string_view, 6> kKinds = {"object", "array", "string", "number", "bool", "null"};
constexpr std::size_t kNameBytesMax = 1'000;
constexpr int kPathNamesMax = 16;  // each may take a pass over the text
using KindCounts = std::array<std::int64_t, kKinds.size()>;

std::size_t kind_at(std::string_view json, std::size_t at) {
    switch (at < json.size() ? json[at] : 'n') {
        case '{':
            return 0;
        case '[':
            return 1;
        case '"':
            return 2;
        case 't':
        case 'f':
            return 4;
        case 'n':
            return 5;
        default:
            return 3;
    }
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::size_t past_space(std::string_view json, std::size_t at) {
    while (at < json.size() && is_space(json[at])) ++at;
    return at;
}

/// Behind the string that begins at `at`; the text's end where it has none.
std::size_t past_string(std::string_view json, std::size_t at) {
    for (++at; at < json.size(); ++at) {
        if (json[at] == '"') return at + 1;
        if (json[at] == '\\') ++at;
    }
    return json.size();
}

/// Behind the value that begins at `at`, however deep it is.
std::size_t past_value(std::string_view json, std::size_t at) {
    std::size_t depth = 0;
    while (at < json.size()) {
        const char c = json[at];
        if (c == '"') {
            at = past_string(json, at);
        } else if (c == '{' || c == '[') {
            ++depth;
            ++at;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return at;
            --depth;
            ++at;
        } else if (depth == 0) {  // a number or a word
            while (at < json.size() && json[at] != ',' && json[at] != '}' && json[at] != ']' &&
                   !is_space(json[at]))
                ++at;
        } else {
            ++at;
            continue;
        }
        if (depth == 0) return at;
    }
    return at;
}

struct Part {
    std::size_t at = 0;
    std::size_t size = 0;
};

/// The parts of a list, or of an object with their names as they are written, in quotes.
class Parts {
  public:
    Parts(std::string_view json, std::size_t at)
        : json_(json), is_object_(json[at] == '{'), at_(past_space(json, at + 1)) {}

    bool next() {
        if (at_ >= json_.size() || json_[at_] == '}' || json_[at_] == ']') return false;
        if (is_object_) {
            const std::size_t end = past_string(json_, at_);
            name_ = json_.substr(at_, end - at_);
            at_ = std::min(past_space(json_, past_space(json_, end) + 1), json_.size());  // the colon
        }
        part_.at = at_;
        at_ = past_value(json_, at_);
        part_.size = at_ - part_.at;
        at_ = past_space(json_, at_);
        if (at_ < json_.size() && json_[at_] == ',') at_ = past_space(json_, at_ + 1);
        return true;
    }
    std::string_view name() const { return name_; }
    const Part& part() const { return part_; }

  private:
    std::string_view json_;
    bool is_object_;
    std::size_t at_;
    std::string_view name_;
    Part part_;
};

std::string decoded(std::string_view quoted) {
    if (!quoted.contains('\\')) return std::string(quoted.substr(1, quoted.size() - 2));
    const auto value = parse_json(quoted, {.bytes_max = limits::kPayloadBytesMax});
    return value && value->is_string() ? std::string(value->get_string()) : std::string(quoted);
}

/// One name of a JSON pointer.
std::string unescaped(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const bool is_escape = token[i] == '~' && i + 1 < token.size();
        out += is_escape ? (token[++i] == '1' ? '/' : '~') : token[i];
    }
    return out;
}

std::optional<Part> member_of(std::string_view json, std::size_t at, const std::string& name) {
    const std::size_t kind = kind_at(json, at);
    if (kind > 1) return std::nullopt;
    std::int64_t wanted = 0;
    if (kind == 1) {
        const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), wanted);
        if (bad != std::errc() || end != name.data() + name.size() || wanted < 0) return std::nullopt;
    }
    Parts parts(json, at);
    while (parts.next()) {
        if (kind == 1 ? wanted-- == 0 : decoded(parts.name()) == name) return parts.part();
    }
    return std::nullopt;
}

Result<Part> part_at(std::string_view json, std::string_view path) {
    Part out{.at = past_space(json, 0), .size = 0};
    out.size = past_value(json, out.at) - out.at;
    std::string_view left = path;
    for (int names = 0; !left.empty(); ++names) {
        if (left.front() != '/')
            return fail(Error::invalid("path must be a JSON pointer: \"/body/items/0\"", "path"));
        if (names == kPathNamesMax) return fail(Error::invalid("path has at most 16 names", "path"));
        const std::size_t end = std::min(left.find('/', 1), left.size());
        const auto found = member_of(json, out.at, unescaped(left.substr(1, end - 1)));
        if (!found) {
            const auto shown = std::string(path.substr(0, path.size() - left.size() + end));
            return fail(Error::invalid("path: the value has nothing at " + shown, "path"));
        }
        out = *found;
        left.remove_prefix(end);
    }
    return out;
}

/// The members of an object, or of a list's objects, by name.
class Keys {
  public:
    void add(std::string_view json, std::size_t object) {
        Parts parts(json, object);
        while (parts.next()) note(json, parts.name(), parts.part());
    }
    JsonArray shown() const {
        JsonArray out;
        for (const Key& key : keys_) {
            JsonArray kinds;
            for (std::size_t i = 0; i < kKinds.size(); ++i)
                if (key.kinds[i] > 0) kinds.push_back(Json(kKinds[i]));
            out.push_back(JsonObject{
                {"name", decoded(key.name)},
                {"count", key.count},
                {"kinds", std::move(kinds)},
                {"size_bytes", key.bytes},
                {"example",
                 key.example.empty() ? Json(nullptr) : parse_json(key.example).value_or(Json(nullptr))},
            });
        }
        return out;
    }
    bool has_more() const { return has_more_; }

  private:
    struct Key {
        std::string_view name;
        std::int64_t count = 0;
        std::int64_t bytes = 0;
        KindCounts kinds{};
        std::string_view example;
    };
    void note(std::string_view json, std::string_view name, const Part& part) {
        auto found = places_.find(name);
        if (found == places_.end()) {
            if (keys_.size() == kShapeKeysMax || name.size() > kNameBytesMax) {
                has_more_ = true;
                return;
            }
            found = places_.emplace(name, keys_.size()).first;
            keys_.push_back({.name = name});
        }
        Key& key = keys_[found->second];
        const std::size_t kind = kind_at(json, part.at);
        ++key.count;
        key.bytes += static_cast<std::int64_t>(part.size);
        ++key.kinds[kind];
        const bool is_small = kind > 1 && kind < 5 && part.size <= kShapeExampleBytesMax;
        if (key.example.empty() && is_small) key.example = json.substr(part.at, part.size);
    }

    std::unordered_map<std::string_view, std::size_t> places_;
    std::vector<Key> keys_;
    bool has_more_ = false;
};

Json row_json(std::string_view json, const Part& part) {
    const bool is_large = part.size > kShapeRowBytesMax;
    Json value;
    if (!is_large) value = parse_json(json.substr(part.at, part.size)).value_or(Json(nullptr));
    return JsonObject{
        {"offset", static_cast<std::int64_t>(part.at)},
        {"size_bytes", static_cast<std::int64_t>(part.size)},
        {"is_large", is_large},
        {"value", std::move(value)},
    };
}

}  // namespace

Result<JsonObject> shape_of(std::string_view json, std::string_view path, std::size_t rows) {
    TRY(const Part part, part_at(json, path));
    const std::size_t kind = kind_at(json, part.at);
    Keys keys;
    KindCounts counts{};
    std::int64_t items = 0;
    JsonArray first;
    if (kind <= 1) {
        Parts parts(json, part.at);
        while (parts.next()) {
            const std::size_t of = kind_at(json, parts.part().at);
            ++items;
            ++counts[of];
            if (kind == 1 && of == 0) keys.add(json, parts.part().at);
            if (kind == 1 && first.size() < rows) first.push_back(row_json(json, parts.part()));
        }
        if (kind == 0) keys.add(json, part.at);
    }
    JsonArray kinds;
    for (std::size_t i = 0; i < kKinds.size(); ++i)
        if (counts[i] > 0) kinds.push_back(JsonObject{{"kind", kKinds[i]}, {"count", counts[i]}});
    return JsonObject{
        {"path", path},
        {"offset", static_cast<std::int64_t>(part.at)},
        {"size_bytes", static_cast<std::int64_t>(part.size)},
        {"kind", kKinds[kind]},
        {"items", kind <= 1 ? Json(items) : Json(nullptr)},
        {"kinds", std::move(kinds)},
        {"keys", keys.shown()},
        {"has_more_keys", keys.has_more()},
        {"rows", std::move(first)},
    };
}

}  // namespace weft::control
