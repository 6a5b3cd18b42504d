#pragma once

#include <cstdint>

namespace weft::store::runs {

/// What work has cost (docs/adr/0048): of a step, of all its attempts; of a run, also what is of no step.
struct Used {
    std::int64_t cpu_us = 0;               // of the sandbox
    std::int64_t memory_byte_seconds = 0;  // likewise: its memory, for as long as it worked
    std::int64_t bytes_in = 0;             // bodies of calls, without their coding
    std::int64_t bytes_out = 0;
    std::int64_t calls = 0;  // that were sent
    std::int64_t steps = 0;  // of a run: that have ended, and were not skipped

    Used& operator+=(const Used& other) {
        cpu_us += other.cpu_us;
        memory_byte_seconds += other.memory_byte_seconds;
        bytes_in += other.bytes_in;
        bytes_out += other.bytes_out;
        calls += other.calls;
        steps += other.steps;
        return *this;
    }
    bool operator==(const Used&) const = default;
};

}  // namespace weft::store::runs
