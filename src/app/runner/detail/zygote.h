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

/// How a run's conversation ended: with the stream, or with the wish that its process serve another.
enum class RunEnd { kClosed, kReset };

/// Serves one run over a connected stream until it ends. Nothing of it is allocated afterwards.
RunEnd serve_run(int stream, script::Engine& engine);
/// That the next run may come.
void say_ready(int stream);

}  // namespace weft::runner
