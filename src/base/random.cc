#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace weft {

void SystemRng::fill(std::span<std::byte> out) {
    while (!out.empty()) {
        ssize_t got = getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) std::abort();  // a kernel without randomness can keep no promise of ours
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

void SeededRng::fill(std::span<std::byte> out) {
    for (std::byte& byte : out) byte = static_cast<std::byte>(engine_());
}

}  // namespace weft
