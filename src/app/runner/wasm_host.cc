#include "app/runner/detail/wasm_host.h"

#include "core/protocol/control.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace weft::script::wasm {

namespace {

constexpr std::size_t kPage = 65536;
// A 32-bit address plus a 32-bit offset: no access of the translated code can leave this range.
constexpr std::size_t kReserved = (std::size_t{8} << 30) + kPage;
constexpr std::size_t kSignalStackBytes = 64u << 10;
constexpr char kZeros[4096] = {};

struct FuncType {
    std::vector<wasm_rt_type_t> params;
    std::vector<wasm_rt_type_t> results;
    bool operator==(const FuncType&) const = default;
};

struct State {
    std::uint32_t pages_max = 1536;
    std::vector<FuncType> types;
    sigjmp_buf* target = nullptr;
    wasm_rt_trap_t trap = WASM_RT_TRAP_NONE;
    Image image;  // of the one instance of this process
    const char* stack_low = nullptr;
    alignas(16) char signal_stack[kSignalStackBytes];
};

State& state() {
    static State instance;  // one engine per process: signal handlers cannot be given a pointer
    return instance;
}

[[noreturn]] void die(const char* why) {
    (void)!write(2, why, std::strlen(why));
    std::abort();
}

[[noreturn]] void leave(wasm_rt_trap_t trap) {
    State& s = state();
    if (!s.target) die("trap outside of the engine\n");
    s.trap = trap;
    siglongjmp(*s.target, 1);
}

void on_fault(int signal, siginfo_t* info, void*) {
    State& s = state();
    const auto* at = static_cast<const char*>(info->si_addr);
    const auto* memory = reinterpret_cast<const char*>(s.image.memory);
    if (s.target && at >= memory && at < memory + kReserved) leave(WASM_RT_TRAP_OOB);
    // The stack's guard gap lies below its limit; recursion in the engine faults there.
    if (s.target && at < s.stack_low + (1u << 20) && at > s.stack_low - (4u << 20))
        leave(WASM_RT_TRAP_EXHAUSTION);
    // Anything else is our own bug. The filter forbids to change the handler and die of the signal; say so by
    // status.
    (void)!write(2, "fault outside of the engine\n", 28);
    (void)signal;
    _exit(protocol::control::kExitFault);
}

void set_stack_low() {
    rlimit limit{};
    getrlimit(RLIMIT_STACK, &limit);
    const std::size_t size = limit.rlim_cur == RLIM_INFINITY ? std::size_t{8} << 20 : limit.rlim_cur;
    char here = 0;
    state().stack_low = &here - size;
}

/// Addresses for any access of the translated code, of which the first `size` bytes can be used.
std::uint8_t* reserve(std::size_t size) {
    void* at = mmap(nullptr, kReserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) die("cannot reserve address space for the script engine\n");
    if (mprotect(at, size, PROT_READ | PROT_WRITE) != 0) die("mprotect\n");
    return static_cast<std::uint8_t*>(at);
}

}  // namespace

void install_fault_handlers() {
    State& s = state();
    stack_t alt{};
    alt.ss_sp = s.signal_stack;
    alt.ss_size = sizeof s.signal_stack;
    if (sigaltstack(&alt, nullptr) != 0) die("sigaltstack\n");
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    // NODEFER: we leave by longjmp without restoring the mask, which spares two system calls per evaluation.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    if (sigaction(SIGSEGV, &action, nullptr) != 0 || sigaction(SIGBUS, &action, nullptr) != 0)
        die("sigaction\n");
    set_stack_low();
}

void set_memory_max(std::size_t bytes) {
    state().pages_max = static_cast<std::uint32_t>(bytes / kPage);
}

std::optional<Image> take_snapshot(Instance& instance) {
    wasm_rt_memory_t& memory = instance.w2c_memory;
    const std::size_t size = std::size_t{memory.pages} * kPage;
    const int fd = memfd_create("weft-engine", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return std::nullopt;
    bool ok = ftruncate(fd, static_cast<off_t>(size)) == 0;
    for (std::size_t at = 0; ok && at < size; at += sizeof kZeros) {
        if (std::memcmp(memory.data + at, kZeros, sizeof kZeros) == 0) continue;  // stays a hole
        ok = pwrite(fd, memory.data + at, sizeof kZeros, static_cast<off_t>(at)) == sizeof kZeros;
    }
    ok = ok && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0;
    ok = ok &&
         mmap(memory.data, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, 0) ==
             memory.data;
    close(fd);
    if (!ok) return std::nullopt;
    state().image = {memory.data, size, instance.w2c___stack_pointer};
    return state().image;
}

Image copy_of(const Image& image) {
    std::uint8_t* to = reserve(image.bytes);
    for (std::size_t at = 0; at < image.bytes; at += sizeof kZeros) {
        if (std::memcmp(image.memory + at, kZeros, sizeof kZeros) != 0)
            std::memcpy(to + at, image.memory + at, sizeof kZeros);
    }
    madvise(
        image.memory, image.bytes, MADV_DONTNEED
    );  // only mapped by reading it: no child is to inherit that
    return {to, image.bytes, image.stack_pointer};
}

void release(const Image& image) {
    munmap(image.memory, kReserved);
}

void restore(Instance& instance) {
    const Image& image = state().image;
    madvise(image.memory, image.bytes, MADV_DONTNEED);
    const std::size_t size = std::size_t{instance.w2c_memory.pages} * kPage;
    if (size > image.bytes) {
        std::uint8_t* grown = image.memory + image.bytes;
        madvise(grown, size - image.bytes, MADV_DONTNEED);
        mprotect(grown, size - image.bytes, PROT_NONE);
    }
    use(instance, image);
}

void use(Instance& instance, const Image& image) {
    state().image = image;
    wasm_rt_memory_t& memory = instance.w2c_memory;
    memory.data = image.memory;
    memory.pages = static_cast<std::uint32_t>(image.bytes / kPage);
    memory.size = static_cast<std::uint32_t>(image.bytes);
    instance.w2c___stack_pointer = image.stack_pointer;
}

wasm_rt_trap_t guarded(void (*body)(void*), void* arg) {
    State& s = state();
    sigjmp_buf here;
    sigjmp_buf* const outer = s.target;
    if (sigsetjmp(here, 0) == 0) {
        s.target = &here;
        body(arg);
        s.target = outer;
        return WASM_RT_TRAP_NONE;
    }
    s.target = outer;
    return s.trap;
}

std::string_view view(const Instance& instance, std::uint32_t at, std::uint32_t size) {
    const wasm_rt_memory_t& memory = instance.w2c_memory;
    if (std::uint64_t{at} + size > memory.size) return {};
    return {reinterpret_cast<const char*>(memory.data) + at, size};
}

std::uint8_t* writable(Instance& instance, std::uint32_t at, std::uint32_t size) {
    wasm_rt_memory_t& memory = instance.w2c_memory;
    return std::uint64_t{at} + size > memory.size ? nullptr : memory.data + at;
}

}  // namespace weft::script::wasm

// The interface that wasm2c's output is written against (wasm-rt.h).
extern "C" {

using namespace weft::script::wasm;

void wasm_rt_init(void) {}
bool wasm_rt_is_initialized(void) {
    return true;
}
void wasm_rt_free(void) {}

void wasm_rt_trap(wasm_rt_trap_t trap) {
    leave(trap);
}

const char* wasm_rt_strerror(wasm_rt_trap_t trap) {
    switch (trap) {
        case WASM_RT_TRAP_NONE:
            return "no trap";
        case WASM_RT_TRAP_OOB:
            return "memory access out of bounds";
        case WASM_RT_TRAP_EXHAUSTION:
            return "call stack exhausted";
        case WASM_RT_TRAP_UNREACHABLE:
            return "unreachable code reached";
        case WASM_RT_TRAP_CALL_INDIRECT:
            return "bad indirect call";
        case WASM_RT_TRAP_INT_OVERFLOW:
        case WASM_RT_TRAP_DIV_BY_ZERO:
        case WASM_RT_TRAP_INVALID_CONVERSION:
            return "invalid arithmetic";
        case WASM_RT_TRAP_UNCAUGHT_EXCEPTION:
            return "uncaught exception";
    }
    return "unknown trap";
}

uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...) {
    FuncType type;
    va_list args;
    va_start(args, results);
    for (uint32_t i = 0; i < params; ++i)
        type.params.push_back(static_cast<wasm_rt_type_t>(va_arg(args, int)));
    for (uint32_t i = 0; i < results; ++i)
        type.results.push_back(static_cast<wasm_rt_type_t>(va_arg(args, int)));
    va_end(args);
    auto& types = state().types;
    auto found = std::ranges::find(types, type);
    if (found == types.end()) found = types.insert(types.end(), std::move(type));
    return static_cast<uint32_t>(found - types.begin()) + 1;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t* memory, uint32_t initial_pages, uint32_t max_pages) {
    const std::size_t size = std::size_t{initial_pages} * kPage;
    memory->data = reserve(size);
    memory->pages = initial_pages;
    memory->max_pages = std::min(max_pages, state().pages_max);
    memory->size = static_cast<uint32_t>(size);
    state().image.memory = memory->data;
}

uint32_t wasm_rt_grow_memory(wasm_rt_memory_t* memory, uint32_t pages) {
    const uint32_t old = memory->pages;
    if (pages == 0) return old;
    if (pages > memory->max_pages - old) return UINT32_MAX;
    if (mprotect(
            memory->data + std::size_t{old} * kPage, std::size_t{pages} * kPage, PROT_READ | PROT_WRITE
        ) != 0) {
        return UINT32_MAX;
    }
    memory->pages = old + pages;
    memory->size = static_cast<uint32_t>(std::size_t{memory->pages} * kPage);
    return old;
}

void wasm_rt_free_memory(wasm_rt_memory_t* memory) {
    munmap(memory->data, kReserved);
}

void wasm_rt_allocate_funcref_table(
    wasm_rt_funcref_table_t* table, uint32_t elements, uint32_t max_elements
) {
    table->size = elements;
    table->max_size = max_elements;
    table->data = static_cast<wasm_rt_funcref_t*>(std::calloc(elements, sizeof(wasm_rt_funcref_t)));
    if (!table->data) die("out of memory\n");
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t* table) {
    std::free(table->data);
}
}
