#pragma once

#include "base/error.h"
#include "base/json.h"
#include "platform/pg/value.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Rows as structures: which column goes into which member, by name.
///
///     constexpr auto kApp = pg::columns(
///         pg::column<&App::id>("app_id"), pg::column<&App::description>("description")
///     );
///     CO_TRY(auto apps, pg::all(rows, kApp));
///
/// The names, number and types of a result's columns are held against the members once, before the first row:
/// a statement and its reader that disagree are kInternal, whether there are rows or not. So is a null for a
/// member that takes none, and a value that does not fit.
namespace weft::pg {

/// What a column holds, as far as its readers have to know.
enum class Kind : std::uint8_t { kText, kUuid, kInteger, kNumber, kBoolean, kInstant, kBytes };

/// How a value becomes an M: `kKind`, and `read`, which is false for a value that does not fit. Specialise it
/// for the enums of rows.
template <class M>
struct Reader;

template <>
struct Reader<std::string> {
    static constexpr Kind kKind = Kind::kText;
    static bool read(std::string_view text, std::string& to);
};
template <>
struct Reader<Uuid> {
    static constexpr Kind kKind = Kind::kUuid;
    static bool read(std::string_view text, Uuid& to);
};
template <class Tag>
struct Reader<Id<Tag>> {
    static constexpr Kind kKind = Kind::kUuid;
    static bool read(std::string_view text, Id<Tag>& to) {
        Uuid id;
        if (!Reader<Uuid>::read(text, id)) return false;
        to = Id<Tag>(id);
        return true;
    }
};
template <>
struct Reader<std::int64_t> {
    static constexpr Kind kKind = Kind::kInteger;
    static bool read(std::string_view text, std::int64_t& to);
};
template <>
struct Reader<int> {
    static constexpr Kind kKind = Kind::kInteger;
    static bool read(std::string_view text, int& to);
};
template <>
struct Reader<Millis> {
    static constexpr Kind kKind = Kind::kInteger;
    static bool read(std::string_view text, Millis& to);
};
template <>
struct Reader<double> {
    static constexpr Kind kKind = Kind::kNumber;
    static bool read(std::string_view text, double& to);
};
template <>
struct Reader<bool> {
    static constexpr Kind kKind = Kind::kBoolean;
    static bool read(std::string_view text, bool& to);
};
template <>
struct Reader<Instant> {
    static constexpr Kind kKind = Kind::kInstant;
    static bool read(std::string_view text, Instant& to);
};
/// JSON that this program wrote; unreadable means a bug, shown as null rather than a list that fails.
template <>
struct Reader<Json> {
    static constexpr Kind kKind = Kind::kText;
    static bool read(std::string_view text, Json& to);
};
/// A JSON array of texts (array_to_json of a text[]).
template <>
struct Reader<std::vector<std::string>> {
    static constexpr Kind kKind = Kind::kText;
    static bool read(std::string_view text, std::vector<std::string>& to);
};
/// An enum that is stored as a text; `kFrom` knows its spellings. To specialise Reader with.
template <class E, std::optional<E> (*kFrom)(std::string_view text)>
struct WordReader {
    static constexpr Kind kKind = Kind::kText;
    static bool read(std::string_view text, E& to) {
        const std::optional<E> value = kFrom(text);
        if (value) to = *value;
        return value.has_value();
    }
};
/// A bytea, into a string.
struct BytesReader {
    static constexpr Kind kKind = Kind::kBytes;
    static bool read(std::string_view text, std::string& to);
};

struct Expected {
    std::string_view name;
    Kind kind = Kind::kText;
    bool may_be_null = false;
};

template <class T>
struct Column {
    Expected expected;
    bool (*read)(std::string_view text, T& to);
};

template <class T, std::size_t N>
struct Columns {
    std::array<Expected, N> expected;
    std::array<bool (*)(std::string_view text, T& to), N> readers;
};

namespace detail {

template <class M>
struct Taken {
    using type = M;
    static constexpr bool kMayBeNull = false;
};
template <class M>
struct Taken<std::optional<M>> {
    using type = M;
    static constexpr bool kMayBeNull = true;
};

/// A pointer to a member, or a function from the structure to a part of it.
template <class Part>
struct OwnerOf;
template <class T, class M>
struct OwnerOf<M T::*> {
    using type = T;
};
template <class T, class M>
struct OwnerOf<M& (*)(T&)> {
    using type = T;
};

template <class R, class T, auto kPart>
bool read_part(std::string_view text, T& to) {
    auto& part = std::invoke(kPart, to);
    using M = std::remove_cvref_t<decltype(part)>;
    if constexpr (Taken<M>::kMayBeNull) {
        return R::read(text, part.emplace());
    } else {
        return R::read(text, part);
    }
}

/// `at[i]`: where the result has the column `expected[i]`.
Result<void> find_columns(const Rows& rows, std::span<const Expected> expected, std::span<int> at);
Error unreadable(const Expected& column, bool is_null);

template <class T, std::size_t N>
Result<void> read_row(
    const Rows& rows, int row, const Columns<T, N>& columns, const std::array<int, N>& at, T& to
) {
    for (std::size_t i = 0; i < N; ++i) {
        const bool is_null = rows.is_null(row, at[i]);
        if (is_null && columns.expected[i].may_be_null) continue;
        if (is_null || !columns.readers[i](rows.text(row, at[i]), to))
            return fail(unreadable(columns.expected[i], is_null));
    }
    return {};
}

}  // namespace detail

/// The column `name` goes into the member (or part) `kPart`; a std::optional one may be null.
template <auto kPart>
constexpr auto column(std::string_view name) {
    using T = typename detail::OwnerOf<decltype(kPart)>::type;
    using M = std::remove_cvref_t<std::invoke_result_t<decltype(kPart), T&>>;
    using R = Reader<typename detail::Taken<M>::type>;
    return Column<T>{{name, R::kKind, detail::Taken<M>::kMayBeNull}, &detail::read_part<R, T, kPart>};
}
/// The same, and a null leaves the member as it is.
template <auto kPart>
constexpr auto column_or_default(std::string_view name) {
    auto out = column<kPart>(name);
    out.expected.may_be_null = true;
    return out;
}
/// A bytea.
template <auto kPart>
constexpr auto bytes(std::string_view name) {
    using T = typename detail::OwnerOf<decltype(kPart)>::type;
    using M = std::remove_cvref_t<std::invoke_result_t<decltype(kPart), T&>>;
    return Column<
        T>{{name, Kind::kBytes, detail::Taken<M>::kMayBeNull}, &detail::read_part<BytesReader, T, kPart>};
}

template <class T, class... More>
constexpr Columns<T, 1 + sizeof...(More)> columns(Column<T> first, More... more) {
    return {{first.expected, more.expected...}, {first.read, more.read...}};
}

/// `kInner`, of a structure that is the part `kPart` of T.
template <class T, auto kPart, const auto& kInner>
constexpr auto nested() {
    constexpr std::size_t kSize = kInner.expected.size();
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return Columns<T, kSize>{kInner.expected, {+[](std::string_view text, T& to) {
                                     return kInner.readers[I](text, std::invoke(kPart, to));
                                 }...}};
    }(std::make_index_sequence<kSize>());
}

/// The columns of both.
template <class T, std::size_t N, std::size_t M>
constexpr Columns<T, N + M> operator+(const Columns<T, N>& left, const Columns<T, M>& right) {
    Columns<T, N + M> out{};
    for (std::size_t i = 0; i < N + M; ++i) {
        out.expected[i] = i < N ? left.expected[i] : right.expected[i - N];
        out.readers[i] = i < N ? left.readers[i] : right.readers[i - N];
    }
    return out;
}

/// Calls `take` with each row as it has been read; for results that are not kept whole.
template <class T, std::size_t N, class Take>
Result<void> each(const Rows& rows, const Columns<T, N>& columns, Take take) {
    std::array<int, N> at{};
    CHECK_OK(detail::find_columns(rows, columns.expected, at));
    for (int row = 0; row < rows.size(); ++row) {
        T item{};
        CHECK_OK(detail::read_row(rows, row, columns, at, item));
        take(std::move(item));
    }
    return {};
}

template <class T, std::size_t N>
Result<std::vector<T>> all(const Rows& rows, const Columns<T, N>& columns) {
    std::vector<T> out;
    out.reserve(static_cast<std::size_t>(rows.size()));
    CHECK_OK(each(rows, columns, [&](T item) { out.push_back(std::move(item)); }));
    return out;
}

/// The first row, if there is one.
template <class T, std::size_t N>
Result<std::optional<T>> first(const Rows& rows, const Columns<T, N>& columns) {
    std::array<int, N> at{};
    CHECK_OK(detail::find_columns(rows, columns.expected, at));
    if (rows.empty()) return std::nullopt;
    std::optional<T> out(std::in_place);
    CHECK_OK(detail::read_row(rows, 0, columns, at, *out));
    return out;
}

/// The values of the only column.
template <class M>
Result<std::vector<M>> values(const Rows& rows, std::string_view name) {
    struct One {
        M value{};
    };
    std::vector<M> out;
    const auto only = columns(column<&One::value>(name));
    CHECK_OK(each(rows, only, [&](One one) { out.push_back(std::move(one.value)); }));
    return out;
}

/// The value of the only column of the only row; kInternal without one.
template <class M>
Result<M> value(const Rows& rows, std::string_view name) {
    TRY(auto found, values<M>(rows, name));
    if (found.size() != 1) return fail(Error::internal("not one row with the column " + std::string(name)));
    return std::move(found.front());
}

}  // namespace weft::pg
