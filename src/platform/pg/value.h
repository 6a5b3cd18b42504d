#pragma once

#include "base/id.h"
#include "base/time.h"

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weft::pg {

class ArrayParam;

/// An enum that is stored as a text: its namespace has a `name` for it.
template <class E>
concept Word = std::is_enum_v<E> && requires(E value) {
    { name(value) } -> std::convertible_to<std::string_view>;
};

/// A parameter that is a bytea.
struct Bytes {
    std::string_view bytes;
};

/// The parameters of one statement, in order. Bytes and arrays go in PostgreSQL's binary format, hence only
/// where the statement names just their type; all else goes as text.
class Params {
  public:
    struct Value {
        std::string bytes;
        bool is_binary = false;
    };
    Params& add(std::string_view text);
    Params& add(const char* text) { return add(std::string_view(text)); }
    Params& add(const Uuid& id);
    template <class Tag>
    Params& add(const Id<Tag>& id) {
        return add(id.uuid());
    }
    Params& add(std::int64_t value);
    Params& add(int value) { return add(static_cast<std::int64_t>(value)); }
    Params& add(bool value);
    Params& add(double value);
    Params& add(Instant at);
    Params& add(Millis duration);
    Params& add(Bytes bytea) { return add_bytes(bytea.bytes); }
    Params& add(ArrayParam array);
    Params& add(Word auto word) { return add(std::string_view(name(word))); }
    Params& add(std::nullopt_t) { return add_null(); }
    Params& add_bytes(std::string_view bytes);
    Params& add_null();
    template <class T>
    Params& add(const std::optional<T>& value) {
        return value ? add(*value) : add_null();
    }

    std::size_t size() const { return values_.size(); }
    const std::vector<std::optional<Value>>& values() const { return values_; }

  private:
    std::vector<std::optional<Value>> values_;
};

/// Builds one array parameter for statements that take many rows at once through unnest. Its elements are of
/// one type, and the statement must name that one: text[], bytea[], uuid[], boolean[], timestamptz[],
/// smallint[] of std::int16_t, int[] of int, bigint[] of std::int64_t and Millis.
class ArrayParam {
  public:
    ArrayParam& add(std::string_view text);
    ArrayParam& add(const char* text) { return add(std::string_view(text)); }
    ArrayParam& add(const Uuid& id);
    template <class Tag>
    ArrayParam& add(const Id<Tag>& id) {
        return add(id.uuid());
    }
    ArrayParam& add(std::int16_t value);
    ArrayParam& add(std::int32_t value);
    ArrayParam& add(std::int64_t value);
    ArrayParam& add(bool value);
    ArrayParam& add(Instant at);
    ArrayParam& add(Millis duration);
    ArrayParam& add(Bytes bytea) { return add_bytes(bytea.bytes); }
    ArrayParam& add(Word auto word) { return add(std::string_view(name(word))); }
    ArrayParam& add_bytes(std::string_view bytes);
    ArrayParam& add_null();
    template <class T>
    ArrayParam& add(const std::optional<T>& value) {
        return value ? add(*value) : add_null();
    }
    /// What Params::add takes.
    Params::Value take() &&;

  private:
    ArrayParam& add_element(std::uint32_t type, std::string_view bytes);
    /// Each element's size and bytes, behind the room for the array's head.
    std::string bytes_;
    std::uint32_t type_ = 0;  // of the elements, as the server numbers it; 0: not known yet
    std::uint32_t size_ = 0;
    bool has_null_ = false;
};

/// The parameters $1, $2, ... of a statement.
template <class... Ts>
Params params(const Ts&... values) {
    Params out;
    (out.add(values), ...);
    return out;
}

/// An array of `part` of each item.
template <class Range, class Part = std::identity>
ArrayParam array(const Range& items, Part part = {}) {
    ArrayParam out;
    for (const auto& item : items) out.add(std::invoke(part, item));
    return out;
}

/// A bytea that may be null.
inline std::optional<Bytes> maybe_bytes(const std::optional<std::string>& bytes) {
    return bytes ? std::optional<Bytes>({*bytes}) : std::nullopt;
}

/// One result: rows of text values, owned, cheap to move; row.h reads them into structures. Accessors abort
/// on a wrong column or a malformed value: the statement and this code are one program, so that is a bug, not
/// an input.
class Rows {
  public:
    Rows();
    explicit Rows(void* pg_result);  // takes over a PGresult
    ~Rows();
    Rows(Rows&&) noexcept;
    Rows& operator=(Rows&&) noexcept;

    int size() const;
    bool empty() const { return size() == 0; }
    /// Rows an insert, update or delete touched.
    std::int64_t affected() const;

    bool is_null(int row, int column) const;
    std::string_view text(int row, int column) const;
    std::optional<std::string> maybe_text(int row, int column) const;
    Uuid uuid(int row, int column) const;
    template <class IdType>
    IdType id(int row, int column) const {
        return IdType(uuid(row, column));
    }
    template <class IdType>
    std::optional<IdType> maybe_id(int row, int column) const {
        return is_null(row, column) ? std::nullopt : std::optional<IdType>(IdType(uuid(row, column)));
    }
    std::int64_t integer(int row, int column) const;
    double number(int row, int column) const;
    bool boolean(int row, int column) const;
    Instant instant(int row, int column) const;
    std::optional<Instant> maybe_instant(int row, int column) const;
    std::string bytes(int row, int column) const;

    const void* raw() const { return result_; }  // the PGresult

  private:
    void* result_ = nullptr;
};

}  // namespace weft::pg
