#include "app/runner/detail/zygote.h"
#include "app/runner/evaluator.h"

#include <errno.h>
#include <unistd.h>

#include <string>

namespace weft::runner {

#ifdef WEFT_ATTACKS
bool attack(protocol::Frame frame, int stream);  // tests/security/sandbox
#endif

namespace {

constexpr std::size_t kReadBytes = 64u << 10;

/// All of it, or the process ends: a run without its engine has nobody to answer.
void write_all(int stream, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t size = write(stream, bytes.data(), bytes.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) _exit(1);
        bytes.remove_prefix(static_cast<std::size_t>(size));
    }
}

}  // namespace

void say_ready(int stream) {
    std::string out;
    if (!protocol::append(out, protocol::Reply(protocol::Ready{}))) _exit(1);
    write_all(stream, out);
}

RunEnd serve_run(int stream, script::Engine& engine) {
    std::string out;
    Evaluator evaluator(engine, [&](const protocol::Reply& reply) {
        if (!protocol::append(out, reply)) _exit(1);
        // Log lines wait for the reply unless they pile up.
        if (out.size() < kReadBytes && std::holds_alternative<protocol::Log>(reply)) return;
        write_all(stream, out);
        out.clear();
    });
    protocol::FrameReader reader;
    static char buffer[kReadBytes];
    for (;;) {
        auto frame = reader.next();
        if (!frame) _exit(1);
        if (!*frame) {
            // Between two requests nobody waits for us: the time to clean up.
            engine.reset();
            const ssize_t size = read(stream, buffer, sizeof buffer);
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) return RunEnd::kClosed;
            reader.feed({buffer, static_cast<std::size_t>(size)});
            continue;
        }
#ifdef WEFT_ATTACKS
        if (attack(**frame, stream)) continue;
#endif
        auto request = protocol::decode_request(**frame);
        if (!request) _exit(1);
        if (std::holds_alternative<protocol::Reset>(*request)) {
            engine.reset();
            return RunEnd::kReset;
        }
        if (!evaluator.handle(std::move(*request))) _exit(1);
    }
}

}  // namespace weft::runner
