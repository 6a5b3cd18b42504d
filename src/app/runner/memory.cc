#include "app/runner/detail/memory.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weft::runner::memory {

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kRegionsMax = 8;  // of a static program: data, zeros, heap
constexpr std::size_t kMapsBytesMax = 16u << 10;
constexpr std::size_t kWipedBytes = 4 * kPage;  // by hand; what lies deeper by pages
constexpr std::size_t kStackBytes = 8u << 20;   // what confinement allows

struct Region {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};

struct State {
    std::array<Region, kRegionsMax> regions;
    std::size_t size = 0;
    std::uintptr_t heap_end = 0;
    std::uintptr_t stack_low = 0;
    bool is_taken = false;
};
State state;  // plain data: part of what it describes

/// "55d0c0-55d0d0 rw-p 000 00:00 0  [heap]": a private writable mapping that is neither the stack nor a
/// snapshot already.
bool parse(std::string_view line, Region& out) {
    const std::size_t dash = line.find('-');
    const std::size_t space = line.find(' ');
    if (dash == std::string_view::npos || space == std::string_view::npos) return false;
    const char* text = line.data();
    if (std::from_chars(text, text + dash, out.begin, 16).ec != std::errc()) return false;
    if (std::from_chars(text + dash + 1, text + space, out.end, 16).ec != std::errc()) return false;
    if (line.substr(space + 1, 4) != "rw-p") return false;
    return line.find("[stack]") == std::string_view::npos &&
           line.find("memfd:weft-engine") == std::string_view::npos;
}

bool find_regions() {
    char text[kMapsBytesMax];  // not allocated: that would move what is being looked at
    const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    std::size_t size = 0;
    for (ssize_t got = 1; fd >= 0 && got > 0 && size < sizeof text; size += static_cast<std::size_t>(got)) {
        got = read(fd, text + size, sizeof text - size);
        if (got < 0) got = 0;
    }
    if (fd >= 0) close(fd);
    if (size == 0 || size == sizeof text) return false;
    std::string_view left(text, size);
    for (std::size_t end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
        Region region;
        if (parse(left.substr(0, end), region)) {
            if (state.size == kRegionsMax) return false;
            state.regions[state.size++] = region;
        }
        left.remove_prefix(end + 1);
    }
    return state.size > 0;
}

/// Copies the region into the file, except for its zeros, and maps that over it.
bool replace(const Region& region, int fd, off_t offset) {
    static constexpr char kZeros[kPage] = {};
    const auto* from = reinterpret_cast<const char*>(region.begin);
    const std::size_t size = region.end - region.begin;
    for (std::size_t at = 0; at < size; at += kPage) {
        if (std::memcmp(from + at, kZeros, kPage) == 0) continue;
        if (pwrite(fd, from + at, kPage, offset + static_cast<off_t>(at)) != kPage) return false;
    }
    auto* to = reinterpret_cast<void*>(region.begin);
    const int flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE;
    return mmap(to, size, PROT_READ | PROT_WRITE, flags, fd, offset) == to;
}

/// The page that the frame above ends in: its own part of that page cannot be dropped, nor what a call pushes
/// there.
[[gnu::noinline]] void wipe_below() {
    volatile char space[2 * kPage];
    for (std::size_t i = 0; i < sizeof space; ++i) space[i] = 0;
}

/// What the run's frames left on the stack.
[[gnu::noinline]] void wipe_stack() {
    volatile char space[kWipedBytes];
    for (std::size_t i = 0; i < sizeof space; ++i) space[i] = 0;
    wipe_below();
    const std::uintptr_t high = (reinterpret_cast<std::uintptr_t>(&space) & ~(kPage - 1)) - kPage;
    // Says that not all of it is mapped, and does the rest.
    madvise(reinterpret_cast<void*>(state.stack_low), high - state.stack_low, MADV_DONTNEED);
}

}  // namespace

void keep_to_heap() {
    mallopt(M_MMAP_MAX, 0);
}

void take_snapshot() {
    const char here = 0;
    rlimit limit{};
    getrlimit(RLIMIT_STACK, &limit);
    const std::size_t now = limit.rlim_cur == RLIM_INFINITY ? kStackBytes : limit.rlim_cur;
    state.stack_low = (reinterpret_cast<std::uintptr_t>(&here) - std::max(now, kStackBytes)) & ~(kPage - 1);
    state.heap_end = reinterpret_cast<std::uintptr_t>(sbrk(0));
    const int fd = find_regions() ? memfd_create("weft-runner", MFD_CLOEXEC | MFD_ALLOW_SEALING) : -1;
    if (fd < 0) return;
    std::size_t size = 0;
    for (std::size_t i = 0; i < state.size; ++i) size += state.regions[i].end - state.regions[i].begin;
    bool ok = ftruncate(fd, static_cast<off_t>(size)) == 0;
    state.is_taken = ok;
    // From here on nothing may be written but on the stack: each region is copied before it is replaced.
    off_t offset = 0;
    for (std::size_t i = 0; ok && i < state.size; ++i) {
        ok = replace(state.regions[i], fd, offset);
        offset += static_cast<off_t>(state.regions[i].end - state.regions[i].begin);
    }
    ok = ok && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0;
    close(fd);
    // Some of it is replaced, which does no harm, and some is not.
    if (!ok) state.is_taken = false;
}

void restore() {
    if (!state.is_taken) _exit(1);
    const State kept = state;  // on the stack, which stays: what it is in goes back as well
    syscall(SYS_brk, kept.heap_end);
    for (std::size_t i = 0; i < kept.size; ++i) {
        const Region& region = kept.regions[i];
        madvise(reinterpret_cast<void*>(region.begin), region.end - region.begin, MADV_DONTNEED);
    }
    wipe_stack();
}

}  // namespace weft::runner::memory
