#include "platform/telemetry/log.h"

#include "base/utf8.h"
#include "platform/rt/clock.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <mutex>

namespace weft::telemetry {

namespace {

constexpr std::size_t kValueBytesMax = 2u << 10;  // one value must not push the others off the line
// A pipe that polls writable takes this many bytes without blocking (PIPE_BUF).
constexpr std::size_t kWriteBytesMax = 4096;

void append_unicode_escape(std::string& out, unsigned value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[value >> shift & 15];
}

/// Characters that a terminal or a line-based reader acts on, or that reorder text for the eye.
bool is_active(char32_t point) {
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
           (point >= 0x200e && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

void append_quoted(std::string& out, std::string_view text, bool& is_cut) {
    if (text.size() > kValueBytesMax) {
        text = utf8::prefix(text, kValueBytesMax);
        is_cut = true;
    }
    out += '"';
    while (!text.empty()) {
        std::size_t length = utf8::sequence_length(text);
        const char32_t point = length == 0 ? 0 : utf8::decode(text.substr(0, length));
        if (length == 0) {
            out += "\\ufffd";
            length = 1;
        } else if (point == '"' || point == '\\') {
            out += '\\';
            out += static_cast<char>(point);
        } else if (is_active(point)) {
            append_unicode_escape(out, point);
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    out += '"';
}

template <class Number>
void append_number(std::string& out, Number value) {
    std::array<char, 40> digits;
    auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

struct AppendValue {
    std::string& out;
    bool& is_cut;
    void operator()(const std::string& text) const { append_quoted(out, text, is_cut); }
    void operator()(std::int64_t value) const { append_number(out, value); }
    void operator()(bool value) const { out += value ? "true" : "false"; }
    void operator()(double value) const {
        if (std::isfinite(value)) {
            append_number(out, value);
        } else {
            out += "null";
        }
    }
};

void append_field(std::string& out, const Field& field, bool& is_cut) {
    out += ',';
    append_quoted(out, field.key, is_cut);
    out += ':';
    std::visit(AppendValue{out, is_cut}, field.value);
}

}  // namespace

struct Logger::Sink {
    LogOptions options;
    std::mutex mutex;     // loggers of the loop and of pool threads share it
    std::string backlog;  // complete lines not yet written, after `written` bytes of the first
    std::size_t written = 0;
    std::uint64_t lost = 0;

    void push(std::string_view line) {
        std::lock_guard hold(mutex);
        drain();
        if (lost > 0 && backlog.empty()) {
            backlog =
                "{\"level\":\"warn\",\"msg\":\"log lines were lost because nobody read them\",\"lost\":";
            append_number(backlog, lost);
            backlog += "}\n";
            lost = 0;
        }
        if (backlog.size() - written + line.size() > options.backlog_bytes_max) {
            ++lost;
            return;
        }
        backlog += line;
        drain();
    }

    void drain() {
        while (written < backlog.size() && is_writable()) {
            auto piece = std::string_view(backlog).substr(written, kWriteBytesMax);
            auto done = ::write(options.fd, piece.data(), piece.size());
            if (done < 0 && errno == EINTR) continue;
            if (done <= 0) break;
            written += static_cast<std::size_t>(done);
        }
        if (written == backlog.size()) {
            backlog.clear();
            written = 0;
        } else if (written > options.backlog_bytes_max / 2) {
            backlog.erase(0, written);
            written = 0;
        }
    }

    bool is_writable() const {
        pollfd poll_for{.fd = options.fd, .events = POLLOUT, .revents = 0};
        return ::poll(&poll_for, 1, 0) == 1 && (poll_for.revents & POLLOUT) != 0;
    }
};

std::string_view name(Level level) {
    switch (level) {
        case Level::kDebug:
            return "debug";
        case Level::kInfo:
            return "info";
        case Level::kWarn:
            return "warn";
        case Level::kError:
            return "error";
    }
    return "unknown";
}

Logger::Logger(LogOptions options) : sink_(std::make_shared<Sink>()) {
    sink_->options = options;
}

Logger Logger::with(std::initializer_list<Field> fields) const {
    Logger out = *this;
    bool is_cut = false;
    for (const auto& field : fields) append_field(out.context_, field, is_cut);
    return out;
}

bool Logger::is_on(Level level) const {
    return level >= sink_->options.level;
}

void Logger::write(Level level, std::string_view message, std::initializer_list<Field> fields) const {
    if (!is_on(level)) return;
    constexpr std::string_view kCut = ",\"is_cut\":true";
    std::size_t room = sink_->options.line_bytes_max - kCut.size() - 2;
    bool is_cut = false;
    std::string line;
    line.reserve(256);
    line += "{\"at\":\"";
    line += rfc3339(rt::SystemClock().now());
    line += "\",\"level\":\"";
    line += name(level);
    line += "\",\"msg\":";
    append_quoted(line, message, is_cut);
    if (line.size() + context_.size() <= room) {
        line += context_;
    } else {
        is_cut = true;
    }
    for (const auto& field : fields) {
        std::size_t before = line.size();
        append_field(line, field, is_cut);
        if (line.size() <= room) continue;
        line.resize(before);
        is_cut = true;
    }
    if (is_cut) line += kCut;
    line += "}\n";
    sink_->push(line);
}

std::size_t Logger::flush() const {
    std::lock_guard hold(sink_->mutex);
    sink_->drain();
    return sink_->backlog.size() - sink_->written;
}

}  // namespace weft::telemetry
