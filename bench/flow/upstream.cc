// The other system of bench/compare: answers whatever comes with the same JSON. Prints its address; runs
// until it is ended.

#include "platform/http/server.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"

#include <cstdio>

namespace weft::bench {
namespace {

class Upstream final : public http::Service {
  public:
    http::Admission admit(http::Request&) override { return {.body_bytes_max = 1u << 20}; }
    rt::Task<Result<http::Response>> handle(http::Request) override {
        co_return http::Response::json(
            200, R"({"ok":true,"value":42,"items":[1,2,3],"note":"constant reply"})"
        );
    }
};

}  // namespace
}  // namespace weft::bench

int main() {
    weft::rt::Loop loop;
    weft::rt::SystemClock clock;
    weft::SystemRng rng;
    weft::bench::Upstream upstream;
    weft::http::Server server(loop, upstream, clock, rng);
    auto port = server.listen_tcp("127.0.0.1", 0);
    if (!port) return 1;
    std::printf("http://127.0.0.1:%u\n", static_cast<unsigned>(*port));
    std::fflush(stdout);
    loop.run();
}
