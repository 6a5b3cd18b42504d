#pragma once

#include "base/time.h"
#include "platform/rt/loop.h"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>

#include <functional>
#include <memory>
#include <unordered_map>

namespace weft::http::detail {

/// One curl multi handle (hence one connection cache) driven by the loop. Sockets are registered with the
/// loop once for their whole life, because libcurl forgets and remembers a kept connection with every
/// request.
class CurlMulti {
  public:
    /// `on_done` hears of each finished transfer, never from inside a call into this class by its owner's
    /// libcurl callbacks; it may not remove handles itself.
    using OnDone = std::function<void(CURL*, CURLcode)>;
    CurlMulti(rt::Loop& loop, long connections, long connections_per_host, OnDone on_done);
    ~CurlMulti();
    CurlMulti(const CurlMulti&) = delete;
    CurlMulti& operator=(const CurlMulti&) = delete;

    /// Starts the transfer of a prepared handle and gives it its first push.
    CURLMcode add(CURL* easy);
    /// Ends a transfer, finished or not. Not from inside a libcurl callback.
    void remove(CURL* easy);

    /// To be set as CURLOPT_OPENSOCKETDATA and CURLOPT_CLOSESOCKETDATA: sockets belong to this object.
    curl_socket_t open_socket(int family, int type, int protocol);
    static int close_socket(void* self, curl_socket_t fd);

    std::size_t open_sockets() const { return sockets_.size(); }

  private:
    struct Watched;
    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*);
    static int on_timer(CURLM*, long timeout_ms, void* self);
    bool adopt_foreign(curl_socket_t fd);
    void watch(const std::shared_ptr<Watched>& socket);
    void wait(const std::shared_ptr<Watched>& socket, bool is_write);
    void arm(Steady at);
    void fire();
    void act(curl_socket_t fd, int events);
    void report();

    rt::Loop& loop_;
    OnDone on_done_;
    CURLM* multi_;
    boost::asio::steady_timer timer_;
    static constexpr Steady kNow = Steady::min();
    static constexpr Steady kNever = Steady::max();
    Steady due_at_ = kNever;                                               // when libcurl wants a push
    Steady armed_at_ = kNever;                                             // when the timer ends: not later
    std::unordered_map<curl_socket_t, std::shared_ptr<Watched>> sockets_;  // shared with pending waits
    std::shared_ptr<bool> alive_;  // false once destroyed; shared with pending waits
};

}  // namespace weft::http::detail
