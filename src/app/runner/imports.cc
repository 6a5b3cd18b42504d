#include "app/runner/detail/engine.h"
#include "app/runner/detail/library.h"

#include <sys/random.h>

#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string>

namespace weft::script {

namespace {

constexpr std::size_t kLogBytesMax = limits::kLogLineBytesMax + protocol::kLogMarginBytes;
// What one call may bring: a payload in base64 is 11 MB.
constexpr std::size_t kLibraryBytesMax = 16u << 20;
// From here on a call is worth a look at the clock before it is answered.
constexpr std::size_t kLongBytes = 64u << 10;

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
        if (name == "__log" && argc == 3) {
            log(it, argv);
            leave_if_out_of_time(it);
        }
        if (name == "__library") return library(it, argc, argv);
        return QJS(qjs_get_undefined)(&it.instance);
    }

    /// A text in the engine's memory.
    struct Text {
        std::uint32_t at = 0;
        std::uint32_t size = 0;
    };
    struct Texts {
        std::array<Text, runner::library::kArgumentsMax> of;
        std::size_t count = 0;
        std::size_t bytes = 0;
    };

    /// Until `release`. Nothing for what is not a string, since making one of it would run the script's own
    /// code in the midst of our call, and where there is no room.
    static std::optional<Text> text_of(Engine::Impl& it, std::uint32_t handle) {
        if (!QJS(qjs_is_string)(&it.instance, handle)) return std::nullopt;
        const std::uint32_t size_at = QJS(wasm_malloc)(&it.instance, 4);
        if (!size_at) return std::nullopt;
        Text out{.at = QJS(qjs_get_string_len)(&it.instance, handle, size_at)};
        const std::string_view size = wasm::view(it.instance, size_at, sizeof out.size);
        if (!size.empty()) std::memcpy(&out.size, size.data(), sizeof out.size);
        QJS(wasm_free)(&it.instance, size_at);
        if (!out.at || size.empty()) return std::nullopt;
        return out;
    }
    static void release(Engine::Impl& it, const Text& text) { QJS(qjs_free_cstring)(&it.instance, text.at); }

    /// 0 where there is no room.
    static std::uint32_t say(Engine::Impl& it, std::string_view text) {
        const std::uint32_t at = it.copy_in("", text, "");
        if (!at) return 0;
        const auto size = static_cast<std::uint32_t>(text.size());
        const std::uint32_t made = QJS(qjs_new_string)(&it.instance, at, size);
        QJS(wasm_free)(&it.instance, at);
        return made;
    }

    /// The engine looks at its clock once in some thousand operations, and one of ours may take as long as
    /// all of those. Ends the script from here; the caller owns nothing.
    static void leave_if_out_of_time(Engine::Impl& it) {
        if (!it.is_interrupted && !it.is_out_of_time()) return;
        it.is_interrupted = true;
        wasm_rt_trap(WASM_RT_TRAP_UNREACHABLE);
    }

    /// An error's message instead; "" where there is no room.
    static std::optional<std::string_view> take(
        Engine::Impl& it, std::uint32_t argc, std::uint32_t argv, Texts& out
    ) {
        if (argc > out.of.size()) return "!the library asks with too many texts";
        for (std::uint32_t i = 0; i < argc; ++i) {
            std::uint32_t handle = 0;
            const std::string_view bytes =
                wasm::view(it.instance, argv + i * std::uint32_t{sizeof handle}, sizeof handle);
            if (bytes.empty()) return "";
            std::memcpy(&handle, bytes.data(), sizeof handle);
            if (!QJS(qjs_is_string)(&it.instance, handle)) return "!the library asks with texts alone";
            const auto text = text_of(it, handle);
            if (!text) return "";
            out.of[out.count++] = *text;
            out.bytes += text->size;
            if (out.bytes > kLibraryBytesMax) return "!one call takes 16 MiB of text at most";
        }
        return std::nullopt;
    }

    static void answer(Engine::Impl& it, const Texts& texts) {
        std::array<std::string, runner::library::kArgumentsMax> arguments;
        for (std::size_t i = 0; i < texts.count; ++i) {
            arguments[i] = wasm::view(it.instance, texts.of[i].at, texts.of[i].size);
            mend_text(arguments[i]);
        }
        runner::library::answer(std::span(arguments).first(texts.count), it.answer);
    }

    /// The first argument says what is asked for; all are texts. The answer begins with "=", an error's
    /// message with "!". Nothing here has a destructor while the engine runs: a trap leaves by longjmp. And
    /// nothing here can be entered twice, whatever the engine may call back: `it.answer` is one.
    static std::uint32_t library(Engine::Impl& it, std::uint32_t argc, std::uint32_t argv) {
        if (it.is_asking) return say(it, "!the library asks while it is answered");
        it.is_asking = true;
        Texts texts;
        const std::optional<std::string_view> refusal = take(it, argc, argv, texts);
        if (texts.bytes > kLongBytes) leave_if_out_of_time(it);
        if (!refusal) answer(it, texts);
        for (std::size_t i = 0; i < texts.count; ++i) release(it, texts.of[i]);
        leave_if_out_of_time(it);
        std::uint32_t made = 0;
        if (!refusal || !refusal->empty()) made = say(it, refusal ? *refusal : std::string_view(it.answer));
        it.is_asking = false;
        return made;
    }

    static void log(Engine::Impl& it, std::uint32_t argv) {
        std::uint32_t handles[3] = {};
        const std::string_view bytes = wasm::view(it.instance, argv, sizeof handles);
        if (bytes.empty() || !it.engine->log_) return;
        std::memcpy(handles, bytes.data(), sizeof handles);
        const double level = QJS(qjs_get_float64)(&it.instance, handles[0]);
        const auto text = text_of(it, handles[1]);
        if (!text) return;
        const auto fields = text_of(it, handles[2]);
        {
            std::string line(wasm::view(it.instance, text->at, text->size).substr(0, kLogBytesMax));
            std::string json;
            if (fields && fields->size > limits::kLogFieldsBytesMax) {
                // Cut, they would be no JSON: they stand in the text, as far as it goes.
                line += ' ';
                line += wasm::view(it.instance, fields->at, fields->size).substr(0, kLogBytesMax);
                line.resize(std::min(line.size(), kLogBytesMax));
            } else if (fields) {
                json = wasm::view(it.instance, fields->at, fields->size);
            }
            while (line.size() == kLogBytesMax && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80)
                line.pop_back();
            mend_text(line);
            mend_json(json);
            const int rank = level >= 0 && level <= 3 ? static_cast<int>(level) : 1;
            it.engine->log_({static_cast<protocol::Level>(rank), std::move(line), std::move(json)});
        }
        release(it, *text);
        if (fields) release(it, *fields);
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
