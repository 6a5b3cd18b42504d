#pragma once

#include "base/error.h"
#include "base/secret.h"

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace weft::demo {

struct InstanceOptions {
    std::string binary;                   // the weft program
    std::string data_dir;                 // empty: a throw-away folder, removed at the end
    std::vector<std::string> serve_args;  // besides --listen 127.0.0.1:0
    std::string log_path;                 // where the log lines go; empty: <data_dir>/serve.log
};

/// A running `weft serve` with everything it starts. Synchronous: for the demo, tests and benchmarks.
class Instance {
  public:
    /// Starts and waits until it serves (at most 60 s). Errors: kUnavailable with the last lines of its log.
    static Result<std::unique_ptr<Instance>> start(InstanceOptions options);
    /// Ends it as `stop` does.
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    const std::string& url() const { return url_; }
    /// Empty once claimed.
    const Secret& claim_token() const { return claim_token_; }
    const std::string& data_dir() const { return options_.data_dir; }
    const std::string& log_path() const { return options_.log_path; }
    pid_t pid() const { return pid_; }

    /// What a fault test aims at. Runners are the children of sandboxes; a postmaster is the parent of its
    /// backends.
    enum class Kind { kApi, kWorker, kRunner, kPostmaster };
    /// The live processes of a kind below this instance, in no particular order.
    std::vector<pid_t> processes(Kind kind) const;

    /// SIGTERM, then SIGKILL after 20 s. True when it ended by itself with exit code 0.
    bool stop();

  private:
    explicit Instance(InstanceOptions options) : options_(std::move(options)) {}
    Result<void> launch();
    Result<void> wait_until_serving(int stdout_fd);
    Error failed_to_start(std::string_view why) const;

    InstanceOptions options_;
    bool owns_data_dir_ = false;
    pid_t pid_ = -1;
    int stdout_fd_ = -1;
    std::string url_;
    Secret claim_token_;
};

}  // namespace weft::demo
