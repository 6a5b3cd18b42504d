#include "platform/http/detail/exchange.h"

#include "platform/http/address.h"
#include "platform/http/detail/response_head.h"

#include <algorithm>

namespace weft::http::detail {

namespace {

/// What one body that is read as it comes may hold of this process at a time.
constexpr std::size_t kStreamBytes = 512u << 10;

}  // namespace

Exchange::Exchange(ServerCore& core, Wire& wire, std::string_view peer)
    : core_(core),
      wire_(wire),
      peer_(peer),
      parser_(core.options),
      started_(std::chrono::steady_clock::now()),
      is_idle_(!wire.has_unread()) {}

void Exchange::drain() {
    if (is_idle_) wire_.interrupt();
    if (wake_ != nullptr) {
        wake_->notify_all();  // a WebSocket says goodbye first
    } else if (session_ != nullptr) {
        session_->cancel(rt::CancelReason::kShutdown);
    }
}

/// Feeds the parser until it is in `wanted` or kRefused; false when the connection ends before that.
rt::Task<bool> Exchange::read_until(RequestParser::State wanted) {
    while (true) {
        if (wire_.has_unread()) {
            std::size_t used = parser_.feed(wire_.unread());
            wire_.use(used);
            auto state = parser_.state();
            if (state == wanted || state == RequestParser::State::kRefused) co_return true;
        }
        bool is_first = is_idle_ && !wire_.has_unread();
        if (!co_await wire_.fill()) co_return false;
        if (is_first) {
            is_idle_ = false;
            started_ = std::chrono::steady_clock::now();
            wire_.arm_until(started_ + core_.options.header_timeout);  // once: later bytes do not extend it
        }
        if (wanted == RequestParser::State::kDone) arm_body();
    }
}

rt::Task<Next> Exchange::serve() {
    if (is_idle_ && core_.is_draining) co_return Next::kClose;
    wire_.arm(is_idle_ ? core_.options.idle_timeout : core_.options.header_timeout);
    bool has_head = co_await read_until(RequestParser::State::kHead);
    bool was_idle = std::exchange(is_idle_, false);
    if (was_idle && !has_head) co_return Next::kClose;

    note_head();
    if (!has_head || parser_.state() == RequestParser::State::kRefused) co_return co_await refuse_head();

    Admission admission = co_await admit();
    if (admission.refusal) {
        bool is_kept = parser_.is_keep_alive() && !parser_.has_body() && !core_.is_draining;
        Next next = is_kept ? Next::kKeepAlive : Next::kClose;
        co_return co_await answer(std::move(*admission.refusal), next);
    }
    is_streamed_ = admission.is_streamed;
    if (is_streamed_) {
        if (!begin_streaming(admission)) co_return co_await refuse_head();
    } else if (parser_.has_body() && !co_await read_body(admission)) {
        co_return co_await refuse_head();
    }
    wire_.disarm();

    Request& request = parser_.request();
    bool keeps = parser_.is_keep_alive() && !core_.is_draining;
    request.deadline = core_.tasks.deadline(admission.timeout);
    body_bytes_in_ = request.body.size();
    if (request.headers.find("upgrade")) {
        upgrade_head_.emplace(request);
    }
    ++core_.stats.in_flight;
    auto result = co_await run_handler(std::move(request));
    --core_.stats.in_flight;
    body_bytes_in_ = parser_.body_bytes();
    if (is_streamed_ && !has_streamed_well()) co_return co_await refuse_head();
    if (core_.is_draining || (is_streamed_ && !parser_.is_done_with_body())) keeps = false;
    Response response = result ? std::move(*result) : problem(result.error(), id_);
    co_return co_await answer(std::move(response), keeps ? Next::kKeepAlive : Next::kClose);
}

/// Remembers what is needed of the request after it has gone to the handler.
void Exchange::note_head() {
    Request& request = parser_.request();
    id_ = request.id = RequestId::make(core_.clock.now(), core_.rng);
    request.peer = std::string(peer_);
    request.client = client_address(peer_, request.headers, core_.options.trusted_proxies);
    client_ = request.client;
    method_ = request.method;
    path_ = request.target.path;
    is_http_1_0_ = parser_.is_http_1_0();
}

/// Decides from the head alone.
rt::Task<Admission> Exchange::admit() {
    Request& request = parser_.request();
    ++core_.stats.requests;
    Admission admission = core_.service.admit(request);
    route_ = request.route;
    if (!admission.refusal && parser_.body_length().value_or(0) > admission.body_bytes_max) {
        admission.refusal =
            problem(413, "body_too_large", "The request's body is larger than allowed here", id_);
    }
    if (!admission.refusal && admission.gate != nullptr) {
        request.deadline = core_.tasks.deadline(admission.timeout);
        co_await ask_gate(admission);
    }
    co_return admission;
}

/// Answers what never became a request: malformed, too large, or too slow. Always closes.
rt::Task<Next> Exchange::refuse_head() {
    Refusal why = parser_.refusal();
    if (parser_.state() != RequestParser::State::kRefused) {
        if (!wire_.is_expired()) {
            record(0, 0);
            co_return Next::kClose;
        }
        wire_.forgive();
        why = {408, "request_timeout", "The request did not arrive in time"};
    }
    parser_.request().drop_body();  // what has arrived of it is for others again while we say so
    Response response = problem(why.status, why.kind, why.detail, id_);
    if (why.is_worth_retrying) {
        ++core_.stats.refused_bodies;
        response.headers.add("retry-after", "1");
    }
    if (why.status == 405) response.headers.add("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    co_return co_await answer(std::move(response), Next::kClose);
}

/// May the body come? Fills `refusal` when not.
rt::Task<void> Exchange::ask_gate(Admission& admission) {
    Request& request = parser_.request();
    wire_.disarm();
    std::string fault;
    try {
        auto pass = co_await (*admission.gate)(request);
        if (!pass) {
            admission.refusal = problem(pass.error(), id_);
            co_return;
        }
        admission.refusal = std::move(pass->refusal);
        admission.share = std::move(pass->share);
        request.note = std::move(pass->note);
        co_return;
    } catch (const std::exception& thrown) {
        fault = thrown.what();
    }
    if (core_.options.on_fault) core_.options.on_fault(fault);
    admission.refusal = problem(Error::internal(std::move(fault)), id_);
}

/// Patience with a body grows with what has arrived: a sender that stalls holds its memory for seconds.
void Exchange::arm_body() {
    const ServerOptions& o = core_.options;
    const auto earned = std::chrono::milliseconds(
        1'000 * parser_.request().body.size() / std::max<std::size_t>(1, o.body_bytes_per_second_min)
    );
    wire_.arm_until(body_started_ + std::min<Steady::duration>(o.body_timeout, o.body_grace + earned));
}

rt::Task<bool> Exchange::read_body(const Admission& admission) {
    auto lease = std::make_shared<BodyBudget::Lease>(core_.bodies, address_key(client_), admission.share);
    parser_.limit_body(admission.body_bytes_max, *lease);
    parser_.request().body_lease = lease;
    body_started_ = std::chrono::steady_clock::now();
    arm_body();
    if (parser_.wants_continue() && !wire_.has_unread()) {
        if (!co_await wire_.write("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
        arm_body();
    }
    if (!co_await read_until(RequestParser::State::kDone)) co_return false;
    co_return parser_.state() == RequestParser::State::kDone;
}

bool Exchange::begin_streaming(const Admission& admission) {
    auto lease = std::make_shared<BodyBudget::Lease>(core_.bodies, address_key(client_), admission.share);
    parser_.stream_body(admission.body_bytes_max, *lease);
    if (const auto verdict = lease->take(kStreamBytes); verdict != BodyBudget::Verdict::kFine) {
        parser_.refuse_body(verdict);
        return false;
    }
    parser_.request().body_lease = std::move(lease);
    parser_.request().incoming = &incoming_;
    must_say_continue_ = parser_.wants_continue() && !wire_.has_unread();
    return true;
}

bool Exchange::has_streamed_well() {
    return parser_.state() != RequestParser::State::kRefused && !wire_.is_expired();
}

/// Patience with the sender grows with what has arrived; the time that the handler takes does not count.
rt::Task<Result<std::string>> Exchange::read_piece(rt::Deadline by) {
    const ServerOptions& o = core_.options;
    if (std::exchange(must_say_continue_, false) && !co_await wire_.write("HTTP/1.1 100 Continue\r\n\r\n"))
        co_return fail(Error::cancelled(name(rt::CancelReason::kPeerGone)));
    while (!parser_.is_done_with_body()) {
        if (wire_.has_unread()) wire_.use(parser_.feed(wire_.unread()));
        if (std::string piece = parser_.take_piece(); !piece.empty()) co_return piece;
        if (parser_.state() == RequestParser::State::kRefused)
            co_return fail(Error::invalid(std::string(parser_.refusal().detail), "body"));
        if (parser_.is_done_with_body()) break;
        CO_CHECK_OK(by.check());
        const auto earned = std::chrono::milliseconds(
            1'000 * parser_.body_bytes() / std::max<std::size_t>(1, o.body_bytes_per_second_min)
        );
        const Steady before = std::chrono::steady_clock::now();
        wire_.arm_until(before + o.body_grace + earned - body_waited_);
        const bool has_more = co_await wire_.fill();
        wire_.disarm();
        body_waited_ += std::chrono::steady_clock::now() - before;
        if (has_more) continue;
        if (wire_.is_expired()) co_return fail(Error::timeout("The request did not arrive in time"));
        co_return fail(Error::cancelled(name(rt::CancelReason::kPeerGone)));
    }
    co_return std::string();
}

rt::Task<Result<Response>> Exchange::run_handler(Request request) {
    std::string fault;
    try {
        Result<Response> response = co_await core_.service.handle(std::move(request));
        if (!response && response.error().code == Code::kCancelled && core_.tasks.is_cancelled())
            co_return fail(Error::unavailable("The server is shutting down"));
        if (!response || has_valid_headers(*response)) co_return response;
        fault = "a handler answered with a malformed header";
    } catch (const std::exception& thrown) {
        fault = thrown.what();
    }
    if (core_.options.on_fault) core_.options.on_fault(fault);
    co_return fail(Error::internal(std::move(fault)));
}

std::string Exchange::head_of(const Response& response, Next next, std::optional<std::size_t> length) const {
    HeadFacts facts{
        .date = core_.date(),
        .id = id_,
        .length = length,
        .is_http_1_0 = is_http_1_0_,
        .closes = next == Next::kClose
    };
    return head_text(response, facts);
}

rt::Task<Next> Exchange::answer(Response response, Next next) {
    if (response.upgrade) co_return co_await answer_upgrade(std::move(*response.upgrade));
    if (response.stream) co_return co_await answer_stream(std::move(response), next);
    std::string_view body = response.shared_body ? std::string_view(*response.shared_body) : response.body;
    std::string head = head_of(response, next, body.size());
    if (method_ == Method::kHead || !may_have_body(response.status)) body = {};
    std::string rest;
    bool is_sent =
        wire_.write_now(head, body, rest) && (rest.empty() || co_await wire_.write_rest(std::move(rest)));
    record(is_sent ? response.status : 0, body.size());
    if (!is_sent) co_return Next::kClose;
    // Closing with unread input would reset the connection and may destroy the answer on its way.
    bool is_all_read = parser_.state() == RequestParser::State::kDone ||
                       (parser_.state() == RequestParser::State::kHead && !parser_.has_body());
    if (next == Next::kClose && !is_all_read) co_await wire_.linger();
    co_return next;
}

void Exchange::record(int status, std::size_t bytes_out) {
    if (!core_.options.on_access) return;
    AccessRecord entry;
    entry.id = id_;
    entry.method = method_;
    entry.path = path_;
    entry.route = route_;
    entry.client = client_;
    entry.status = status;
    entry.body_bytes_in = body_bytes_in_;
    entry.body_bytes_out = bytes_out;
    entry.duration = std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - started_);
    core_.options.on_access(entry);
}

}  // namespace weft::http::detail
