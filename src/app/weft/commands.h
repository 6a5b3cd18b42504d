#pragma once

#include "app/weft/settings.h"

#include <string>

namespace weft::app {

/// Exit codes of the program.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct ServeOptions {
    std::string data;  // the data folder
    int workers = 1;
    ProcessOptions process;
};

/// Each runs one subcommand until it is done or told to stop by SIGINT or SIGTERM, and returns the exit code.
/// They print their own errors, one sentence each.
int serve(const ServeOptions& options, const Environment& environment);
int api(const ProcessOptions& options, const Environment& environment);
int worker(const ProcessOptions& options, const Environment& environment);
int migrate(const Environment& environment);

/// "weft: <sentence>" and, when there is one, the detail on a line of its own. Returns kExitFailed.
int complain(const Error& error);

}  // namespace weft::app
