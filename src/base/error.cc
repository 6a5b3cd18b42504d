#include "base/error.h"

#include <array>

namespace weft {

namespace {

struct CodeRow {
    Code code;
    std::string_view name;
    int http_status;
};

constexpr std::array kCodes{
    CodeRow{Code::kInvalid, "invalid", 422},
    CodeRow{Code::kUnauthenticated, "unauthenticated", 401},
    CodeRow{Code::kForbidden, "forbidden", 403},
    CodeRow{Code::kNotFound, "not_found", 404},
    CodeRow{Code::kConflict, "conflict", 409},
    CodeRow{Code::kLimit, "limit", 429},
    CodeRow{Code::kTimeout, "timeout", 504},
    CodeRow{Code::kCancelled, "cancelled", 499},
    CodeRow{Code::kUnavailable, "unavailable", 503},
    CodeRow{Code::kStale, "stale", 409},
    CodeRow{Code::kInternal, "internal", 500},
};

const CodeRow& row(Code code) {
    return kCodes[static_cast<std::size_t>(code)];
}

Error make(Code code, std::string user, Retry retry = Retry::kNo) {
    Error error;
    error.code = code;
    error.user = std::move(user);
    error.retry = retry;
    return error;
}

}  // namespace

std::string_view name(Code code) {
    return row(code).name;
}
int http_status(Code code) {
    return row(code).http_status;
}

Error Error::during(std::string_view what) && {
    detail = detail.empty() ? std::string(what) : std::string(what) + ": " + detail;
    return std::move(*this);
}

Error Error::invalid(std::string user, std::string field) {
    return make(Code::kInvalid, std::move(user)).with_field(std::move(field));
}
Error Error::unauthenticated(std::string user) {
    return make(Code::kUnauthenticated, std::move(user));
}
Error Error::forbidden(std::string user) {
    return make(Code::kForbidden, std::move(user));
}
Error Error::not_found(std::string user) {
    return make(Code::kNotFound, std::move(user));
}
Error Error::conflict(std::string user) {
    return make(Code::kConflict, std::move(user));
}
Error Error::limit(std::string user, std::string field) {
    return make(Code::kLimit, std::move(user)).with_field(std::move(field));
}
Error Error::timeout(std::string user) {
    return make(Code::kTimeout, std::move(user), Retry::kBackoff);
}
Error Error::cancelled(std::string_view reason) {
    return make(Code::kCancelled, "Cancelled: " + std::string(reason));
}
Error Error::unavailable(std::string user, std::string detail) {
    return make(Code::kUnavailable, std::move(user), Retry::kBackoff).with_detail(std::move(detail));
}
Error Error::stale() {
    return make(Code::kStale, "Another worker has taken over this run");
}
Error Error::internal(std::string detail) {
    return make(Code::kInternal, "Internal error; the log has the details under the request id")
        .with_detail(std::move(detail));
}

}  // namespace weft
