#pragma once

#include "base/error.h"
#include "data/isolation/isolation.h"

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
    /// Version 2: one, for CLONE_INTO_CGROUP. Version 1: one for each controller, which a process has to
    /// join; that blocks it for about 12 ms each (a grace period of the kernel).
    const std::vector<std::string>& folders() const { return folders_; }
    bool is_v2() const { return is_v2_; }
    /// Kills by the kernel for want of memory, since the group was made.
    std::uint64_t oom_kills() const;

  private:
    friend class CgroupTree;
    void remove();

    std::vector<std::string> folders_;
    std::string memory_folder_;
    bool is_v2_ = false;
};

/// Finds the controllers of this host, makes our part of the tree (a folder `weft` that stays, in it one for
/// each worker), gives it to the worker's later user, and clears what dead workers left behind.
class CgroupTree {
  public:
    /// Errors: kUnavailable with what is missing.
    static Result<CgroupTree> make(const Options& options);
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
