#pragma once

#include "platform/http/detail/server_core.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <string>
#include <string_view>

namespace weft::http::detail {

using Socket = boost::asio::generic::stream_protocol::socket;
/// Every wait says how it ended instead of throwing.
inline constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

/// Bytes in and out of one connection, every wait bounded. All that outlives a request is here: what has come
/// and belongs to the next one, and when patience ends.
class Wire {
  public:
    Wire(ServerCore& core, Socket socket);

    /// What has come and has not been used.
    std::string_view unread() const { return std::string_view(in_).substr(in_at_); }
    bool has_unread() const { return in_at_ < in_.size(); }
    /// Wipes it: a connection kept alive must not keep the credential that a finished request carried.
    void use(std::size_t bytes);
    /// Waits for more; false at the end of the connection, on expiry and on cancellation.
    rt::Task<bool> fill();

    /// Sends both in one call; what the socket does not take, which is rare, is left in `rest`. False:
    /// broken.
    bool write_now(std::string_view head, std::string_view body, std::string& rest);
    rt::Task<bool> write_rest(std::string rest);
    rt::Task<bool> write(std::string bytes);
    /// Says that we are done and reads on for a while, so that our answer arrives.
    rt::Task<void> linger();

    void arm(Steady::duration timeout);
    void arm_until(Steady when) { expires_at_ = when; }
    void disarm() { expires_at_ = Steady::max(); }
    /// Ends the current wait when its time has passed.
    void expire(Steady now);
    bool is_expired() const { return is_expired_; }
    /// For one last answer that says so.
    void forgive() { is_expired_ = false; }

    /// Ends the current wait.
    void interrupt();
    Socket& socket() { return socket_; }

  private:
    bool is_over() const { return is_expired_ || core_.tasks.is_cancelled(); }

    ServerCore& core_;
    Socket socket_;
    std::string in_;  // received, used up to in_at_
    std::size_t in_at_ = 0;
    Steady expires_at_ = Steady::max();
    bool is_expired_ = false;
};

}  // namespace weft::http::detail
