#pragma once

#include "platform/http/detail/wire.h"

#include <list>
#include <string>

namespace weft::http::detail {

class Exchange;

/// One accepted connection, alive as long as its `serve` task. What belongs to one request is in an Exchange
/// made for it, and gone before the next.
class Connection {
  public:
    Connection(ServerCore& core, Socket socket, std::string peer);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Requests and answers until either side is done.
    rt::Task<void> serve();
    /// Ends the current wait when its time has passed; the server calls it a few times a second, which costs
    /// far less than a timer for each wait.
    void expire(Steady now) { wire_.expire(now); }
    /// Ends idle waits, streams and WebSockets at once; a plain request in flight is answered first.
    void drain();

  private:
    ServerCore& core_;
    Wire wire_;
    std::string peer_;
    std::list<Connection*>::iterator self_;
    Exchange* under_way_ = nullptr;
};

}  // namespace weft::http::detail
