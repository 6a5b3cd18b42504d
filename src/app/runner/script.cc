#include "app/runner/script.h"

#include "app/runner/detail/engine.h"
#include "app/runner/detail/json_text.h"
#include "app/runner/detail/library.h"
#include "app/runner/detail/prelude.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace weft::script {

namespace {

constexpr std::string_view kBodyBefore = "(async () => {\n";
constexpr std::string_view kBodyAfter = "\n})()";
// JS_PromiseState
constexpr std::uint32_t kPromisePending = 0;
constexpr std::uint32_t kPromiseRejected = 2;

// JS_WRITE_OBJ_BYTECODE, without sources and lines: nobody is shown where the library failed.
constexpr std::uint32_t kWriteStripped = 1 << 0 | 1 << 4 | 1 << 5;
constexpr std::uint32_t kReadBytecode = 1 << 0;

constexpr std::uint32_t kStackBytesMax = 400u << 10;  // of the engine's own 1 MiB stack in linear memory
constexpr std::uint32_t kGcThreshold = 24u << 20;  // contexts are thrown away whole; collect only when large

/// "5 s", "1.25 s", "0.05 s".
std::string seconds(std::int64_t ms) {
    std::string out = std::to_string(ms / 1000);
    if (const std::int64_t rest = ms % 1000; rest > 0) {
        out += '.' + std::to_string(1000 + rest).substr(1);
        while (out.back() == '0') out.pop_back();
    }
    return out + " s";
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

/// What people bring along from elsewhere and is not here, and what is.
struct Absent {
    std::string_view name;
    std::string_view instead;
};
constexpr std::array kAbsent{
    Absent{"Buffer", "base64.encode(text) and base64.decode(text) are here"},
    Absent{"DateTime", "dates.parse(text, {zone}) and dates.now({zone}) are here"},
    Absent{"Intl", "dates.parse(text).format(pattern, {locale}), numbers.format and texts.compare are here"},
    Absent{"Temporal", "dates.parse(text, {zone}) and dates.now({zone}) are here"},
    Absent{"URL", "url.parse(text) is here"},
    Absent{"URLSearchParams", "url.query(object) and url.parseQuery(text) are here"},
    Absent{"TextEncoder", "base64, hex and hash take texts as UTF-8"},
    Absent{"crypto", "hash.sha256(text), hash.hmac(...) and uuid() are here"},
    Absent{"fetch", "requests are steps: core/http, or an app's action"},
    Absent{"luxon", "dates.parse(text, {zone}) is here"},
    Absent{"moment", "dates.parse(text, {zone}) is here"},
    Absent{"require", "there are no modules; docs/expressions.md lists the functions that are here"},
    Absent{"setTimeout", "waiting is a step: core/sleep"},
    Absent{"structuredClone", "values are frozen; { ...object } and [...list] copy"},
};

/// "Intl is not defined" and what is; "Date value is NaN" and what reads more than Date does.
void name_what_is(std::string& message) {
    if (message == "RangeError: Date value is NaN")
        message += ": what Date cannot read, dates.parse(text, {zone, pattern}) may";
    constexpr std::string_view kEnd = " is not defined";
    if (!message.ends_with(kEnd)) return;
    const std::string_view name = std::string_view(message).substr(0, message.size() - kEnd.size());
    const auto* absent = std::ranges::find(kAbsent, name.substr(name.find(' ') + 1), &Absent::name);
    if (absent != kAbsent.end()) message += ": " + std::string(absent->instead);
}

bool is_about_size(std::string_view name, std::string_view message) {
    return std::ranges::any_of(kSizeMessages, [&](const SizeMessage& known) {
        return name == known.name && message.starts_with(known.start);
    });
}

/// The innermost place in the script: "weft:3:14". Its first line is ours.
void locate(std::string_view stack, Failure& out) {
    const std::size_t at = stack.find("weft:");
    if (at == std::string_view::npos) return;
    const char* end = stack.data() + stack.size();
    std::uint32_t line = 0;
    auto [next, ec] = std::from_chars(stack.data() + at + 5, end, line);
    if (ec != std::errc() || line < 2) return;
    out.line = line - 1;
    if (next != end && *next == ':') std::from_chars(next + 1, end, out.column);
}

bool is_absent_read(std::string_view message) {
    return message.starts_with("cannot read property") || message.starts_with("Cannot read propert") ||
           message.starts_with("cannot convert undefined") || message.starts_with("cannot convert null");
}

}  // namespace

std::int64_t millis(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// In text such a half stands as three bytes.
void mend_text(std::string& text) {
    for (std::size_t at = 0; at + 2 < text.size(); ++at) {
        if (static_cast<unsigned char>(text[at]) == 0xED &&
            static_cast<unsigned char>(text[at + 1]) >= 0xA0) {
            text.replace(at, 3, "\xEF\xBF\xBD");
        }
    }
}

void mend_json(std::string& text) {
    for (std::size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at + 2)) {
        const std::string_view escape = std::string_view(text).substr(at, 4);
        if (escape.size() == 4 && escape[1] == 'u' && escape[2] == 'd' && escape[3] >= '8')
            text.replace(at, 6, "\\ufffd");
    }
}

bool Engine::Impl::copy_out(std::uint64_t value, std::string& out) {
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

void Engine::Impl::keep_error() {
    has_error = true;
    const std::uint64_t thrown = QJS(JS_GetException)(&instance, context);
    const std::uint64_t described = call(describe, thrown);
    // There is no room left even for saying so.
    if (is_exception(described) || !copy_out(described, error)) error = "InternalError\nout of memory\n";
}

void Engine::Impl::keep_result(std::uint64_t value) {
    if (is_exception(value)) return keep_error();
    if (as == As::kBool) {
        result = QJS(JS_ToBool)(&instance, context, value) ? "true" : "false";
        return;
    }
    const std::uint64_t text = as == As::kText
                                   ? call(joined, value)
                                   : QJS(JS_JSONStringify)(&instance, context, value, kUndefined, kUndefined);
    if (is_exception(text)) return keep_error();
    if (tag(text) == kTagUndefined) return;
    std::string out;
    if (!copy_out(text, out)) return keep_error();
    result = std::move(out);
}

void Engine::Impl::start(std::string_view text, As wanted) {
    source = text;
    as = wanted;
    result.reset();
    error.clear();
    has_error = false;
    is_asking = false;  // where a trap ended the one before
}

Failure Engine::Impl::failure() const {
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
    if (message.starts_with("Cannot mix BigInt") || message.starts_with("cannot convert BigInt to number"))
        out.message += " (a whole number beyond 2^53 is a BigInt here: Number(x) rounds it)";
    name_what_is(out.message);
    if (out.message.size() > 2000) out.message.resize(2000);
    out.is_limit = is_interrupted || is_about_size(name, message);
    if (is_interrupted) say_time(out);
    out.reads_absent = name == "TypeError" && is_absent_read(message);
    locate(rest.substr(std::min(message_end, rest.size())), out);
    mend_text(out.message);
    return out;
}

bool Engine::Impl::is_out_of_time() {
    const std::int64_t cpu = millis(CLOCK_PROCESS_CPUTIME_ID);
    if (cpu <= cpu_deadline_ms && millis(CLOCK_MONOTONIC) <= deadline_ms) return false;
    cpu_used_ms = cpu - cpu_start_ms;
    return true;
}

void Engine::Impl::say_time(Failure& out) const {
    out.is_out_of_cpu = cpu_used_ms >= engine->cpu_max_.count();
    out.message = "the script used " + seconds(cpu_used_ms) + " of CPU time";
    out.message += out.is_out_of_cpu ? ", and its limit is " + seconds(engine->cpu_max_.count())
                                     : ", but did not end within " + seconds(engine->wall_max_.count());
}

Outcome Engine::Impl::outcome(wasm_rt_trap_t trap) {
    if (trap != WASM_RT_TRAP_NONE) {
        Failure failure;
        failure.is_limit = true;
        failure.message = trap == WASM_RT_TRAP_EXHAUSTION
                              ? std::string("the script calls itself too deeply")
                              : std::string("the script engine stopped: ") + wasm_rt_strerror(trap);
        if (is_interrupted) say_time(failure);  // in a function of the host
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

void Engine::Impl::compile_library(void* self) {
    auto& it = *static_cast<Impl*>(self);
    auto* at = &it.instance;
    const std::uint64_t compiled =
        it.eval("", runner::library::source(), "", "library", kEvalStrict | kEvalCompileOnly);
    if (is_exception(compiled)) return it.keep_error();
    const std::uint32_t size_at = QJS(wasm_malloc)(at, 4);
    const std::uint32_t code = QJS(JS_WriteObject)(at, it.context, size_at, compiled, kWriteStripped);
    std::uint32_t size = 0;
    std::memcpy(&size, wasm::view(it.instance, size_at, 4).data(), 4);
    it.bytecode = wasm::view(it.instance, code, size);
}

void Engine::Impl::load_library(void* self) {
    auto& it = *static_cast<Impl*>(self);
    auto* at = &it.instance;
    const std::uint32_t code = it.copy_in("", it.bytecode, "");
    const auto size = static_cast<std::uint32_t>(it.bytecode.size());
    const std::uint64_t read = QJS(JS_ReadObject)(at, it.context, code, size, kReadBytecode);
    QJS(wasm_free)(at, code);
    const std::uint64_t define = QJS(JS_EvalFunction)(at, it.context, read);
    if (is_exception(define)) return it.keep_error();
    constexpr std::string_view kName = "__library";
    const std::uint32_t name = it.copy_in("", kName, "");
    const std::uint32_t host = QJS(qjs_new_host_function)(at, name, kName.size(), 0);
    std::uint64_t function = 0;  // a handle is the address of a value
    std::memcpy(&function, wasm::view(it.instance, host, sizeof function).data(), sizeof function);
    if (is_exception(it.call(define, function))) it.keep_error();
}

/// The library is compiled on one copy of the plain image and defined on another: what compiling leaves
/// behind would be in the way of every run's first allocations, and an image that was ever written to costs
/// each fork more.
void Engine::Impl::make_images(Scope most) {
    const auto must = [this](bool is_done, std::string_view what) {
        if (is_done && !has_error) return;
        std::fprintf(stderr, "the script engine cannot %s: %s\n", what.data(), error.c_str());
        std::abort();
    };
    const auto taken = wasm::take_snapshot(instance);
    must(taken.has_value(), "make its snapshot");
    plain = *taken;
    if (most == Scope::kLanguage) return;
    const wasm::Image scratch = wasm::copy_of(plain);
    wasm::use(instance, scratch);
    must(wasm::guarded(&compile_library, this) == WASM_RT_TRAP_NONE, "compile the library");
    wasm::use(instance, wasm::copy_of(plain));
    must(wasm::guarded(&load_library, this) == WASM_RT_TRAP_NONE, "load the library");
    const auto taken_with_library = wasm::take_snapshot(instance);
    must(taken_with_library.has_value(), "make a second snapshot");
    with_library = *taken_with_library;
    wasm::use(instance, plain);
    wasm::release(scratch);
    bytecode = {};
}

Engine::Engine(std::size_t memory_bytes_max, Scope most) {
    Impl& it = impl();
    it.engine = this;
    if (it.context != 0) {  // the process's engine exists (tests make many): start it afresh
        is_dirty_ = true;
        reset();
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
    it.make_images(most);
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

void Engine::reset(Scope scope) {
    Impl& it = impl();
    if (is_dirty_) wasm::restore(it.instance);
    is_dirty_ = false;
    wasm::use(it.instance, scope == Scope::kLibrary ? it.with_library : it.plain);
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

}  // namespace weft::script
