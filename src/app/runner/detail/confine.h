#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace weft::runner {

/// A step of confinement that failed.
struct Refused {
    int error = 0;
    std::string_view stage;
};
using Confined = std::expected<void, Refused>;

enum class Tier { kFull, kRootless, kProcess };

struct Confinement {
    Tier tier = Tier::kFull;
    std::size_t memory_bytes = 0;
    // Switched off only by the test build, to prove that the next layer holds.
    bool has_seccomp = true;
    bool has_landlock = true;
    bool has_namespaces = true;
    bool resets_memory = true;  // between the runs of a shared sandbox
};

/// Once, in the zygote: namespaces, empty read-only root, bounding set, limits that children inherit.
Confined confine_zygote(const Confinement& how);

/// Landlock rule set that allows nothing, made by the slot's zygote for its children; -1 when the kernel has
/// none.
int make_landlock_ruleset();

struct ChildLimits {
    std::uint32_t uid = 0;
    std::uint32_t cpu_seconds = 60;
    int landlock_fd = -1;
};

/// In the run's child, before it reads its first byte: one descriptor (0), own uid, no capabilities,
/// Landlock, seccomp. Does not return when a step fails.
void confine_child(const Confinement& how, const ChildLimits& limits, int stream);

}  // namespace weft::runner
