#pragma once

#include "app/runner/detail/wasm_host.h"
#include "app/runner/script.h"

#include <time.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#define QJS(name) Z_quickjsZ_##name

/// The state behind script::Engine, for the files that make it up.
namespace weft::script {

// quickjs.h of quickjs-ng, 32-bit: a JSValue is tag << 32 | payload unless it is a double.
inline constexpr std::uint64_t kUndefined = std::uint64_t{3} << 32;
inline constexpr std::uint32_t kTagException = 6;
inline constexpr std::uint32_t kTagUndefined = 3;
inline constexpr std::uint32_t kEvalStrict = 1 << 3;
inline constexpr std::uint32_t kEvalCompileOnly = 1 << 5;

inline std::uint32_t tag(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32);
}
inline bool is_exception(std::uint64_t value) {
    return tag(value) == kTagException;
}

/// Of a clock, in milliseconds.
std::int64_t millis(clockid_t clock);
/// Half of a surrogate pair cannot be said in UTF-8: it becomes U+FFFD.
void mend_text(std::string& text);
/// The same in JSON, where the engine has escaped such halves (\ud83d), which it does for nothing else.
void mend_json(std::string& text);

struct Engine::Impl {
    wasm::Instance instance{};
    Engine* engine = nullptr;
    std::uint32_t runtime = 0;
    std::uint32_t context = 0;
    std::uint64_t install = 0;
    std::uint64_t joined = 0;
    std::uint64_t describe = 0;
    std::int64_t deadline_ms = INT64_MAX;
    std::int64_t cpu_start_ms = 0;
    std::int64_t cpu_deadline_ms = INT64_MAX;
    std::int64_t cpu_used_ms = 0;  // when it was interrupted
    bool is_interrupted = false;
    bool is_body = false;
    wasm::Image plain;
    wasm::Image with_library;

    // One operation's arguments and results. Here rather than on the stack, because a trap leaves by longjmp.
    std::string_view source;
    As as = As::kJson;
    std::optional<std::string> result;
    std::string error;
    bool has_error = false;
    bool is_asking = false;     // a function of the library
    std::string answer;         // what it gives
    std::string_view bytecode;  // of the library, in the engine's memory
    std::string mark;           // of whole numbers beyond 2^53; nobody who sends a value can know it

    std::uint32_t copy_in(std::string_view before, std::string_view text, std::string_view after) {
        const auto size = static_cast<std::uint32_t>(before.size() + text.size() + after.size());
        const std::uint32_t at = QJS(wasm_malloc)(&instance, size + 1);
        std::uint8_t* to = at ? wasm::writable(instance, at, size + 1) : nullptr;
        if (!to) return 0;
        std::memcpy(to, before.data(), before.size());
        std::memcpy(to + before.size(), text.data(), text.size());
        std::memcpy(to + before.size() + text.size(), after.data(), after.size());
        to[size] = 0;
        return at;
    }

    /// Evaluates; an empty `at` means no memory. Places in `file` are not the tenant's, except in "weft".
    std::uint64_t eval(
        std::string_view before,
        std::string_view text,
        std::string_view after,
        std::string_view file = "weft",
        std::uint32_t flags = kEvalStrict
    ) {
        const std::uint32_t at = copy_in(before, text, after);
        const std::uint32_t name = copy_in("", file, "");
        if (!at || !name) return QJS(JS_ThrowOutOfMemory)(&instance, context);
        const auto size = static_cast<std::uint32_t>(before.size() + text.size() + after.size());
        return QJS(JS_Eval)(&instance, context, at, size, name, flags);
    }

    /// What a function gives for one argument.
    std::uint64_t call(std::uint64_t function, std::uint64_t argument) {
        const std::uint32_t at = QJS(wasm_malloc)(&instance, 8);
        std::uint8_t* to = at ? wasm::writable(instance, at, 8) : nullptr;
        if (!to) return QJS(JS_ThrowOutOfMemory)(&instance, context);
        std::memcpy(to, &argument, 8);
        return QJS(JS_Call)(&instance, context, function, kUndefined, 1, at);
    }

    /// The text of a string value; false on an exception.
    bool copy_out(std::uint64_t value, std::string& out);
    void keep_error();
    void keep_result(std::uint64_t value);
    void start(std::string_view text, As wanted);

    /// `name \n message \n stack` as `describe` made it.
    Failure failure() const;
    bool is_out_of_time();
    /// That, and why, its time is over.
    void say_time(Failure& out) const;
    Outcome outcome(wasm_rt_trap_t trap);
    static void initialise(void* self);
    static void compile_library(void* self);
    static void load_library(void* self);
    /// After `initialise`.
    void make_images(Scope most);
};

}  // namespace weft::script
