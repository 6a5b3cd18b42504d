#include "app/runner/detail/check.h"
#include "app/runner/detail/memory.h"
#include "app/runner/detail/zygote.h"
#include "core/protocol/control.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace {

using weft::protocol::control::kExitOutOfMemory;
using weft::protocol::control::kExitOutOfTime;
using weft::runner::Tier;

constexpr const char* kUsage =
    "weft-runner evaluates the expressions and code of workflow runs. `weft worker` starts it; there is "
    "nothing to run "
    "by hand.\n";

}  // namespace

/// weft-runner zygote <full|rootless|process> <memory bytes>
/// weft-runner check <full|rootless|process> <memory bytes> <user>
int main(int argc, char** argv) {
    const bool is_check = argc == 5 && std::strcmp(argv[1], "check") == 0;
    if (!is_check && (argc < 4 || std::strcmp(argv[1], "zygote") != 0)) {
        std::fputs(kUsage, stderr);
        return 2;
    }
    weft::runner::memory::keep_to_heap();
    weft::runner::ZygoteOptions options;
    const std::string_view tier = argv[2];
    options.confinement.tier = tier == "rootless"  ? Tier::kRootless
                               : tier == "process" ? Tier::kProcess
                                                   : Tier::kFull;
    options.confinement.memory_bytes = std::strtoull(argv[3], nullptr, 10);
#ifdef WEFT_ATTACKS
    for (int i = 4; i < argc; ++i) {
        const std::string_view flag = argv[i];
        if (flag == "--without-seccomp") options.confinement.has_seccomp = false;
        if (flag == "--without-landlock") options.confinement.has_landlock = false;
        if (flag == "--without-namespaces") options.confinement.has_namespaces = false;
        if (flag == "--without-reset") options.confinement.resets_memory = false;
    }
#endif
    // Known to the worker as "out of memory"; the default would throw through code that cannot continue
    // anyway.
    std::set_new_handler([] { _exit(98); });
    // What only compiles needs no library.
    const auto most = is_check ? weft::script::Scope::kLanguage : weft::script::Scope::kLibrary;
    weft::script::Engine engine(weft::limits::kScriptMemoryBytesMax, most);
    if (is_check) {
        const auto uid = static_cast<std::uint32_t>(std::strtoul(argv[4], nullptr, 10));
        return weft::runner::run_checker({.confinement = options.confinement, .uid = uid}, engine);
    }
    weft::runner::memory::take_snapshot();
    return weft::runner::run_zygote(options, engine);
}
