#pragma once

#include "data/isolation/detail/cgroups.h"
#include "data/isolation/isolation.h"
#include "platform/proc/helper.h"

#include <sys/types.h>

#include <initializer_list>
#include <mutex>
#include <optional>
#include <span>

namespace weft::isolation {

using proc::Fd;
using proc::kill_and_reap;

/// A slot's own zygote: asked over `control`, it forks runs.
struct SlotZygote {
    pid_t pid = -1;
    Fd control;
};

class SandboxZygote final : public Zygote {
  public:
    /// What was found and made while the worker was root, as far as it was.
    struct Made {
        Tier tier = Tier::kProcess;
        bool has_uids = false;  // each slot runs as a user of its own
        std::optional<CgroupTree> cgroups;
        pid_t pid = -1;
        Fd control;
    };
    SandboxZygote(Options options, Made made);
    ~SandboxZygote() override;

    Tier tier() const override { return made_.tier; }
    const Options& options() const { return options_; }
    /// Nothing when the host lets us have none.
    const CgroupTree* cgroups() const { return made_.cgroups ? &*made_.cgroups : nullptr; }
    /// Its runs are in `cgroup`, if it exists. Blocks for a fraction of a millisecond; callable from any
    /// thread.
    Result<SlotZygote> make_slot(int index, const Cgroup& cgroup);

  private:
    Options options_;
    Made made_;
    std::mutex mutex_;  // one request at a time on the control socket; slots grow on pool threads
};

/// Sends one packet with up to control::kDescriptorsMax descriptors attached.
bool send_packet(int socket, const void* packet, std::size_t size, std::span<const int> fds);
inline bool send_packet(int socket, const void* packet, std::size_t size, std::initializer_list<int> fds) {
    return send_packet(socket, packet, size, std::span<const int>(fds.begin(), fds.size()));
}

}  // namespace weft::isolation
