#pragma once

#include "data/isolation/isolation.h"

#include <sys/types.h>

#include <mutex>

namespace weft::isolation {

/// Owner of one descriptor.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept;
    ~Fd() { reset(); }
    int get() const { return fd_; }
    int release();
    void reset();

  private:
    int fd_ = -1;
};

/// A slot's own zygote: asked over `control`, it forks runs.
struct SlotZygote {
    pid_t pid = -1;
    Fd control;
};

class SandboxZygote final : public Zygote {
  public:
    SandboxZygote(Options options, Tier tier, pid_t pid, Fd control);
    ~SandboxZygote() override;

    Tier tier() const override { return tier_; }
    const Options& options() const { return options_; }
    /// Blocks for a fraction of a millisecond; callable from any thread. `cgroup_fd` -1 = none.
    Result<SlotZygote> make_slot(std::uint32_t uid, int cgroup_fd);

  private:
    Options options_;
    Tier tier_;
    pid_t pid_;
    Fd control_;
    std::mutex mutex_;  // one request at a time on the control socket; slots grow on pool threads
};

/// Sends one packet with up to two descriptors attached (negative ones are left out).
bool send_packet(int socket, const void* packet, std::size_t size, int fd_a, int fd_b);

/// Kills and reaps one of our children. Blocks for as long as its memory takes to free.
void kill_and_reap(pid_t pid);

}  // namespace weft::isolation
