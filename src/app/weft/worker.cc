#include "app/weft/commands.h"
#include "platform/rt/loop.h"

#include <array>
#include <csignal>

namespace weft::app {

int worker(const ProcessOptions& options, const Environment& environment) {
    // First of all: the sandboxes' zygote, which must not have seen a secret (isolation::Zygote::spawn).
    auto secrets = load_secrets(Plane::kWorker, options, environment);
    if (!secrets) return complain(secrets.error());

    rt::Loop loop;
    constexpr std::array kStop = {SIGINT, SIGTERM};
    loop.on_signals(kStop, [&loop](int) { loop.stop(); });
    report_ready(options.notify_fd, {{"from", "worker"}});
    loop.run();
    return kExitOk;
}

}  // namespace weft::app
