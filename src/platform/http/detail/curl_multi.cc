#include "platform/http/detail/curl_multi.h"

#include "platform/rt/deadline.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weft::http::detail {

namespace asio = boost::asio;
using boost::system::error_code;

struct CurlMulti::Watched {
    explicit Watched(asio::io_context& context) : descriptor(context) {}
    asio::generic::stream_protocol::socket descriptor;
    curl_socket_t fd = CURL_SOCKET_BAD;  // as libcurl knows it
    bool is_foreign = false;             // libcurl's own descriptor; ours is a duplicate
    int wanted = CURL_POLL_NONE;
    bool is_read_pending = false;
    bool is_write_pending = false;
};

CurlMulti::CurlMulti(rt::Loop& loop, long connections, long connections_per_host, OnDone on_done)
    : loop_(loop),
      on_done_(std::move(on_done)),
      multi_(curl_multi_init()),
      timer_(loop.context()),
      alive_(std::make_shared<bool>(true)) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, connections_per_host);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
}

CurlMulti::~CurlMulti() {
    curl_multi_cleanup(multi_);  // closes kept connections through close_socket
    *alive_ = false;
}

CURLMcode CurlMulti::add(CURL* easy) {
    CURLMcode code = curl_multi_add_handle(multi_, easy);
    if (code != CURLM_OK) return code;
    // libcurl asks for a zero timeout to begin; doing it here saves a turn of the loop.
    if (due_at_ == kNow) fire();
    return CURLM_OK;
}

void CurlMulti::remove(CURL* easy) {
    curl_multi_remove_handle(multi_, easy);
}

curl_socket_t CurlMulti::open_socket(int family, int type, int protocol) {
    int fd = ::socket(family, type | SOCK_CLOEXEC, protocol);
    if (fd < 0) return CURL_SOCKET_BAD;
    auto watched = std::make_shared<Watched>(loop_.context());
    error_code ec;
    watched->descriptor.assign(asio::generic::stream_protocol(family, protocol), fd, ec);
    if (ec) {
        ::close(fd);
        return CURL_SOCKET_BAD;
    }
    watched->fd = fd;
    sockets_.emplace(fd, std::move(watched));
    return fd;
}

/// libcurl's threaded resolver reports through a socket pair of its own, which it closes behind our back: the
/// loop gets a duplicate.
bool CurlMulti::adopt_foreign(curl_socket_t fd) {
    int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) return false;
    auto watched = std::make_shared<Watched>(loop_.context());
    error_code ec;
    watched->descriptor.assign(asio::generic::stream_protocol(AF_UNIX, 0), copy, ec);
    if (ec) {
        ::close(copy);
        return false;
    }
    watched->fd = fd;
    watched->is_foreign = true;
    sockets_.emplace(fd, std::move(watched));
    return true;
}

int CurlMulti::close_socket(void* self, curl_socket_t fd) {
    auto& sockets = static_cast<CurlMulti*>(self)->sockets_;
    auto at = sockets.find(fd);
    if (at == sockets.end()) return ::close(fd);
    error_code ignored;
    at->second->wanted = CURL_POLL_NONE;
    at->second->descriptor.close(ignored);
    sockets.erase(at);
    return 0;
}

int CurlMulti::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    auto* multi = static_cast<CurlMulti*>(self);
    auto at = multi->sockets_.find(fd);
    if (at == multi->sockets_.end()) {
        if (what == CURL_POLL_REMOVE || !multi->adopt_foreign(fd)) return 0;
        at = multi->sockets_.find(fd);
    }
    if (what == CURL_POLL_REMOVE && at->second->is_foreign) {
        close_socket(self, fd);
        return 0;
    }
    at->second->wanted = what == CURL_POLL_REMOVE ? CURL_POLL_NONE : what;
    multi->watch(at->second);
    return 0;
}

void CurlMulti::watch(const std::shared_ptr<Watched>& socket) {
    if ((socket->wanted & CURL_POLL_IN) != 0 && !socket->is_read_pending) wait(socket, false);
    if ((socket->wanted & CURL_POLL_OUT) != 0 && !socket->is_write_pending) wait(socket, true);
}

void CurlMulti::wait(const std::shared_ptr<Watched>& socket, bool is_write) {
    bool& pending = is_write ? socket->is_write_pending : socket->is_read_pending;
    pending = true;
    auto kind = is_write ? asio::socket_base::wait_write : asio::socket_base::wait_read;
    // A wait is left standing when libcurl loses interest and reused when it regains it.
    socket->descriptor.async_wait(kind, [this, alive = alive_, socket, is_write](const error_code& ec) {
        (is_write ? socket->is_write_pending : socket->is_read_pending) = false;
        if (ec || !*alive || !socket->descriptor.is_open()) return;
        int wanted = is_write ? CURL_POLL_OUT : CURL_POLL_IN;
        if ((socket->wanted & wanted) == 0) return;
        act(socket->fd, is_write ? CURL_CSELECT_OUT : CURL_CSELECT_IN);
        if (*alive && socket->descriptor.is_open()) watch(socket);
    });
}

int CurlMulti::on_timer(CURLM*, long timeout_ms, void* self) {
    auto* multi = static_cast<CurlMulti*>(self);
    multi->due_at_ = timeout_ms < 0    ? kNever
                     : timeout_ms == 0 ? kNow
                                       : rt::Deadline::in(Millis(timeout_ms)).when();
    if (timeout_ms == 0) {
        asio::post(multi->loop_.context(), [multi, alive = multi->alive_] {
            if (*alive && multi->due_at_ == kNow) multi->fire();
        });
    } else if (multi->due_at_ < multi->armed_at_) {
        multi->arm(multi->due_at_);
    }
    return 0;
}

/// The timer is left standing when libcurl changes its mind, which it does with every request: to set one
/// costs the kernel more than a message.
void CurlMulti::arm(Steady at) {
    armed_at_ = at;
    timer_.expires_at(at);
    timer_.async_wait([this, alive = alive_, at](const error_code& ec) {
        if (ec || !*alive) return;
        armed_at_ = kNever;
        if (due_at_ <= at)
            fire();
        else if (due_at_ < kNever)
            arm(due_at_);
    });
}

void CurlMulti::fire() {
    due_at_ = kNever;
    act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlMulti::act(curl_socket_t fd, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    report();
}

void CurlMulti::report() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) on_done_(message->easy_handle, message->data.result);
    }
}

}  // namespace weft::http::detail
