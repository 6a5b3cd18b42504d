#pragma once

#include "base/time.h"
#include "core/protocol/protocol.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// The JavaScript engine (QuickJS-ng in a WebAssembly cage), one per process.
namespace weft::script {

/// Why a script gave no value.
struct Failure {
    bool is_limit = false;       // time, memory or stack
    bool is_out_of_cpu = false;  // ...of these, the CPU time
    bool reads_absent = false;   // a TypeError about a property of undefined or null
    std::uint32_t line = 0;      // 1-based in the given source; 0 = unknown
    std::uint32_t column = 0;
    std::string message;
};

/// A value as JSON text, or as text to be joined; nothing when it was undefined (or a function, which JSON
/// cannot say).
using Outcome = std::expected<std::optional<std::string>, Failure>;

/// How a result is wanted.
enum class As { kJson, kText, kBool };

/// What names there are beside JavaScript's and the installed ones.
enum class Scope { kLanguage, kLibrary };

/// Every evaluation should start from `reset()`: a fresh context, so that nothing leaks from one step into
/// another and a resumed run computes the same. Contexts come from a copy-on-write snapshot that the
/// constructor takes, hence a reset costs only the pages the last evaluation dirtied. There are two: one has
/// the library's names (`dates`, `hash`, ...), and who does not mention them does not pay for them.
///
/// Scripts run in strict mode. `eval` and the Function constructors throw, so that the text publishing has
/// checked is all the text that runs; SharedArrayBuffer and Atomics do not exist; clocks tick in
/// milliseconds; Math.random asks the kernel, because a snapshot's seed would repeat in every run; there are
/// no modules and no timers.
class Engine {
  public:
    using LogSink = std::function<void(protocol::Log)>;

    /// `most`: what `reset` may be asked for; without the library it starts in a third of the time.
    explicit Engine(
        std::size_t memory_bytes_max = limits::kScriptMemoryBytesMax, Scope most = Scope::kLibrary
    );
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    void set_log(LogSink sink) { log_ = std::move(sink); }
    /// Bounds of everything from here to the next reset: CPU time, which is the script's own doing, and the
    /// time that passes meanwhile, which others on the machine take part in; 0: twice as much.
    void set_timeout(Millis cpu, Millis wall = Millis(0));
    /// Back to a fresh context; free if nothing ran since the last reset.
    void reset(Scope scope = Scope::kLanguage);

    /// Defines one frozen global per member of the object in `json`.
    std::optional<Failure> install(std::string_view json);
    /// Evaluates one expression.
    Outcome evaluate(std::string_view expression, As as);
    /// Runs an async function body and waits for its result.
    Outcome run(std::string_view body);
    /// What is wrong with an expression, or a function body, as far as compiling tells. Nothing runs.
    std::optional<Failure> check(std::string_view source, bool is_body);

    /// Bytes of linear memory in use; for tests.
    std::size_t memory_bytes() const;

  private:
    struct Impl;
    friend struct Imports;
    friend struct EngineProbe;  // of tests
    static Impl& impl();

    bool is_dirty_ = false;
    LogSink log_;
    Millis cpu_max_{0};
    Millis wall_max_{0};
};

}  // namespace weft::script
