#pragma once

#include <cstddef>

namespace weft::http::detail {

/// Descriptors that connections may not take: for the database, files and the log. An api process uses
/// some 20.
inline constexpr std::size_t kDescriptorsKept = 64;

/// The most connections that the process's descriptors allow, beside what it needs for itself; at least 1.
int connections_allowed(int wanted);

/// Answers 503 with Retry-After on a connection just accepted, without waiting for its peer. What the peer
/// has sent is read first, or closing would reset the connection and take the answer with it.
void refuse(int socket);

/// One descriptor kept aside. When the process or the machine has no other left, it is given up for a moment,
/// so that a waiting connection is told instead of left hanging.
class ReserveDescriptor {
  public:
    ReserveDescriptor() { take(); }
    ~ReserveDescriptor() { give(); }
    ReserveDescriptor(const ReserveDescriptor&) = delete;
    ReserveDescriptor& operator=(const ReserveDescriptor&) = delete;

    /// Accepts and refuses one waiting connection of `listener`, which must not block. False: there was none,
    /// or somebody else took the descriptor.
    bool refuse_one(int listener);

  private:
    void take();
    void give();
    int fd_ = -1;
};

}  // namespace weft::http::detail
