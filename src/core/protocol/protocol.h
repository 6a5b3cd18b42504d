#pragma once

#include "base/error.h"
#include "base/limits.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What the engine (trusted, in the worker) and a run's sandbox child (hostile) say to each other over one
/// stream.
///
/// A frame is `u32 length (little endian) | u8 type | fields`; the length counts type and fields. A field is
/// a `u32` length and its bytes, a `u32` number, or a `u8` enumerator, in the order of the struct's members.
///
/// The engine drives. It sends one `Begin`, then any number of `Put` (no reply), and `Evaluate` or `Code`,
/// each of which is answered by any number of `Log` and then exactly one of `Value`, `Skipped`, `Failed`. All
/// values are JSON texts; the engine validates those it receives with parse_json before it uses or stores
/// them. Everything before the reply may be sent in one write: `Begin Put Put Evaluate` is one round trip.
/// A run of a shared sandbox ends with `Reset`, answered by `Ready`; the next run's `Begin` follows.
namespace weft::protocol {

enum class Type : std::uint8_t {
    kBegin = 1,
    kPut = 2,
    kEvaluate = 3,
    kCode = 4,
    kReset = 5,
    kForget = 6,
    kValue = 65,
    kSkipped = 66,
    kFailed = 67,
    kLog = 68,
    kReady = 69,
};

inline constexpr std::size_t kBindingsMax = 16;  // one evaluation overrides a handful of names, never many
inline constexpr std::size_t kNameBytesMax = 128;
inline constexpr std::size_t kScopeBytesMax = 64;
inline constexpr std::size_t kMessageBytesMax = 4096;

/// The run's constant context. First frame, once. Each member is a JSON text; empty stands for `null`.
struct Begin {
    std::string run;  // {id, workflow, version, attempt, started_at, ...}: whatever authors may read as `run`
    std::string input;                        // the run's validated input: `input`
    std::string trigger;                      // `trigger`
    std::string env;                          // the tenant's variables: `env`
    std::uint32_t script_timeout_ms = 5'000;  // CPU time of one Evaluate or Code; it may take twice as long

    bool operator==(const Begin&) const = default;
};

/// Makes `steps.<id>` = {status, output, error}. Replaces an earlier Put (or keep_as) of the same id and
/// scope. No reply.
struct Put {
    std::string step;    // step id
    std::string scope;   // the lane of a loop that it is of, as in Evaluate; empty outside of loops
    std::string status;  // "success", "failed", "skipped"
    std::string output;  // JSON text; empty = null
    std::string error;   // JSON text; empty = null

    bool operator==(const Put&) const = default;
};

/// A name bound for one evaluation only: `item` and `index` in loops, `input` to override the run's input (an
/// action's request template sees the step's input as `input`), `response` for an output mapping.
struct Binding {
    std::string name;  // a JavaScript identifier; refused otherwise
    std::string json;  // JSON text; empty = null

    bool operator==(const Binding&) const = default;
};

enum class Mode : std::uint8_t {
    kPlain = 0,
    /// An action's request template: an object with any of `method`, `path`, `query`, `headers`, `body`. What
    /// is substituted into `path` is percent-encoded and must be neither absent nor empty, and the result may
    /// hold no
    /// "." or ".." segment. Elsewhere an absent plain path leaves its member out instead of failing, because
    /// optional inputs have been checked against the action's schema.
    kRequest = 1,
};

/// Evaluates a value template (core/template). Reply: Value, Skipped (the condition was false), Failed.
struct Evaluate {
    std::string
        condition;      // JSON text of the step's `if`: "" = none, true/false, or a string holding one {{ }}
    std::string value;  // JSON text of the template, e.g. a step's `with`
    std::vector<Binding> bindings;  // at most kBindingsMax
    Mode mode = Mode::kPlain;
    std::string keep_as;  // step id: the result becomes its output with status "success"; empty = not kept
    /// Where in loops it is: "#" and the lanes' numbers from the outermost on, joined by ".". It sees steps
    /// of its own lane and of those around, and no other's.
    std::string scope;
    /// Sent along with the one before, for the case that it gives a value. If it does not, this and all that
    /// follow ahead are Skipped unseen: they might never have been asked.
    bool is_ahead = false;

    bool operator==(const Evaluate&) const = default;
};

/// Runs a `core/code` step: `source` is the body of an async function (`return value;`, `await` allowed) that
/// sees the same names as expressions plus `console`; `bindings` with `input` gives it the step's input.
/// Reply: Value, Failed.
struct Code {
    std::string source;
    std::vector<Binding> bindings;
    std::string keep_as;
    std::string scope;          // as in Evaluate
    std::uint32_t cpu_ms = 0;   // of this code; 0: as Begin says
    std::uint32_t wall_ms = 0;  // 0: twice the CPU time

    bool operator==(const Code&) const = default;
};

/// The run is over, and its process is to serve another: everything it has written since it began goes back
/// to what it was. Nothing may follow before the reply, which is Ready.
struct Reset {
    bool operator==(const Reset&) const = default;
};

/// The lane begins another item: its steps, and those of lanes in it, have no values any more. No reply.
struct Forget {
    std::string scope;
    bool operator==(const Forget&) const = default;
};

/// The result as JSON text, at most limits::kPayloadBytesMax bytes.
struct Value {
    std::string json;

    bool operator==(const Value&) const = default;
};

/// The condition was false; nothing else was evaluated.
struct Skipped {
    bool operator==(const Skipped&) const = default;
};

/// The author's mistake (`kWorkflow`) or a limit reached (`kLimit`: time, memory, output size). The sandbox
/// is usable afterwards: the next evaluation starts from a fresh context.
struct Failed {
    enum class Kind : std::uint8_t { kWorkflow = 0, kLimit = 1 };

    Kind kind = Kind::kWorkflow;
    std::string
        field;  // inside the evaluated value, e.g. "items[0].sku"; "if" for the condition; "source" for Code
    std::uint32_t line = 0;    // 1-based place in that string (or source); 0 = unknown
    std::uint32_t column = 0;  // 1-based, in characters
    std::string message;

    bool operator==(const Failed&) const = default;
};

enum class Level : std::uint8_t { kDebug = 0, kInfo = 1, kWarn = 2, kError = 3 };

/// A line's text may be longer than limits::kLogLineBytesMax by so much: what is hidden in it is found whole
/// before it is cut.
inline constexpr std::size_t kLogMarginBytes = 256;

/// One console line. The child sends at most limits::kLogLinesPerRunMax per run; whoever reads counts again.
struct Log {
    Level level = Level::kInfo;
    std::string text;
    std::string fields = "";  // JSON text of an object, or nothing; a child may say anything

    bool operator==(const Log&) const = default;
};

/// The process is as new.
struct Ready {
    bool operator==(const Ready&) const = default;
};

using Request = std::variant<Begin, Put, Evaluate, Code, Reset, Forget>;
using Reply = std::variant<Value, Skipped, Failed, Log, Ready>;

/// Appends the whole frame. Fields of ours are bounded by their makers; a frame beyond limits::kFrameBytesMax
/// is answered kLimit and leaves `out` as it was.
Result<> append(std::string& out, const Request& request);
Result<> append(std::string& out, const Reply& reply);

/// One frame as it arrived; `body` points into the reader and lives until its next call.
struct Frame {
    std::uint8_t type = 0;
    std::string_view body;
};

/// Both decoders refuse unknown types, lengths beyond the frame, trailing bytes, and over-long fields
/// (kInvalid).
Result<Request> decode_request(Frame frame);
Result<Reply> decode_reply(Frame frame);

/// Cuts a byte stream into frames. A length of zero or beyond `frame_bytes_max` is kInvalid and final: the
/// peer is broken or hostile. Memory is bounded by one frame and what `feed` brought.
class FrameReader {
  public:
    explicit FrameReader(std::size_t frame_bytes_max = limits::kFrameBytesMax)
        : frame_bytes_max_(frame_bytes_max) {}

    void feed(std::string_view bytes);
    /// The next complete frame, nothing if more bytes are needed.
    Result<std::optional<Frame>> next();
    /// Bytes held that are not yet part of a returned frame.
    std::size_t pending() const { return buffer_.size() - at_; }

  private:
    std::size_t frame_bytes_max_;
    std::string buffer_;
    std::size_t at_ = 0;
};

}  // namespace weft::protocol
