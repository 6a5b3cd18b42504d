#pragma once

#include "base/decimal.h"
#include "base/error.h"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weft {

class Json;
class JsonMember;
struct JsonPart;
using JsonArray = std::vector<Json>;

/// Members in the order in which they were written, each key once. Finding one takes constant time; erasing
/// one is linear in the members.
class JsonObject {
  public:
    using iterator = std::vector<JsonMember>::iterator;
    using const_iterator = std::vector<JsonMember>::const_iterator;

    JsonObject();
    /// Of equal keys the first counts.
    JsonObject(std::initializer_list<std::pair<std::string_view, JsonPart>> members);
    JsonObject(const JsonObject&);
    JsonObject(JsonObject&&) noexcept;
    JsonObject& operator=(const JsonObject&);
    JsonObject& operator=(JsonObject&&) noexcept;
    ~JsonObject();

    iterator begin();
    iterator end();
    const_iterator begin() const;
    const_iterator end() const;
    std::size_t size() const;
    bool empty() const { return size() == 0; }
    void clear();
    void reserve(std::size_t members);

    iterator find(std::string_view key);
    const_iterator find(std::string_view key) const;
    bool contains(std::string_view key) const { return if_contains(key) != nullptr; }
    Json* if_contains(std::string_view key);
    const Json* if_contains(std::string_view key) const;
    /// Precondition: it is there (else std::out_of_range).
    Json& at(std::string_view key);
    const Json& at(std::string_view key) const;

    /// The member's value, null when it is new.
    Json& operator[](std::string_view key);
    /// Leaves a member that is there as it is; whether it was new.
    std::pair<iterator, bool> emplace(std::string_view key, Json value);
    std::pair<iterator, bool> insert_or_assign(std::string_view key, Json value);
    /// How many there were.
    std::size_t erase(std::string_view key);
    iterator erase(const_iterator member);

    /// The same members whatever their order.
    bool operator==(const JsonObject& other) const;

  private:
    std::size_t place_of(std::string_view key) const;
    void note(std::size_t place);
    void index();

    std::vector<JsonMember> members_;
    std::vector<std::uint32_t> slots_;  // a hash table of places in members_, once there are many
};

enum class JsonKind { kNull, kBool, kNumber, kString, kArray, kObject };

/// One JSON value of any kind.
class Json {
  public:
    Json() = default;
    Json(std::nullptr_t) {}
    template <std::same_as<bool> T>
    Json(T value) : value_(value) {}
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Json(T value) : value_(Decimal(value)) {}
    /// As JavaScript prints it; null when it is not finite, as JSON.stringify says.
    Json(double value);
    Json(Decimal value) : value_(std::move(value)) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(std::string_view value) : value_(std::string(value)) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(JsonArray value) : value_(std::move(value)) {}
    Json(JsonObject value) : value_(std::move(value)) {}
    /// An object if every part is a pair of a text and a value (`{{"a", 1}, {"b", 2}}`), else an array.
    Json(std::initializer_list<JsonPart> parts);

    JsonKind kind() const { return static_cast<JsonKind>(value_.index()); }
    bool is_null() const { return kind() == JsonKind::kNull; }
    bool is_bool() const { return kind() == JsonKind::kBool; }
    bool is_number() const { return kind() == JsonKind::kNumber; }
    bool is_string() const { return kind() == JsonKind::kString; }
    bool is_array() const { return kind() == JsonKind::kArray; }
    bool is_object() const { return kind() == JsonKind::kObject; }

    /// Precondition: it is of that kind (else std::bad_variant_access).
    bool get_bool() const { return std::get<bool>(value_); }
    const Decimal& get_number() const { return std::get<Decimal>(value_); }
    const std::string& get_string() const { return std::get<std::string>(value_); }
    const JsonArray& get_array() const { return std::get<JsonArray>(value_); }
    const JsonObject& get_object() const { return std::get<JsonObject>(value_); }
    std::string& get_string() { return std::get<std::string>(value_); }
    JsonArray& get_array() { return std::get<JsonArray>(value_); }
    JsonObject& get_object() { return std::get<JsonObject>(value_); }

    /// Null when it is of another kind.
    const Decimal* if_number() const { return std::get_if<Decimal>(&value_); }
    const std::string* if_string() const { return std::get_if<std::string>(&value_); }
    const JsonArray* if_array() const { return std::get_if<JsonArray>(&value_); }
    const JsonObject* if_object() const { return std::get_if<JsonObject>(&value_); }
    JsonArray* if_array() { return std::get_if<JsonArray>(&value_); }
    JsonObject* if_object() { return std::get_if<JsonObject>(&value_); }
    /// A whole number in range, however it is written; else nothing.
    std::optional<std::int64_t> if_int64() const {
        return is_number() ? get_number().to_int64() : std::nullopt;
    }

    /// Member or element. Precondition: it is there.
    const Json& at(std::string_view key) const { return get_object().at(key); }
    Json& at(std::string_view key) { return get_object().at(key); }
    const Json& at(std::size_t index) const { return get_array().at(index); }
    Json& at(std::size_t index) { return get_array().at(index); }

    /// Makes it an empty one of that kind.
    JsonObject& emplace_object() { return value_.emplace<JsonObject>(); }
    JsonArray& emplace_array() { return value_.emplace<JsonArray>(); }

    /// By value: numbers as numbers, objects whatever the order of their members.
    bool operator==(const Json& other) const = default;

  private:
    std::variant<std::nullptr_t, bool, Decimal, std::string, JsonArray, JsonObject> value_;
};

class JsonMember {
  public:
    JsonMember(std::string key, Json value) : key_(std::move(key)), value_(std::move(value)) {}
    const std::string& key() const { return key_; }
    const Json& value() const { return value_; }
    Json& value() { return value_; }

    /// `for (const auto& [key, value] : object)`
    template <std::size_t I, class Self>
    auto&& get(this Self&& self) {
        if constexpr (I == 0)
            return std::as_const(self.key_);
        else
            return std::forward<Self>(self).value_;
    }

  private:
    std::string key_;
    Json value_;
};

/// What stands in braces where an object or array is written out: a value that may be moved away.
struct JsonPart {
    template <class T>
        requires std::constructible_from<Json, T> && (!std::same_as<std::remove_cvref_t<T>, JsonPart>)
    JsonPart(T&& given) : value(std::forward<T>(given)) {}
    JsonPart(std::initializer_list<JsonPart> parts) : value(parts) {}
    mutable Json value;
};

/// Bounds for text from outside; a tenant's document must not exhaust a trusted process.
struct JsonLimits {
    std::size_t bytes_max = 5u << 20;  // the webhook body limit
    std::size_t depth_max = 64;
    std::size_t nodes_max = 1'000'000;  // values of any kind: some 200 ms and 100 MB
    std::size_t digits_max = 1'000;     // characters of one number
};

/// Parses one complete JSON text. The error names the byte offset; duplicate object keys are refused; an
/// escape that is half a surrogate pair becomes U+FFFD. Takes up to 200 ms at the limits: on a loop, text
/// from outside goes through rt::offload.
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

/// Whether parse_json would take it, duplicate keys aside. Keeps nothing.
bool is_json_text(std::string_view text, JsonLimits limits = {});

/// Compact text. Never fails: a Json holds nothing that JSON cannot say.
std::string to_text(const Json& value);
void append_text(const Json& value, std::string& out);
/// Appends `text`, which is UTF-8, as a JSON string with its quotes.
void append_json_string(std::string_view text, std::string& out);

/// Readers for objects that we wrote ourselves or have validated; absent or of another kind gives the
/// fallback.
std::string_view text_or(const JsonObject& object, std::string_view key, std::string_view fallback = "");
std::int64_t int_or(const JsonObject& object, std::string_view key, std::int64_t fallback);

}  // namespace weft

template <>
struct std::tuple_size<weft::JsonMember> : std::integral_constant<std::size_t, 2> {};
template <>
struct std::tuple_element<0, weft::JsonMember> {
    using type = const std::string;
};
template <>
struct std::tuple_element<1, weft::JsonMember> {
    using type = weft::Json;
};
