#include "app/weft/commands.h"
#include "platform/rt/loop.h"

#include <array>
#include <csignal>

namespace weft::app {

int api(const ProcessOptions& options, const Environment& environment) {
    auto secrets = load_secrets(Plane::kApi, options, environment);
    if (!secrets) return complain(secrets.error());
    auto address = parse_address(options.listen);
    if (!address) return complain(address.error());

    rt::Loop loop;
    constexpr std::array kStop = {SIGINT, SIGTERM};
    loop.on_signals(kStop, [&loop](int) { loop.stop(); });
    report_ready(options.notify_fd, {{"from", "api"}, {"url", "http://" + address->text()}});
    loop.run();
    return kExitOk;
}

}  // namespace weft::app
