#pragma once

#include "app/runner/detail/confine.h"
#include "app/runner/script.h"

namespace weft::runner {

struct CheckerOptions {
    Confinement confinement;
    std::uint32_t uid = 0;  // of the child; 0 = ours
    int control = 3;
};

/// Confines this process, which never reads a script, and keeps one child that compiles what it is sent
/// (core/protocol/check.h) and runs none of it. A child that dies, or has used its time, is followed by
/// another. Returns the exit status once the other end is closed.
int run_checker(const CheckerOptions& options, script::Engine& engine);

}  // namespace weft::runner
