#include "platform/pg/value.h"

#include "base/bytes.h"
#include "platform/pg/detail/texts.h"

#include <libpq-fe.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace weft::pg {

namespace {

[[noreturn]] void broken(const char* what, std::string_view value) {
    std::fprintf(
        stderr, "weft: pg value is not %s (%zu bytes): query and code disagree\n", what, value.size()
    );
    std::abort();
}

std::string instant_text(Instant at) {
    using namespace std::chrono;
    auto day = floor<days>(at);
    year_month_day date{day};
    hh_mm_ss clock{at - day};
    char out[48];
    int size = std::snprintf(
        out,
        sizeof out,
        "%04d-%02u-%02u %02d:%02d:%02d.%06d+00",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()),
        static_cast<int>(clock.subseconds().count())
    );
    return std::string(out, static_cast<std::size_t>(size));
}

std::string double_text(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    char out[32];
    auto [end, ec] = std::to_chars(out, out + sizeof out, value);
    return std::string(out, end);
}

// Of PostgreSQL's catalog; they never change.
constexpr std::uint32_t kBoolType = 16;
constexpr std::uint32_t kByteaType = 17;
constexpr std::uint32_t kInt8Type = 20;
constexpr std::uint32_t kInt2Type = 21;
constexpr std::uint32_t kInt4Type = 23;
constexpr std::uint32_t kTextType = 25;
constexpr std::uint32_t kTimestamptzType = 1184;
constexpr std::uint32_t kUuidType = 2950;
constexpr std::uint32_t kNullSize = 0xFFFFFFFF;

/// What array_recv reads first: dimensions, whether there are nulls, type; size and lower bound of the one
/// dimension.
constexpr std::size_t kArrayHead = 5 * sizeof(std::uint32_t);

constexpr Instant kTimestampsBegin = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};

/// Big endian, as the protocol has it.
template <std::integral T>
std::array<char, sizeof(T)> wire(T value) {
    if constexpr (sizeof(T) > 1) value = std::byteswap(value);
    return std::bit_cast<std::array<char, sizeof(T)>>(value);
}
template <std::size_t kSize>
std::string_view view(const std::array<char, kSize>& bytes) {
    return {bytes.data(), bytes.size()};
}

PGresult* as_result(void* result) {
    return static_cast<PGresult*>(result);
}

}  // namespace

Params& Params::add(std::string_view text) {
    values_.push_back(Value{.bytes = std::string(text)});
    return *this;
}
Params& Params::add(const Uuid& id) {
    return add(std::string_view(id.text()));
}
Params& Params::add(std::int64_t value) {
    return add(std::string_view(std::to_string(value)));
}
Params& Params::add(bool value) {
    return add(value ? "t" : "f");
}
Params& Params::add(double value) {
    return add(std::string_view(double_text(value)));
}
Params& Params::add(Instant at) {
    return add(std::string_view(instant_text(at)));
}
Params& Params::add(Millis duration) {
    return add(static_cast<std::int64_t>(duration.count()));
}
Params& Params::add(ArrayParam array) {
    values_.push_back(std::move(array).take());
    return *this;
}
Params& Params::add_bytes(std::string_view bytes) {
    values_.push_back(Value{.bytes = std::string(bytes), .is_binary = true});
    return *this;
}
Params& Params::add_null() {
    values_.emplace_back(std::nullopt);
    return *this;
}

ArrayParam& ArrayParam::add(std::string_view text) {
    return add_element(kTextType, text);
}
ArrayParam& ArrayParam::add(const Uuid& id) {
    return add_element(kUuidType, {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}
ArrayParam& ArrayParam::add(std::int16_t value) {
    return add_element(kInt2Type, view(wire(value)));
}
ArrayParam& ArrayParam::add(std::int32_t value) {
    return add_element(kInt4Type, view(wire(value)));
}
ArrayParam& ArrayParam::add(std::int64_t value) {
    return add_element(kInt8Type, view(wire(value)));
}
ArrayParam& ArrayParam::add(bool value) {
    return add_element(kBoolType, value ? std::string_view("\1", 1) : std::string_view("\0", 1));
}
ArrayParam& ArrayParam::add(Instant at) {
    const std::int64_t microseconds = (at - kTimestampsBegin).count();
    return add_element(kTimestamptzType, view(wire(microseconds)));
}
ArrayParam& ArrayParam::add(Millis duration) {
    return add(static_cast<std::int64_t>(duration.count()));
}
ArrayParam& ArrayParam::add_bytes(std::string_view bytes) {
    return add_element(kByteaType, bytes);
}
ArrayParam& ArrayParam::add_null() {
    if (size_++ == 0) bytes_.resize(kArrayHead);
    bytes_ += view(wire(kNullSize));
    has_null_ = true;
    return *this;
}
ArrayParam& ArrayParam::add_element(std::uint32_t type, std::string_view bytes) {
    if (size_++ == 0) bytes_.resize(kArrayHead);
    type_ = type;
    bytes_ += view(wire(static_cast<std::uint32_t>(bytes.size())));
    bytes_ += bytes;
    return *this;
}
Params::Value ArrayParam::take() && {
    if (size_ == 0) return {.bytes = "{}"};
    if (type_ == 0) {  // of nothing but nulls it is not known what it is: it goes as text
        std::string text = "{NULL";
        for (std::uint32_t i = 1; i < size_; ++i) text += ",NULL";
        return {.bytes = text + '}'};
    }
    const std::array<std::uint32_t, 5> head = {1, has_null_ ? 1u : 0u, type_, size_, 1};
    for (std::size_t i = 0; i < head.size(); ++i)
        bytes_.replace(i * sizeof(std::uint32_t), sizeof(std::uint32_t), view(wire(head[i])));
    return {.bytes = std::move(bytes_), .is_binary = true};
}

Rows::Rows() = default;
Rows::Rows(void* pg_result) : result_(pg_result) {}
Rows::~Rows() {
    PQclear(as_result(result_));
}
Rows::Rows(Rows&& other) noexcept : result_(std::exchange(other.result_, nullptr)) {}
Rows& Rows::operator=(Rows&& other) noexcept {
    std::swap(result_, other.result_);
    return *this;
}

int Rows::size() const {
    return PQntuples(as_result(result_));
}

std::int64_t Rows::affected() const {
    return result_ == nullptr ? 0 : std::atoll(PQcmdTuples(as_result(result_)));
}

bool Rows::is_null(int row, int column) const {
    if (row < 0 || row >= size() || column < 0 || column >= PQnfields(as_result(result_))) {
        broken("in the result", "");
    }
    return PQgetisnull(as_result(result_), row, column) == 1;
}

std::string_view Rows::text(int row, int column) const {
    if (is_null(row, column)) broken("present", "");
    return {
        PQgetvalue(as_result(result_), row, column),
        static_cast<std::size_t>(PQgetlength(as_result(result_), row, column))
    };
}

std::optional<std::string> Rows::maybe_text(int row, int column) const {
    if (is_null(row, column)) return std::nullopt;
    return std::string(text(row, column));
}

Uuid Rows::uuid(int row, int column) const {
    auto value = text(row, column);
    auto parsed = Uuid::parse(value);
    if (!parsed) broken("a uuid", value);
    return *parsed;
}

std::int64_t Rows::integer(int row, int column) const {
    auto value = text(row, column);
    std::int64_t out = 0;
    if (!detail::read_integer(value, out)) broken("an integer", value);
    return out;
}

double Rows::number(int row, int column) const {
    auto value = text(row, column);
    double out = 0;
    if (!detail::read_number(value, out)) broken("a number", value);
    return out;
}

bool Rows::boolean(int row, int column) const {
    auto value = text(row, column);
    if (value != "t" && value != "f") broken("a boolean", value);
    return value == "t";
}

Instant Rows::instant(int row, int column) const {
    auto value = text(row, column);
    Instant out;
    if (!detail::read_instant(value, out)) broken("a timestamp with time zone", value);
    return out;
}

std::optional<Instant> Rows::maybe_instant(int row, int column) const {
    return is_null(row, column) ? std::nullopt : std::optional<Instant>(instant(row, column));
}

std::string Rows::bytes(int row, int column) const {
    auto value = text(row, column);
    std::string out;
    if (!detail::read_bytes(value, out)) broken("a bytea", value);
    return out;
}

}  // namespace weft::pg
