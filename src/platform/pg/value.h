#pragma once

#include "base/id.h"
#include "base/time.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::pg {

/// The parameters of one statement, in order, in PostgreSQL's text format. Bytes go as bytea hex.
class Params {
  public:
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
    Params& add_bytes(std::string_view bytes);
    Params& add_null();
    template <class T>
    Params& add(const std::optional<T>& value) {
        return value ? add(*value) : add_null();
    }

    std::size_t size() const { return values_.size(); }
    const std::vector<std::optional<std::string>>& values() const { return values_; }

  private:
    std::vector<std::optional<std::string>> values_;
};

/// Builds one array parameter (`$1::uuid[]`, text[], bytea[], int8[], …) for statements that take many rows
/// at once through unnest. Elements are quoted and escaped here.
class ArrayParam {
  public:
    ArrayParam& add(std::string_view text);
    ArrayParam& add(const char* text) { return add(std::string_view(text)); }
    ArrayParam& add(const Uuid& id);
    template <class Tag>
    ArrayParam& add(const Id<Tag>& id) {
        return add(id.uuid());
    }
    ArrayParam& add(std::int64_t value);
    ArrayParam& add(int value) { return add(static_cast<std::int64_t>(value)); }
    ArrayParam& add(bool value);
    ArrayParam& add(Instant at);
    ArrayParam& add_bytes(std::string_view bytes);
    ArrayParam& add_null();
    template <class T>
    ArrayParam& add(const std::optional<T>& value) {
        return value ? add(*value) : add_null();
    }
    /// The array literal; pass it to Params::add.
    std::string text() const;

  private:
    void separate();
    std::string text_ = "{";
};

/// One result: rows of text values, owned, cheap to move. Accessors abort on a wrong column or a malformed
/// value: the statement and this code are one program, so that is a bug, not an input.
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

  private:
    void* result_ = nullptr;
};

}  // namespace weft::pg
