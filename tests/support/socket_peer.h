#pragma once

#include "platform/http/http.h"
#include "platform/rt/sync.h"

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace weft::test {

/// The other side of a WebSocket in the hands of a test: says what it is told to, and reads only while it
/// may.
class SocketPeer final : public http::WebSocket::Impl {
  public:
    explicit SocketPeer(rt::Loop& loop) : wake_(loop) {}

    rt::Task<Result<http::Message>> read(rt::Deadline by) override {
        while (to_say_.empty() && !is_closed) CO_CHECK_OK(co_await wake_.wait(by));
        if (is_closed) co_return fail(Error::cancelled("closed"));
        http::Message out{.kind = http::Message::Kind::kText, .data = std::move(to_say_.front())};
        to_say_.pop_front();
        co_return out;
    }
    rt::Task<Result<void>> write(http::Message message, rt::Deadline by) override {
        while (!reads && !is_closed) CO_CHECK_OK(co_await wake_.wait(by));
        if (is_closed) co_return fail(Error::cancelled("closed"));
        heard.push_back(std::move(message.data));
        co_return Result<void>{};
    }
    rt::Task<void> close(std::uint16_t code, std::string reason) override {
        close_code = code;
        close_reason = std::move(reason);
        is_closed = true;
        wake_.notify_all();
        co_return;
    }
    void say(std::string text) {
        to_say_.push_back(std::move(text));
        wake_.notify_all();
    }
    void may_read(bool now) {
        reads = now;
        wake_.notify_all();
    }

    std::vector<std::string> heard;
    int close_code = 0;
    std::string close_reason;
    bool is_closed = false;
    bool reads = true;

  private:
    std::deque<std::string> to_say_;
    rt::Signal wake_;
};

}  // namespace weft::test
