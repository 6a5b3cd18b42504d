#pragma once

#include "base/error.h"
#include "base/limits.h"
#include "core/template/template.h"
#include "platform/proc/helper.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

/// The JavaScript of workflows and actions, compiled in a confined child and never run.
namespace weft::control::scripts {

struct Options {
    std::string runner_path;        // weft-runner; empty = beside the running program
    int runner_fd = -1;             // runs this file instead of the path; stays the caller's
    bool has_weakest = false;       // without namespaces too, where the host gives none
    bool has_weakest_only = false;  // nothing stronger is tried: tests
    std::uint32_t uid = 0;          // of the child when we are root; unique on the machine
    std::size_t memory_bytes_max = limits::kSandboxMemoryBytesMax;
};

struct Found {
    std::vector<Error> problems;  // kInvalid, with the field of each
    std::string warning;          // why some of them could not be checked; "" when all were
};

/// Of scripts, since the start.
struct Stats {
    std::uint64_t good = 0;
    std::uint64_t wrong = 0;
    std::uint64_t unchecked = 0;
};

class Checker {
  public:
    /// Blocks for some 20 ms. Call it before there are threads, secrets or sockets. Errors: kUnavailable.
    static Result<std::unique_ptr<Checker>> start(Options options);
    /// Where none can be started: it checks nothing, and each check says so.
    static std::unique_ptr<Checker> absent();
    ~Checker();
    Checker(const Checker&) = delete;
    Checker& operator=(const Checker&) = delete;

    /// In order; one caller at a time, others wait up to a second. Takes some 0.1 ms for a script, and at
    /// most a few seconds for all.
    Found check(const std::vector<templates::Script>& scripts);
    Stats stats() const { return {.good = good_, .wrong = wrong_, .unchecked = unchecked_}; }

  private:
    explicit Checker(proc::Helper helper) : helper_(std::move(helper)) {}
    static Result<std::unique_ptr<Checker>> launch(const Options& options, const char* tier);

    proc::Helper helper_;
    std::timed_mutex mutex_;
    std::uint32_t last_id_ = 0;
    std::atomic<std::uint64_t> good_ = 0;
    std::atomic<std::uint64_t> wrong_ = 0;
    std::atomic<std::uint64_t> unchecked_ = 0;
};

}  // namespace weft::control::scripts
