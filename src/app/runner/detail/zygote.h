#pragma once

#include "app/runner/detail/confine.h"
#include "app/runner/script.h"

namespace weft::runner {

struct ZygoteOptions {
    Confinement confinement;
    int control = 3;
};

/// Confines this process, then makes one small process per slot on request, until the worker goes away. Each
/// of those forks the slot's runs. Returns the exit status.
int run_zygote(const ZygoteOptions& options, script::Engine& engine);

/// Serves one run over a connected stream until it ends.
void serve_run(int stream, script::Engine& engine);

}  // namespace weft::runner
