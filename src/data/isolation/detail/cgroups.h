#pragma once

#include "base/error.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::isolation {

struct CgroupLimits {
    std::size_t memory_bytes = 0;
    int pids = 0;
};

/// A slot's group: one folder on version 2, one per controller on version 1. Move-only; removes its folders.
class Cgroup {
  public:
    Cgroup() = default;
    Cgroup(Cgroup&& other) noexcept;
    Cgroup& operator=(Cgroup&& other) noexcept;
    ~Cgroup();

    bool exists() const { return !folders_.empty(); }
    /// Version 2: the folder for CLONE_INTO_CGROUP; -1 on version 1, where a process has to be attached.
    int fd() const { return fd_; }
    /// Moves a process in. On version 1 this blocks about 12 ms per controller (a grace period of the
    /// kernel).
    Result<> attach(pid_t pid) const;
    /// Kills by the kernel for want of memory, since the group was made.
    std::uint64_t oom_kills() const;
    std::size_t memory_peak() const;
    /// Starts a new measurement of the peak.
    void reset_peak() const;

  private:
    friend class CgroupTree;
    void remove();

    std::vector<std::string> folders_;
    std::string memory_folder_;
    bool is_v2_ = false;
    int fd_ = -1;
    int peak_fd_ = -1;
};

/// Finds the controllers of this host, makes our part of the tree, and clears what dead workers left behind.
class CgroupTree {
  public:
    /// Errors: kUnavailable with what is missing.
    static Result<CgroupTree> make(const std::string& name);
    CgroupTree(CgroupTree&&) = default;
    CgroupTree& operator=(CgroupTree&&) = delete;
    ~CgroupTree();

    Result<Cgroup> make_group(int index, const CgroupLimits& limits) const;
    bool is_v2() const { return is_v2_; }

  private:
    CgroupTree() = default;

    bool is_v2_ = false;
    std::vector<std::string> roots_;  // our folder per hierarchy; the first is the memory controller's
};

}  // namespace weft::isolation
