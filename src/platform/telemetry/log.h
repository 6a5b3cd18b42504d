#pragma once

#include "base/id.h"
#include "base/secret.h"
#include "base/time.h"

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace weft::telemetry {

enum class Level { kDebug, kInfo, kWarn, kError };
std::string_view name(Level level);

/// One named value of a log line. Well-known names: request_id, tenant_id, run_id, trace.
struct Field {
    using Value = std::variant<std::string, std::int64_t, double, bool>;
    std::string_view key;  // a literal
    Value value;

    Field(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
    Field(std::string_view k, const std::string& v) : key(k), value(v) {}
    Field(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
    Field(std::string_view k, bool v) : key(k), value(v) {}
    Field(std::string_view k, double v) : key(k), value(v) {}
    template <std::integral T>
    Field(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
    template <class Tag>
    Field(std::string_view k, const Id<Tag>& v) : key(k), value(v.text()) {}
    Field(std::string_view, const Secret&) = delete;  // a secret is never logged
};

struct LogOptions {
    Level level = Level::kInfo;
    int fd = 2;
    std::size_t line_bytes_max = 8u << 10;  // longer lines lose the end of their values and say so
    std::size_t backlog_bytes_max =
        1u << 20;  // while the reader of `fd` is slow; then lines are counted and lost
};

/// JSON lines {"at","level","msg",...fields}; control characters are escaped, so that a value can neither
/// start a line nor drive a terminal. Never waits for a slow reader. Copyable handle; callable from any
/// thread.
class Logger {
  public:
    explicit Logger(LogOptions options = {});

    /// A logger that puts `fields` on each line: per process, request, run.
    Logger with(std::initializer_list<Field> fields) const;

    void debug(std::string_view message, std::initializer_list<Field> fields = {}) const {
        write(Level::kDebug, message, fields);
    }
    void info(std::string_view message, std::initializer_list<Field> fields = {}) const {
        write(Level::kInfo, message, fields);
    }
    void warn(std::string_view message, std::initializer_list<Field> fields = {}) const {
        write(Level::kWarn, message, fields);
    }
    void error(std::string_view message, std::initializer_list<Field> fields = {}) const {
        write(Level::kError, message, fields);
    }
    void write(Level level, std::string_view message, std::initializer_list<Field> fields) const;
    bool is_on(Level level) const;
    /// Tries to write what is held back; returns how many bytes still are.
    std::size_t flush() const;

  private:
    struct Sink;
    std::shared_ptr<Sink> sink_;  // shared by all loggers of the process
    std::string context_;         // rendered fields, each with its leading comma
};

}  // namespace weft::telemetry
