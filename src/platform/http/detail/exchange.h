#pragma once

#include "platform/http/detail/request_parser.h"
#include "platform/http/detail/wire.h"

#include <optional>
#include <string>

namespace weft::http::detail {

/// What happens to the connection after an answer.
enum class Next { kKeepAlive, kClose };

/// One request and its answer: everything known of them, from the first byte to the last. Made anew for each
/// request, so that nothing of one can reach the next.
class Exchange {
  public:
    Exchange(ServerCore& core, Wire& wire, std::string_view peer);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    rt::Task<Next> serve();
    /// Ends the wait for a request, a stream or a WebSocket at once; leaves a plain request to its answer.
    void drain();

  private:
    rt::Task<bool> read_until(RequestParser::State wanted);
    rt::Task<Next> refuse_head();
    void note_head();
    rt::Task<Admission> admit();
    rt::Task<void> ask_gate(Admission& admission);
    void arm_body();
    rt::Task<bool> read_body(const Admission& admission);
    rt::Task<Result<Response>> run_handler(Request request);
    rt::Task<Next> answer(Response response, Next next);
    rt::Task<Next> answer_stream(Response response, Next next);
    rt::Task<Next> answer_upgrade(Upgrade upgrade);
    std::string head_of(const Response& response, Next next, std::optional<std::size_t> length) const;
    void record(int status, std::size_t bytes_out);

    class ChunkSink;

    ServerCore& core_;
    Wire& wire_;
    std::string_view peer_;
    RequestParser parser_;
    Steady started_;
    Steady body_started_{};
    bool is_idle_ = false;          // not a byte of the request has come
    rt::Scope* session_ = nullptr;  // of the stream or WebSocket under way
    rt::Signal* wake_ = nullptr;    // of the WebSocket under way

    // Of the request being answered; the Request itself has gone to the handler.
    RequestId id_;
    std::string client_;  // who sent it: peer_, or whom a trusted proxy names
    Method method_ = Method::kGet;
    std::string path_;
    std::string route_;
    std::size_t body_bytes_in_ = 0;
    bool is_http_1_0_ = false;
    std::optional<Request> upgrade_head_;
};

}  // namespace weft::http::detail
