#include "platform/http/detail/refusal.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace weft::http::detail {

namespace {

constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

}  // namespace

int connections_allowed(int wanted) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
    const rlim_t free = files.rlim_cur > kDescriptorsKept ? files.rlim_cur - kDescriptorsKept : 1;
    return static_cast<int>(std::min<rlim_t>(free, static_cast<rlim_t>(wanted)));
}

void refuse(int socket) {
    std::array<char, 16u << 10> unread;
    (void)::recv(socket, unread.data(), unread.size(), MSG_DONTWAIT);
    (void)::send(socket, kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    ::shutdown(socket, SHUT_WR);
}

bool ReserveDescriptor::refuse_one(int listener) {
    give();
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) {
        refuse(socket);
        ::close(socket);
    }
    take();
    return socket >= 0;
}

void ReserveDescriptor::take() {
    // An eventfd needs no file, so a process that has given up its files can have one again.
    if (fd_ < 0) fd_ = ::eventfd(0, EFD_CLOEXEC);
}

void ReserveDescriptor::give() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

}  // namespace weft::http::detail
