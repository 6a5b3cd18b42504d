#include "app/runner/script.h"

#include "app/runner/detail/json_text.h"
#include "app/runner/detail/prelude.h"
#include "app/runner/detail/wasm_host.h"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#define QJS(name) Z_quickjsZ_##name

namespace weft::script {

namespace {

// quickjs.h of quickjs-ng, 32-bit: a JSValue is tag << 32 | payload unless it is a double.
constexpr std::uint64_t kUndefined = std::uint64_t{3} << 32;
constexpr std::uint32_t kTagException = 6;
constexpr std::uint32_t kTagUndefined = 3;
constexpr std::uint32_t kEvalStrict = 1 << 3;
constexpr std::uint32_t kEvalCompileOnly = 1 << 5;
constexpr std::string_view kBodyBefore = "(async () => {\n";
constexpr std::string_view kBodyAfter = "\n})()";
// JS_PromiseState
constexpr std::uint32_t kPromisePending = 0;
constexpr std::uint32_t kPromiseRejected = 2;

constexpr std::uint32_t kStackBytesMax = 400u << 10;  // of the engine's own 1 MiB stack in linear memory
constexpr std::uint32_t kGcThreshold = 24u << 20;  // contexts are thrown away whole; collect only when large
constexpr std::size_t kLogBytesMax = limits::kLogLineBytesMax;

std::uint32_t tag(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32);
}
bool is_exception(std::uint64_t value) {
    return tag(value) == kTagException;
}

std::int64_t millis(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

/// "5 s", "1.25 s", "0.05 s".
std::string seconds(std::int64_t ms) {
    std::string out = std::to_string(ms / 1000);
    if (const std::int64_t rest = ms % 1000; rest > 0) {
        out += '.' + std::to_string(1000 + rest).substr(1);
        while (out.back() == '0') out.pop_back();
    }
    return out + " s";
}

/// Half of a surrogate pair cannot be said in UTF-8: it becomes U+FFFD. In text it stands as three bytes...
void mend_text(std::string& text) {
    for (std::size_t at = 0; at + 2 < text.size(); ++at) {
        if (static_cast<unsigned char>(text[at]) == 0xED &&
            static_cast<unsigned char>(text[at + 1]) >= 0xA0) {
            text.replace(at, 3, "\xEF\xBF\xBD");
        }
    }
}

/// ...and in JSON the engine has escaped it (\ud83d), which it does for nothing else.
void mend_json(std::string& text) {
    for (std::size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at + 2)) {
        const std::string_view escape = std::string_view(text).substr(at, 4);
        if (escape.size() == 4 && escape[1] == 'u' && escape[2] == 'd' && escape[3] >= '8')
            text.replace(at, 6, "\\ufffd");
    }
}

std::string new_mark() {
    std::array<std::uint64_t, 2> bits{};
    if (getrandom(bits.data(), sizeof bits, 0) != sizeof bits) std::abort();
    return "big:" + std::to_string(bits[0]) + std::to_string(bits[1]) + ":";
}

/// What the engine says when a value is larger than it can be, or than there is memory for: a limit, no
/// mistake in the script. "invalid array length" is not among them: the engine says it of -1 as well.
struct SizeMessage {
    std::string_view name;
    std::string_view start;
};
constexpr std::array kSizeMessages{
    SizeMessage{"InternalError", "out of memory"},
    SizeMessage{"InternalError", "string too long"},
    SizeMessage{"InternalError", "stack overflow"},
    SizeMessage{"RangeError", "Maximum call stack size exceeded"},
    SizeMessage{"RangeError", "invalid string length"},
    SizeMessage{"RangeError", "invalid array buffer length"},
    SizeMessage{"RangeError", "BigInt is too large"},
    SizeMessage{"TypeError", "Array too long"},
    SizeMessage{"SyntaxError", "stack overflow"},  // of a parser: text nested too deeply
    SizeMessage{"SyntaxError", "out of memory"},
};

bool is_about_size(std::string_view name, std::string_view message) {
    return std::ranges::any_of(kSizeMessages, [&](const SizeMessage& known) {
        return name == known.name && message.starts_with(known.start);
    });
}

}  // namespace

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

    // One operation's arguments and results. Here rather than on the stack, because a trap leaves by longjmp.
    std::string_view source;
    As as = As::kJson;
    std::optional<std::string> result;
    std::string error;
    bool has_error = false;
    std::string mark;  // of whole numbers beyond 2^53; nobody who sends a value can know it

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

    std::uint64_t call(std::uint64_t function, std::uint64_t argument) {
        const std::uint32_t at = QJS(wasm_malloc)(&instance, 8);
        std::uint8_t* to = at ? wasm::writable(instance, at, 8) : nullptr;
        if (!to) return QJS(JS_ThrowOutOfMemory)(&instance, context);
        std::memcpy(to, &argument, 8);
        return QJS(JS_Call)(&instance, context, function, kUndefined, 1, at);
    }

    /// The text of a string value; false on an exception.
    bool copy_out(std::uint64_t value, std::string& out) {
        const std::uint32_t size_at = QJS(wasm_malloc)(&instance, 4);
        if (!size_at) return false;
        const std::uint32_t at = QJS(JS_ToCStringLen2)(&instance, context, size_at, value, 0);
        std::string_view size_bytes = wasm::view(instance, size_at, 4);
        if (!at || size_bytes.empty()) return false;
        std::uint32_t size = 0;
        std::memcpy(&size, size_bytes.data(), 4);
        out.assign(wasm::view(instance, at, size));
        return true;
    }

    void keep_error() {
        has_error = true;
        const std::uint64_t thrown = QJS(JS_GetException)(&instance, context);
        const std::uint64_t described = call(describe, thrown);
        // There is no room left even for saying so.
        if (is_exception(described) || !copy_out(described, error)) error = "InternalError\nout of memory\n";
    }

    void keep_result(std::uint64_t value) {
        if (is_exception(value)) return keep_error();
        if (as == As::kBool) {
            result = QJS(JS_ToBool)(&instance, context, value) ? "true" : "false";
            return;
        }
        const std::uint64_t text =
            as == As::kText ? call(joined, value)
                            : QJS(JS_JSONStringify)(&instance, context, value, kUndefined, kUndefined);
        if (is_exception(text)) return keep_error();
        if (tag(text) == kTagUndefined) return;
        std::string out;
        if (!copy_out(text, out)) return keep_error();
        result = std::move(out);
    }

    void start(std::string_view text, As wanted) {
        source = text;
        as = wanted;
        result.reset();
        error.clear();
        has_error = false;
    }

    bool is_absent_read(std::string_view message) const {
        return message.starts_with("cannot read property") || message.starts_with("Cannot read propert") ||
               message.starts_with("cannot convert undefined") || message.starts_with("cannot convert null");
    }

    /// `name \n message \n stack` as `describe` made it.
    Failure failure() const {
        Failure out;
        const std::size_t name_end = error.find('\n');
        const std::string_view name = std::string_view(error).substr(0, name_end);
        std::string_view rest = std::string_view(error).substr(std::min(name_end + 1, error.size()));
        // The message may hold line breaks itself; the stack's first line starts with four spaces and "at".
        std::size_t message_end = rest.find("\n    at ");
        if (message_end == std::string_view::npos) message_end = rest.rfind('\n');
        const std::string_view message = rest.substr(0, message_end);
        out.message = name.empty() || name == "Error" ? std::string(message)
                                                      : std::string(name) + ": " + std::string(message);
        if (message.starts_with("Cannot mix BigInt") ||
            message.starts_with("cannot convert BigInt to number"))
            out.message += " (a whole number beyond 2^53 is a BigInt here: Number(x) rounds it)";
        if (out.message.size() > 2000) out.message.resize(2000);
        if (is_interrupted) {
            out.is_limit = true;
            out.is_out_of_cpu = cpu_used_ms >= engine->cpu_max_.count();
            out.message = time_message();
        } else {
            out.is_limit = is_about_size(name, message);
        }
        out.reads_absent = name == "TypeError" && is_absent_read(message);
        locate(rest.substr(std::min(message_end, rest.size())), out);
        mend_text(out.message);
        return out;
    }

    bool is_out_of_time() {
        const std::int64_t cpu = millis(CLOCK_PROCESS_CPUTIME_ID);
        if (cpu <= cpu_deadline_ms && millis(CLOCK_MONOTONIC) <= deadline_ms) return false;
        cpu_used_ms = cpu - cpu_start_ms;
        return true;
    }

    std::string time_message() const {
        const std::string used = "the script used " + seconds(cpu_used_ms) + " of CPU time";
        if (cpu_used_ms >= engine->cpu_max_.count()) {
            return used + ", and its limit is " + seconds(engine->cpu_max_.count());
        }
        return used + ", but did not end within " + seconds(engine->wall_max_.count());
    }

    /// The innermost place in the script: "weft:3:14". Its first line is ours.
    static void locate(std::string_view stack, Failure& out) {
        const std::size_t at = stack.find("weft:");
        if (at == std::string_view::npos) return;
        const char* end = stack.data() + stack.size();
        std::uint32_t line = 0;
        auto [next, ec] = std::from_chars(stack.data() + at + 5, end, line);
        if (ec != std::errc() || line < 2) return;
        out.line = line - 1;
        if (next != end && *next == ':') std::from_chars(next + 1, end, out.column);
    }

    Outcome outcome(wasm_rt_trap_t trap) {
        if (trap != WASM_RT_TRAP_NONE) {
            Failure failure;
            failure.is_limit = true;
            failure.message = trap == WASM_RT_TRAP_EXHAUSTION
                                  ? std::string("the script calls itself too deeply")
                                  : std::string("the script engine stopped: ") + wasm_rt_strerror(trap);
            return std::unexpected(std::move(failure));
        }
        if (has_error) return std::unexpected(failure());
        if (result && as == As::kJson) {
            mend_json(*result);
            if (!mark.empty()) runner::json_text::unmark_big_integers(*result, mark);
        }
        if (result && as == As::kText) mend_text(*result);
        return std::move(result);
    }

    static void initialise(void* self);
};

Engine::Impl& Engine::impl() {
    static Impl instance;
    return instance;
}

void Engine::Impl::initialise(void* self) {
    auto& it = *static_cast<Impl*>(self);
    auto* at = &it.instance;
    QJS(_initialize)(at);
    QJS(qjs_init)(at);
    it.runtime = QJS(qjs_get_runtime_ptr)(at);
    it.context = QJS(qjs_get_context_ptr)(at);
    QJS(qjs_set_interrupt_handler)(at, 1);
    QJS(qjs_set_max_stack_size)(at, kStackBytesMax);
    QJS(qjs_set_gc_threshold)(at, kGcThreshold);
    const std::uint32_t global = QJS(qjs_get_global)(at);
    for (std::string_view name : {"__log", "__random"}) {
        const std::uint32_t text = it.copy_in("", name, "");
        const std::uint32_t function =
            QJS(qjs_new_host_function)(at, text, static_cast<std::uint32_t>(name.size()), 0);
        QJS(qjs_set_prop_string)(at, global, text, function);
    }
    const std::uint64_t functions = it.eval("", kPrelude, "", "prelude");
    if (is_exception(functions)) return it.keep_error();
    it.install = QJS(JS_GetPropertyUint32)(at, it.context, functions, 0);
    it.joined = QJS(JS_GetPropertyUint32)(at, it.context, functions, 1);
    it.describe = QJS(JS_GetPropertyUint32)(at, it.context, functions, 2);
}

Engine::Engine(std::size_t memory_bytes_max) {
    Impl& it = impl();
    it.engine = this;
    if (it.context != 0) {  // the process's engine exists (tests make many): start it afresh
        wasm::restore(it.instance);
        return;
    }
    wasm::install_fault_handlers();
    // The engine's own limit answers first, with an error a script can see; the cage's is the second.
    wasm::set_memory_max(memory_bytes_max + (8u << 20));
    Z_quickjs_init_module();
    Z_quickjs_instantiate(&it.instance, nullptr, nullptr);
    const wasm_rt_trap_t trap = wasm::guarded(&Impl::initialise, &it);
    if (trap != WASM_RT_TRAP_NONE || it.has_error || is_exception(it.install)) {
        std::fprintf(stderr, "the script engine does not start: %s\n", it.error.c_str());
        std::abort();
    }
    QJS(qjs_set_memory_limit)(&it.instance, static_cast<std::uint32_t>(memory_bytes_max));
    if (!wasm::take_snapshot(it.instance)) {
        std::fprintf(stderr, "the script engine cannot make its snapshot\n");
        std::abort();
    }
}

void Engine::set_timeout(Millis cpu, Millis wall) {
    Impl& it = impl();
    cpu_max_ = cpu;
    wall_max_ = wall > Millis(0) ? wall : 2 * cpu;
    it.deadline_ms = millis(CLOCK_MONOTONIC) + wall_max_.count();
    it.cpu_start_ms = millis(CLOCK_PROCESS_CPUTIME_ID);
    it.cpu_deadline_ms = it.cpu_start_ms + cpu.count();
    it.is_interrupted = false;
}

void Engine::reset() {
    if (is_dirty_) wasm::restore(impl().instance);
    is_dirty_ = false;
}

std::optional<Failure> Engine::install(std::string_view json) {
    Impl& it = impl();
    is_dirty_ = true;
    it.mark = new_mark();
    const auto marked = runner::json_text::mark_big_integers(json, it.mark);
    const std::string data =
        "[\"" + it.mark + "\"," + (marked ? "true," : "false,") + marked.value_or(std::string(json)) + "]";
    it.start(data, As::kJson);
    auto body = [](void* self) {
        auto& i = *static_cast<Impl*>(self);
        const std::uint32_t at = i.copy_in("", i.source, "");
        const std::uint32_t name = i.copy_in("", "data", "");
        const std::uint64_t data =
            at && name ? QJS(JS_ParseJSON)(
                             &i.instance, i.context, at, static_cast<std::uint32_t>(i.source.size()), name
                         )
                       : QJS(JS_ThrowOutOfMemory)(&i.instance, i.context);
        if (at) QJS(wasm_free)(&i.instance, at);
        if (is_exception(data) || is_exception(i.call(i.install, data))) i.keep_error();
    };
    Outcome outcome = it.outcome(wasm::guarded(body, &it));
    if (outcome) return std::nullopt;
    return std::move(outcome).error();
}

Outcome Engine::evaluate(std::string_view expression, As as) {
    Impl& it = impl();
    is_dirty_ = true;
    it.start(expression, as);
    auto body = [](void* self) {
        auto& i = *static_cast<Impl*>(self);
        i.keep_result(i.eval("(\n", i.source, "\n)"));
    };
    return it.outcome(wasm::guarded(body, &it));
}

Outcome Engine::run(std::string_view source) {
    Impl& it = impl();
    is_dirty_ = true;
    it.start(source, As::kJson);
    auto body = [](void* self) {
        auto& i = *static_cast<Impl*>(self);
        const std::uint64_t promise = i.eval(kBodyBefore, i.source, kBodyAfter);
        if (is_exception(promise)) return i.keep_error();
        const std::uint32_t context_at = QJS(wasm_malloc)(&i.instance, 4);
        while (!i.is_interrupted && QJS(JS_ExecutePendingJob)(&i.instance, i.runtime, context_at) != 0) {
            // An endless chain of microtasks never re-enters the interpreter long enough to be interrupted
            // there.
            if (i.is_out_of_time()) i.is_interrupted = true;
        }
        const std::uint32_t promise_state = QJS(JS_PromiseState)(&i.instance, i.context, promise);
        if (i.is_interrupted) {
            i.has_error = true;
        } else if (promise_state == kPromisePending) {
            i.has_error = true;
            i.error = "\nthe code waits for something that never happens\n";
        } else if (promise_state == kPromiseRejected) {
            QJS(JS_Throw)(&i.instance, i.context, QJS(JS_PromiseResult)(&i.instance, i.context, promise));
            i.keep_error();
        } else {
            i.keep_result(QJS(JS_PromiseResult)(&i.instance, i.context, promise));
        }
    };
    return it.outcome(wasm::guarded(body, &it));
}

std::optional<Failure> Engine::check(std::string_view source, bool is_body) {
    Impl& it = impl();
    is_dirty_ = true;
    it.is_body = is_body;
    it.start(source, As::kJson);
    auto body = [](void* self) {
        auto& i = *static_cast<Impl*>(self);
        const std::uint64_t compiled = i.eval(
            i.is_body ? kBodyBefore : "(\n",
            i.source,
            i.is_body ? kBodyAfter : "\n)",
            "weft",
            kEvalStrict | kEvalCompileOnly
        );
        if (is_exception(compiled)) i.keep_error();
    };
    Outcome outcome = it.outcome(wasm::guarded(body, &it));
    if (outcome) return std::nullopt;
    return std::move(outcome).error();
}

std::size_t Engine::memory_bytes() const {
    return impl().instance.w2c_memory.size;
}

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
        return QJS(qjs_get_undefined)(&it.instance);
    }

    static void log(Engine::Impl& it, std::uint32_t argv) {
        std::uint32_t handles[2] = {};
        const std::string_view bytes = wasm::view(it.instance, argv, sizeof handles);
        if (bytes.empty() || !it.engine->log_) return;
        std::memcpy(handles, bytes.data(), sizeof handles);
        const double level = QJS(qjs_get_float64)(&it.instance, handles[0]);
        const std::uint32_t size_at = QJS(wasm_malloc)(&it.instance, 4);
        const std::uint32_t at = size_at ? QJS(qjs_get_string_len)(&it.instance, handles[1], size_at) : 0;
        const std::string_view size_bytes = at ? wasm::view(it.instance, size_at, 4) : std::string_view();
        if (size_bytes.empty()) return;
        std::uint32_t size = 0;
        std::memcpy(&size, size_bytes.data(), 4);
        std::string line(wasm::view(it.instance, at, size).substr(0, kLogBytesMax));
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
