#include "app/weft/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace weft::app {

namespace {

constexpr int kBacklog = 4096;  // the kernel's default cap (net.core.somaxconn)

std::string reason(const Address& address, int error) {
    std::string text = address.text();
    if (error == EADDRINUSE) {
        return "Another program listens on " + text + ". Stop it, or choose another port with --listen.";
    }
    if (error == EACCES)
        return "Only root may listen on " + text + ". Choose a port above 1023 with --listen.";
    if (error == EADDRNOTAVAIL)
        return "This machine does not have the address " + address.host + ". Change --listen.";
    return "Could not listen on " + text + ": " + std::strerror(error) + ".";
}

}  // namespace

Result<proc::Fd> listen_on(Address& address) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &raw) != 0) {
        return fail(Error::invalid("\"" + address.host + "\" is not an IP address. Change --listen."));
    }
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(raw, &::freeaddrinfo);
    proc::Fd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    int on = 1;
    bool is_listening = socket && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                        ::bind(socket.get(), found->ai_addr, found->ai_addrlen) == 0 &&
                        ::listen(socket.get(), kBacklog) == 0;
    if (!is_listening) return fail(Error::unavailable(reason(address, errno)));

    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
        return fail(Error::unavailable(reason(address, errno)));
    }
    address.port = ntohs(
        bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                    : reinterpret_cast<sockaddr_in&>(bound).sin_port
    );
    return socket;
}

}  // namespace weft::app
