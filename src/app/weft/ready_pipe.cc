#include "app/weft/ready_pipe.h"

#include "platform/proc/proc.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace weft::app {

namespace asio = boost::asio;

namespace {
constexpr std::size_t kLineMax = 4096;  // PIPE_BUF: what a child writes arrives whole
}

struct ReadyPipe::Impl {
    Impl(rt::Loop& loop, int read_fd, int write_fd) : in(loop.context(), read_fd), out(write_fd) {}
    asio::posix::stream_descriptor in;
    proc::Fd out;
};

ReadyPipe::ReadyPipe(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReadyPipe::~ReadyPipe() = default;

Result<std::unique_ptr<ReadyPipe>> ReadyPipe::make(rt::Loop& loop) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return fail(Error::internal(std::string("pipe: ") + std::strerror(errno)));
    return std::unique_ptr<ReadyPipe>(new ReadyPipe(std::make_unique<Impl>(loop, ends[0], ends[1])));
}

int ReadyPipe::write_fd() const {
    return impl_->out.get();
}

rt::Task<void> ReadyPipe::read(std::function<void(const JsonObject&)> on_message, rt::Deadline by) {
    std::string pending;
    std::array<char, kLineMax> chunk;
    while (!by.is_over()) {
        auto [ec, count] =
            co_await impl_->in.async_read_some(asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
        if (ec) co_return;
        pending.append(chunk.data(), count);
        for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
            auto message = parse_json(std::string_view(pending).substr(0, end));
            if (message && message->is_object()) on_message(message->get_object());
            pending.erase(0, end + 1);
        }
        if (pending.size() > kLineMax) pending.clear();
    }
}

}  // namespace weft::app
