#include "load.h"

#include "platform/rt/scope.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace weft::bench {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

struct Shared {
    LoadOptions options;
    int next = 0;
    Steady start;
};

std::size_t content_length(std::string_view head) {
    constexpr std::string_view kName = "ontent-length:";
    auto at = head.find(kName);
    if (at == std::string_view::npos) at = head.find("ontent-Length:");
    if (at == std::string_view::npos) return 0;
    at = head.find_first_not_of(' ', at + kName.size());
    std::size_t value = 0;
    std::from_chars(head.data() + at, head.data() + head.size(), value);
    return value;
}

rt::Task<bool> exchange(
    tcp::socket& socket, const std::string& request, std::string& buffer, Answer& answer
) {
    auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(request), kToken);
    if (write_error) co_return false;
    auto [head_error, head_size] =
        co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), "\r\n\r\n", kToken);
    if (head_error) co_return false;
    std::string_view head(buffer.data(), head_size);
    std::from_chars(head.data() + 9, head.data() + 12, answer.status);
    std::size_t size = content_length(head);
    if (buffer.size() < head_size + size) {
        auto missing = asio::transfer_exactly(head_size + size - buffer.size());
        auto [error, got] = co_await asio::async_read(socket, asio::dynamic_buffer(buffer), missing, kToken);
        if (error) co_return false;
    }
    answer.body = buffer.substr(head_size, size);
    buffer.erase(0, head_size + size);
    co_return true;
}

rt::Task<void> connection(rt::Loop& loop, Shared& shared) {
    const LoadOptions& options = shared.options;
    tcp::endpoint peer(asio::ip::make_address(options.host), options.port);
    tcp::socket socket(loop.context());
    std::string buffer;
    while (shared.next < options.requests) {
        int index = shared.next++;
        Steady due = std::chrono::steady_clock::now();
        if (options.rate_per_second > 0) {
            due =
                shared.start + std::chrono::microseconds(std::llround(index * 1e6 / options.rate_per_second));
            (void)co_await rt::sleep_for(due - std::chrono::steady_clock::now(), rt::Deadline::in(1h));
        }
        Answer answer;
        if (!socket.is_open()) {
            auto [error] = co_await socket.async_connect(peer, kToken);
            if (!error) socket.set_option(tcp::no_delay(true));
        }
        std::string request = options.make_request(index);
        if (!co_await exchange(socket, request, buffer, answer)) {
            boost::system::error_code ignored;
            socket.close(ignored);
            buffer.clear();
            answer.status = 0;
        }
        answer.latency = std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - due);
        options.on_answer(index, std::move(answer));
    }
}

}  // namespace

rt::Task<void> generate(rt::Loop& loop, LoadOptions options) {
    Shared shared{std::move(options), 0, std::chrono::steady_clock::now()};
    rt::Scope scope(loop);
    for (int i = 0; i < shared.options.connections; ++i) scope.spawn(connection(loop, shared));
    co_await scope.join();
}

double percentile(std::vector<double> values, double p) {
    if (values.empty()) return 0;
    auto at = static_cast<std::ptrdiff_t>(std::llround(p / 100 * static_cast<double>(values.size() - 1)));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

}  // namespace weft::bench
