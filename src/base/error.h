#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weft {

/// What went wrong, in the fewest kinds a caller has to tell apart. `http_status` and `name` map each once.
enum class Code {
    kInvalid,          // the request is malformed or a field is wrong
    kUnauthenticated,  // no or bad credential
    kForbidden,        // the right is missing
    kNotFound,         // absent, or not visible to this tenant
    kConflict,         // the state or a unique value forbids it
    kLimit,            // a stated limit was reached
    kTimeout,          // the deadline passed
    kCancelled,        // someone asked to stop
    kUnavailable,      // a dependency is away; try again
    kStale,            // fenced off: another worker owns the job now
    kInternal,         // a bug, or a broken promise of a library
};

/// What the caller should do; set where the error is born, obeyed only in core/runstate and the HTTP edge.
enum class Retry { kNo, kBackoff };

/// What a database said of a statement that it refused: names out of its schema, never a value.
struct DatabaseFault {
    std::string sqlstate;
    std::string constraint;  // the violated one; empty when it was none
    std::string table;
    std::string column;
};

/// An expected failure. `user` may reach the tenant; `detail` goes to the log only and never holds a secret.
struct Error {
    Code code = Code::kInternal;
    std::string user;
    std::string detail;
    std::string field;  // the input at fault, as a dotted path; empty when none is
    Retry retry = Retry::kNo;
    std::shared_ptr<const DatabaseFault> database = nullptr;  // shared by copies; null: no database's

    Error with_field(std::string path) && {
        field = std::move(path);
        return std::move(*this);
    }
    Error with_detail(std::string text) && {
        detail = std::move(text);
        return std::move(*this);
    }
    /// Prefixes `detail` with what was being done, keeping the cause.
    Error during(std::string_view what) &&;

    static Error invalid(std::string user, std::string field = "");
    static Error unauthenticated(std::string user);
    static Error forbidden(std::string user);
    static Error not_found(std::string user);
    static Error conflict(std::string user);
    static Error limit(std::string user, std::string field = "");
    static Error timeout(std::string user);
    static Error cancelled(std::string_view reason);
    static Error unavailable(std::string user, std::string detail = "");
    static Error stale();
    static Error internal(std::string detail);
};

/// Stable lower-case name of a code, used in problems, logs and metrics.
std::string_view name(Code code);

/// The HTTP status that answers with this code.
int http_status(Code code);

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Error error) {
    return std::unexpected<Error>(std::move(error));
}

}  // namespace weft

#define WEFT_CONCAT_(a, b) a##b
#define WEFT_CONCAT(a, b) WEFT_CONCAT_(a, b)
#define WEFT_TRY_(tmp, decl, leave, ...)                     \
    auto&& tmp = (__VA_ARGS__);                              \
    if (!tmp) leave std::unexpected(std::move(tmp).error()); \
    decl = *std::move(tmp)
#define WEFT_CHECK_(tmp, leave, ...) \
    if (auto&& tmp = (__VA_ARGS__); !tmp) leave std::unexpected(std::move(tmp).error())

/// `TRY(auto value, expression);` declares the value or returns the error. CO_TRY does so in a coroutine.
#define TRY(decl, ...) WEFT_TRY_(WEFT_CONCAT(try_, __COUNTER__), decl, return, __VA_ARGS__)
#define CO_TRY(decl, ...) WEFT_TRY_(WEFT_CONCAT(try_, __COUNTER__), decl, co_return, __VA_ARGS__)
/// `CHECK_OK(expression);` returns the error of a Result<void>, or of a value nobody needs.
#define CHECK_OK(...) WEFT_CHECK_(WEFT_CONCAT(check_, __COUNTER__), return, __VA_ARGS__)
#define CO_CHECK_OK(...) WEFT_CHECK_(WEFT_CONCAT(check_, __COUNTER__), co_return, __VA_ARGS__)
