#pragma once

#include <string>

namespace weft::demo {

struct ShowOptions {
    std::string binary;        // the weft program itself
    std::string web_dir;       // the built UI; empty: let `weft serve` look for it
    bool exits_after = false;  // stop once the run has been shown, instead of serving until Ctrl-C
};

/// `weft demo`: a throw-away installation, the sample integration, one real webhook event, and its run on
/// standard output; then serves until SIGINT or SIGTERM. Returns the exit code.
int show(const ShowOptions& options);

}  // namespace weft::demo
