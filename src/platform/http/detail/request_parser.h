#pragma once

#include "platform/http/detail/body_budget.h"
#include "platform/http/http.h"
#include "platform/http/server.h"

#include <boost/beast/http/basic_parser.hpp>

#include <string>
#include <utility>

namespace weft::http::detail {

/// Why a request is turned away before any handler sees it. The connection closes after it.
struct Refusal {
    int status = 400;
    std::string_view kind = "malformed_request";
    std::string_view detail;
    bool is_worth_retrying = false;  // Retry-After: 1
};

/// Beast's parser filling a Request directly, plus the checks Beast leaves to others: total head size, count
/// of headers, folded lines, host, exotic transfer codings, trailers (read and dropped).
class RequestParser final : private boost::beast::http::basic_parser<true> {
  public:
    enum class State { kNeedMore, kHead, kDone, kRefused };

    explicit RequestParser(const ServerOptions& options);

    /// Takes what it can of `bytes` and says how much; stops once at the end of the head, so that the caller
    /// can decide about the body, and at the end of the request. Then look at `state`.
    std::size_t feed(std::string_view bytes);

    State state() const { return state_; }
    const Refusal& refusal() const { return refusal_; }
    bool is_done_with_body() { return state_ == State::kDone || (is_head_done_ && !has_body_); }
    /// There is no room for the body.
    void refuse_body(BodyBudget::Verdict verdict);
    Request& request() { return request_; }
    /// Decides how much body `feed` accepts, and who pays for it; call at kHead.
    void limit_body(std::size_t bytes, BodyBudget::Lease& lease) {
        body_bytes_max_ = bytes;
        lease_ = &lease;
    }
    /// The same for a body that is taken away with `take_piece` as it comes.
    void stream_body(std::size_t bytes, BodyBudget::Lease& lease) {
        limit_body(bytes, lease);
        is_streaming_ = true;
    }
    /// What has come of it since the last call.
    std::string take_piece() { return std::exchange(piece_, {}); }
    std::size_t body_bytes() const { return body_bytes_; }
    bool has_body() const { return has_body_; }
    std::optional<std::uint64_t> body_length() const;
    bool is_keep_alive() const { return basic_parser::keep_alive(); }
    bool is_http_1_0() const { return version_ == 10; }
    bool wants_continue() const { return wants_continue_; }

  private:
    using Ec = boost::beast::error_code;
    using View = boost::beast::string_view;
    void on_request_impl(boost::beast::http::verb, View method, View target, int version, Ec& ec) override;
    void on_response_impl(int, View, int, Ec&) override {}
    void on_field_impl(boost::beast::http::field, View name, View value, Ec& ec) override;
    void on_header_impl(Ec& ec) override;
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, Ec& ec) override;
    std::size_t on_body_impl(View body, Ec& ec) override;
    void on_chunk_header_impl(std::uint64_t, View, Ec&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, View body, Ec& ec) override;
    void on_finish_impl(Ec&) override {}

    void refuse(Ec& ec, Refusal refusal);
    void classify(const Ec& ec, std::size_t unread);
    void check_head(Ec& ec);

    const ServerOptions& options_;
    State state_ = State::kNeedMore;
    Refusal refusal_;
    Request request_;
    std::size_t head_bytes_ = 0;
    std::size_t body_bytes_max_ = 0;
    BodyBudget::Lease* lease_ = nullptr;
    std::size_t body_bytes_ = 0;
    std::string piece_;
    bool is_streaming_ = false;
    int version_ = 11;
    bool is_head_done_ = false;
    bool is_method_known_ = true;
    bool has_body_ = false;
    bool wants_continue_ = false;
};

}  // namespace weft::http::detail
