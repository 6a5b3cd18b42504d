#include "platform/pg/row.h"

#include "platform/pg/detail/texts.h"

#include <libpq-fe.h>

#include <algorithm>

namespace weft::pg {

namespace {

/// Types of the server's own, by number: these never change. A domain comes as its base type, an array or an
/// enum is read by nobody here.
bool has_kind(Oid type, Kind kind) {
    switch (kind) {
        case Kind::kText:  // name, text, bpchar, varchar, unknown; json, jsonb
            return type == 19 || type == 25 || type == 1042 || type == 1043 || type == 705 || type == 114 ||
                   type == 3802;
        case Kind::kUuid:
            return type == 2950;
        case Kind::kInteger:  // int8, int2, int4
            return type == 20 || type == 21 || type == 23;
        case Kind::kNumber:  // float4, float8, numeric
            return type == 700 || type == 701 || type == 1700;
        case Kind::kBoolean:
            return type == 16;
        case Kind::kInstant:  // timestamptz
            return type == 1184;
        case Kind::kBytes:
            return type == 17;
    }
    return false;
}

std::string_view name(Kind kind) {
    switch (kind) {
        case Kind::kText:
            return "a text";
        case Kind::kUuid:
            return "a uuid";
        case Kind::kInteger:
            return "an integer";
        case Kind::kNumber:
            return "a number";
        case Kind::kBoolean:
            return "a boolean";
        case Kind::kInstant:
            return "a timestamptz";
        case Kind::kBytes:
            return "a bytea";
    }
    return "";
}

Error disagreement(std::string what) {
    return Error::internal("a statement and its reader disagree: " + std::move(what));
}

}  // namespace

bool Reader<std::string>::read(std::string_view text, std::string& to) {
    to.assign(text);
    return true;
}
bool Reader<Uuid>::read(std::string_view text, Uuid& to) {
    const auto id = Uuid::parse(text);
    if (id) to = *id;
    return id.has_value();
}
bool Reader<std::int64_t>::read(std::string_view text, std::int64_t& to) {
    return detail::read_integer(text, to);
}
bool Reader<int>::read(std::string_view text, int& to) {
    return detail::read_integer(text, to);
}
bool Reader<Millis>::read(std::string_view text, Millis& to) {
    std::int64_t count = 0;
    if (!detail::read_integer(text, count)) return false;
    to = Millis(count);
    return true;
}
bool Reader<double>::read(std::string_view text, double& to) {
    return detail::read_number(text, to);
}
bool Reader<bool>::read(std::string_view text, bool& to) {
    to = text == "t";
    return to || text == "f";
}
bool Reader<Instant>::read(std::string_view text, Instant& to) {
    return detail::read_instant(text, to);
}
bool Reader<Json>::read(std::string_view text, Json& to) {
    auto parsed = parse_json(text);
    to = parsed ? std::move(*parsed) : Json(nullptr);
    return true;
}
bool Reader<std::vector<std::string>>::read(std::string_view text, std::vector<std::string>& to) {
    const auto parsed = parse_json(text);
    if (!parsed || !parsed->is_array()) return false;
    for (const Json& item : parsed->get_array()) {
        if (!item.is_string()) return false;
        to.emplace_back(item.get_string());
    }
    return true;
}
bool BytesReader::read(std::string_view text, std::string& to) {
    return detail::read_bytes(text, to);
}

namespace detail {

Result<void> find_columns(const Rows& rows, std::span<const Expected> expected, std::span<int> at) {
    const auto* result = static_cast<const PGresult*>(rows.raw());
    const int given = PQnfields(result);
    if (given != static_cast<int>(expected.size())) {
        return fail(disagreement(
            std::to_string(given) + " columns, " + std::to_string(expected.size()) + " expected, from " +
            std::string(expected.front().name)
        ));
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto& [wanted, kind, may_be_null] = expected[i];
        // Mostly they are in the same order.
        int found = static_cast<int>(i);
        if (wanted != PQfname(result, found)) {
            for (found = 0; found < given && wanted != PQfname(result, found);) ++found;
        }
        if (found == given) return fail(disagreement("no column " + std::string(wanted)));
        if (!has_kind(PQftype(result, found), kind)) {
            return fail(
                disagreement("the column " + std::string(wanted) + " is not " + std::string(name(kind)))
            );
        }
        at[i] = found;
    }
    return {};
}

Error unreadable(const Expected& column, bool is_null) {
    if (is_null) return disagreement("the column " + std::string(column.name) + " is null");
    return disagreement("a value of the column " + std::string(column.name) + " does not fit");
}

}  // namespace detail

}  // namespace weft::pg
