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
    /// False: there is no room for another one.
    bool begin_streaming(const Admission& admission);
    rt::Task<Result<std::string>> read_piece(rt::Deadline by);
    /// Where the handler left a body that it read itself: false when the connection can't go on.
    bool has_streamed_well();
    rt::Task<Result<Response>> run_handler(Request request);
    rt::Task<Next> answer(Response response, Next next);
    rt::Task<Next> answer_stream(Response response, Next next);
    rt::Task<Next> answer_upgrade(Upgrade upgrade);
    std::string head_of(const Response& response, Next next, std::optional<std::size_t> length) const;
    void record(int status, std::size_t bytes_out);

    class ChunkSink;
    /// The body as a handler reads it.
    struct Incoming final : BodyReader {
        explicit Incoming(Exchange& e) : exchange(e) {}
        rt::Task<Result<std::string>> read(rt::Deadline by) override {
            return exchange.read_piece(std::move(by));
        }
        Exchange& exchange;
    };

    ServerCore& core_;
    Wire& wire_;
    std::string_view peer_;
    RequestParser parser_;
    Steady started_;
    Steady body_started_{};
    Incoming incoming_{*this};
    Steady::duration body_waited_{};  // for the sender's bytes, of a body that is read as it comes
    bool is_streamed_ = false;
    bool must_say_continue_ = false;
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
