#include "app/runner/detail/engine.h"
#include "app/runner/detail/library.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace weft::script {

namespace {

constexpr std::size_t kLogBytesMax = limits::kLogLineBytesMax;

}  // namespace

/// What the cage may ask of the host. Each answer is data; every pointer is checked.
struct Imports {
    static std::uint32_t call(
        std::uint32_t name_at, std::uint32_t name_size, std::uint32_t argc, std::uint32_t argv
    ) {
        Engine::Impl& it = Engine::impl();
        const std::string_view name = wasm::view(it.instance, name_at, name_size);
        if (name == "__random") {
            std::uint64_t bits = 0;
            if (getrandom(&bits, sizeof bits, 0) != sizeof bits) return 0;
            return QJS(qjs_new_number)(&it.instance, static_cast<double>(bits >> 11) * 0x1.0p-53);
        }
        if (name == "__log" && argc == 2) log(it, argv);
        if (name == "__library") return library(it, argc, argv);
        return QJS(qjs_get_undefined)(&it.instance);
    }

    /// The first `bytes_max` bytes of a value's text; false where there is no room for saying it.
    static bool copy_text(Engine::Impl& it, std::uint32_t handle, std::size_t bytes_max, std::string& out) {
        const std::uint32_t size_at = QJS(wasm_malloc)(&it.instance, 4);
        const std::uint32_t at = size_at ? QJS(qjs_get_string_len)(&it.instance, handle, size_at) : 0;
        const std::string_view size_bytes = at ? wasm::view(it.instance, size_at, 4) : std::string_view();
        if (size_bytes.empty()) return false;
        std::uint32_t size = 0;
        std::memcpy(&size, size_bytes.data(), 4);
        out.assign(wasm::view(it.instance, at, size).substr(0, bytes_max));
        QJS(qjs_free_cstring)(&it.instance, at);
        QJS(wasm_free)(&it.instance, size_at);
        return true;
    }

    /// The first argument says what is asked for; all are texts. The answer begins with "=", an error's
    /// message with "!". What lives across calls into the engine belongs to `it`: a trap leaves by longjmp.
    static std::uint32_t library(Engine::Impl& it, std::uint32_t argc, std::uint32_t argv) {
        it.arguments.resize(std::min<std::size_t>(argc, runner::library::kArgumentsMax));
        for (std::size_t i = 0; i < it.arguments.size(); ++i) {
            std::uint32_t handle = 0;
            const std::string_view bytes =
                wasm::view(it.instance, argv + static_cast<std::uint32_t>(i * sizeof handle), sizeof handle);
            if (bytes.empty()) return 0;
            std::memcpy(&handle, bytes.data(), sizeof handle);
            if (!copy_text(it, handle, SIZE_MAX, it.arguments[i])) return 0;
            mend_text(it.arguments[i]);
        }
        runner::library::answer(it.arguments, it.answer);
        const std::uint32_t at = it.copy_in("", it.answer, "");
        if (!at) return 0;
        const auto size = static_cast<std::uint32_t>(it.answer.size());
        const std::uint32_t made = QJS(qjs_new_string)(&it.instance, at, size);
        QJS(wasm_free)(&it.instance, at);
        return made;
    }

    static void log(Engine::Impl& it, std::uint32_t argv) {
        std::uint32_t handles[2] = {};
        const std::string_view bytes = wasm::view(it.instance, argv, sizeof handles);
        if (bytes.empty() || !it.engine->log_) return;
        std::memcpy(handles, bytes.data(), sizeof handles);
        const double level = QJS(qjs_get_float64)(&it.instance, handles[0]);
        std::string line;
        if (!copy_text(it, handles[1], kLogBytesMax, line)) return;
        while (line.size() == kLogBytesMax && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80)
            line.pop_back();
        mend_text(line);
        const int rank = level >= 0 && level <= 3 ? static_cast<int>(level) : 1;
        it.engine->log_(static_cast<protocol::Level>(rank), std::move(line));
    }

    static std::uint32_t interrupt() {
        Engine::Impl& it = Engine::impl();
        if (!it.is_interrupted && it.is_out_of_time()) it.is_interrupted = true;
        return it.is_interrupted ? 1 : 0;
    }

    static std::uint32_t time(std::uint32_t clock, std::uint32_t at) {
        std::uint8_t* to = wasm::writable(Engine::impl().instance, at, 8);
        if (!to) return 28;  // WASI: inval
        const std::int64_t nanos = millis(clock == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC) * 1'000'000;
        std::memcpy(to, &nanos, 8);
        return 0;
    }

    static std::uint32_t random(std::uint32_t at, std::uint32_t size) {
        std::uint8_t* to = wasm::writable(Engine::impl().instance, at, size);
        return to && getrandom(to, size, 0) == static_cast<ssize_t>(size) ? 0 : 28;
    }
};

}  // namespace weft::script

extern "C" {

using weft::script::Imports;

u32 Z_envZ_host_call(Z_env_instance_t*, u32 name, u32 name_size, u32, u32 argc, u32 argv) {
    return Imports::call(name, name_size, argc, argv);
}
u32 Z_envZ_host_get_timezone_offset(Z_env_instance_t*, u32, u32) {
    return 0;
}  // everything is UTC
u32 Z_envZ_host_interrupt(Z_env_instance_t*) {
    return Imports::interrupt();
}
u32 Z_envZ_host_module_load(Z_env_instance_t*, u32, u32) {
    return 0;
}
u32 Z_envZ_host_module_normalize(Z_env_instance_t*, u32, u32) {
    return 0;
}
void Z_envZ_host_promise_rejection(Z_env_instance_t*, u32, u32, u32) {}
u32 Z_wasi_snapshot_preview1Z_clock_time_get(Z_wasi_snapshot_preview1_instance_t*, u32 clock, u64, u32 at) {
    return Imports::time(clock, at);
}
u32 Z_wasi_snapshot_preview1Z_fd_close(Z_wasi_snapshot_preview1_instance_t*, u32) {
    return 8;
}
u32 Z_wasi_snapshot_preview1Z_fd_fdstat_get(Z_wasi_snapshot_preview1_instance_t*, u32, u32) {
    return 8;
}
u32 Z_wasi_snapshot_preview1Z_fd_seek(Z_wasi_snapshot_preview1_instance_t*, u32, u64, u32, u32) {
    return 8;
}
u32 Z_wasi_snapshot_preview1Z_fd_write(Z_wasi_snapshot_preview1_instance_t*, u32, u32, u32, u32) {
    return 8;
}
u32 Z_wasi_snapshot_preview1Z_random_get(Z_wasi_snapshot_preview1_instance_t*, u32 at, u32 size) {
    return Imports::random(at, size);
}
}
