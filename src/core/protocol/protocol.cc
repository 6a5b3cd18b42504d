#include "core/protocol/protocol.h"

#include <bit>
#include <cstring>
#include <type_traits>

namespace weft::protocol {

namespace {

static_assert(std::endian::native == std::endian::little, "frames are little endian and copied as they are");

constexpr std::size_t kHeadBytes = 4;
constexpr std::size_t kStatusBytesMax = 32;

class Writer {
  public:
    explicit Writer(std::string& out) : out_(out) {}

    void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
    void u32(std::uint32_t value) {
        char bytes[4];
        std::memcpy(bytes, &value, sizeof value);
        out_.append(bytes, sizeof bytes);
    }
    void text(std::string_view value) {
        u32(static_cast<std::uint32_t>(value.size()));
        out_.append(value);
    }

  private:
    std::string& out_;
};

/// Reads fields in order; once one does not fit, everything later is empty and `done` says so.
class Reader {
  public:
    explicit Reader(std::string_view body) : left_(body) {}

    std::uint8_t u8(std::uint8_t max) {
        if (left_.empty()) return fail<std::uint8_t>();
        auto value = static_cast<std::uint8_t>(left_.front());
        left_.remove_prefix(1);
        return value <= max ? value : fail<std::uint8_t>();
    }
    std::uint32_t u32(std::uint32_t max = UINT32_MAX) {
        std::uint32_t value = 0;
        if (left_.size() < sizeof value) return fail<std::uint32_t>();
        std::memcpy(&value, left_.data(), sizeof value);
        left_.remove_prefix(sizeof value);
        return value <= max ? value : fail<std::uint32_t>();
    }
    std::string text(std::size_t max) {
        std::uint32_t size = u32();
        if (is_bad_ || size > max || size > left_.size()) return fail<std::string>();
        std::string value(left_.substr(0, size));
        left_.remove_prefix(size);
        return value;
    }
    bool is_done() const { return !is_bad_ && left_.empty(); }

  private:
    template <class T>
    T fail() {
        is_bad_ = true;
        left_ = {};
        return T{};
    }
    std::string_view left_;
    bool is_bad_ = false;
};

constexpr std::size_t kJsonMax = limits::kPayloadBytesMax;

void put(Writer& to, const Begin& it) {
    to.text(it.run);
    to.text(it.input);
    to.text(it.trigger);
    to.text(it.env);
    to.u32(it.script_timeout_ms);
}
void get(Reader& from, Begin& it) {
    it.run = from.text(kJsonMax);
    it.input = from.text(kJsonMax);
    it.trigger = from.text(kJsonMax);
    it.env = from.text(kJsonMax);
    it.script_timeout_ms = from.u32();
}

void put(Writer& to, const Put& it) {
    to.text(it.step);
    to.text(it.scope);
    to.text(it.status);
    to.text(it.output);
    to.text(it.error);
}
void get(Reader& from, Put& it) {
    it.step = from.text(kNameBytesMax);
    it.scope = from.text(kScopeBytesMax);
    it.status = from.text(kStatusBytesMax);
    it.output = from.text(kJsonMax);
    it.error = from.text(kJsonMax);
}

void put(Writer& to, const std::vector<Binding>& bindings) {
    to.u32(static_cast<std::uint32_t>(bindings.size()));
    for (const auto& binding : bindings) {
        to.text(binding.name);
        to.text(binding.json);
    }
}
void get(Reader& from, std::vector<Binding>& bindings) {
    auto count = from.u32(kBindingsMax);
    for (std::uint32_t i = 0; i < count; ++i) {
        auto name = from.text(kNameBytesMax);
        bindings.push_back({std::move(name), from.text(kJsonMax)});
    }
}

void put(Writer& to, const Evaluate& it) {
    to.text(it.condition);
    to.text(it.value);
    put(to, it.bindings);
    to.u8(static_cast<std::uint8_t>(it.mode));
    to.text(it.keep_as);
    to.text(it.scope);
    to.u8(it.is_ahead ? 1 : 0);
}
void get(Reader& from, Evaluate& it) {
    it.condition = from.text(kJsonMax);
    it.value = from.text(kJsonMax);
    get(from, it.bindings);
    it.mode = static_cast<Mode>(from.u8(static_cast<std::uint8_t>(Mode::kRequest)));
    it.keep_as = from.text(kNameBytesMax);
    it.scope = from.text(kScopeBytesMax);
    it.is_ahead = from.u8(1) == 1;
}

void put(Writer& to, const Code& it) {
    to.text(it.source);
    put(to, it.bindings);
    to.text(it.keep_as);
    to.text(it.scope);
    to.u32(it.cpu_ms);
    to.u32(it.wall_ms);
}
void get(Reader& from, Code& it) {
    it.source = from.text(kJsonMax);
    get(from, it.bindings);
    it.keep_as = from.text(kNameBytesMax);
    it.scope = from.text(kScopeBytesMax);
    it.cpu_ms = from.u32();
    it.wall_ms = from.u32();
}

void put(Writer& to, const Forget& it) {
    to.text(it.scope);
}
void get(Reader& from, Forget& it) {
    it.scope = from.text(kScopeBytesMax);
}

void put(Writer&, const Reset&) {}
void get(Reader&, Reset&) {}

void put(Writer& to, const Value& it) {
    to.text(it.json);
}
void get(Reader& from, Value& it) {
    it.json = from.text(kJsonMax);
}

void put(Writer&, const Skipped&) {}
void get(Reader&, Skipped&) {}

void put(Writer& to, const Failed& it) {
    to.u8(static_cast<std::uint8_t>(it.kind));
    to.text(it.field);
    to.u32(it.line);
    to.u32(it.column);
    to.text(it.message);
}
void get(Reader& from, Failed& it) {
    it.kind = static_cast<Failed::Kind>(from.u8(static_cast<std::uint8_t>(Failed::Kind::kLimit)));
    it.field = from.text(kMessageBytesMax);
    it.line = from.u32();
    it.column = from.u32();
    it.message = from.text(kMessageBytesMax);
}

void put(Writer& to, const Log& it) {
    to.u8(static_cast<std::uint8_t>(it.level));
    to.text(it.text);
    to.text(it.fields);
}
void get(Reader& from, Log& it) {
    it.level = static_cast<Level>(from.u8(static_cast<std::uint8_t>(Level::kError)));
    it.text = from.text(limits::kLogLineBytesMax + kLogMarginBytes);
    it.fields = from.text(limits::kLogFieldsBytesMax);
}

void put(Writer&, const Ready&) {}
void get(Reader&, Ready&) {}

template <class T>
constexpr Type type_of() {
    if constexpr (std::is_same_v<T, Begin>)
        return Type::kBegin;
    else if constexpr (std::is_same_v<T, Put>)
        return Type::kPut;
    else if constexpr (std::is_same_v<T, Evaluate>)
        return Type::kEvaluate;
    else if constexpr (std::is_same_v<T, Code>)
        return Type::kCode;
    else if constexpr (std::is_same_v<T, Reset>)
        return Type::kReset;
    else if constexpr (std::is_same_v<T, Forget>)
        return Type::kForget;
    else if constexpr (std::is_same_v<T, Ready>)
        return Type::kReady;
    else if constexpr (std::is_same_v<T, Value>)
        return Type::kValue;
    else if constexpr (std::is_same_v<T, Skipped>)
        return Type::kSkipped;
    else if constexpr (std::is_same_v<T, Failed>)
        return Type::kFailed;
    else
        return Type::kLog;
}

template <class Variant>
Result<> append_frame(std::string& out, const Variant& message) {
    const std::size_t start = out.size();
    out.append(kHeadBytes, '\0');
    Writer to(out);
    std::visit(
        [&]<class T>(const T& it) {
            to.u8(static_cast<std::uint8_t>(type_of<T>()));
            put(to, it);
        },
        message
    );
    const std::size_t size = out.size() - start - kHeadBytes;
    if (size > limits::kFrameBytesMax) {
        out.resize(start);
        return fail(Error::limit("the values of this step are larger than 8 MiB together"));
    }
    const auto head = static_cast<std::uint32_t>(size);
    std::memcpy(out.data() + start, &head, sizeof head);
    return {};
}

template <class T, class Variant>
Result<Variant> decode_as(Frame frame) {
    Reader from(frame.body);
    T message;
    get(from, message);
    if (!from.is_done()) return fail(Error::invalid("malformed frame"));
    return Variant(std::move(message));
}

}  // namespace

Result<> append(std::string& out, const Request& request) {
    return append_frame(out, request);
}
Result<> append(std::string& out, const Reply& reply) {
    return append_frame(out, reply);
}

Result<Request> decode_request(Frame frame) {
    switch (static_cast<Type>(frame.type)) {
        case Type::kBegin:
            return decode_as<Begin, Request>(frame);
        case Type::kPut:
            return decode_as<Put, Request>(frame);
        case Type::kEvaluate:
            return decode_as<Evaluate, Request>(frame);
        case Type::kCode:
            return decode_as<Code, Request>(frame);
        case Type::kReset:
            return decode_as<Reset, Request>(frame);
        case Type::kForget:
            return decode_as<Forget, Request>(frame);
        default:
            return fail(Error::invalid("unknown frame"));
    }
}

Result<Reply> decode_reply(Frame frame) {
    switch (static_cast<Type>(frame.type)) {
        case Type::kValue:
            return decode_as<Value, Reply>(frame);
        case Type::kSkipped:
            return decode_as<Skipped, Reply>(frame);
        case Type::kFailed:
            return decode_as<Failed, Reply>(frame);
        case Type::kLog:
            return decode_as<Log, Reply>(frame);
        case Type::kReady:
            return decode_as<Ready, Reply>(frame);
        default:
            return fail(Error::invalid("unknown frame"));
    }
}

void FrameReader::feed(std::string_view bytes) {
    // What has been handed out goes first, so that a long conversation does not grow the buffer.
    if (at_ > 0) {
        buffer_.erase(0, at_);
        at_ = 0;
    }
    buffer_.append(bytes);
}

Result<std::optional<Frame>> FrameReader::next() {
    std::string_view left = std::string_view(buffer_).substr(at_);
    if (left.size() < kHeadBytes) return std::optional<Frame>();
    std::uint32_t size = 0;
    std::memcpy(&size, left.data(), sizeof size);
    if (size == 0 || size > frame_bytes_max_) return fail(Error::invalid("frame length out of bounds"));
    if (left.size() - kHeadBytes < size) return std::optional<Frame>();
    at_ += kHeadBytes + size;
    return std::optional<Frame>(
        Frame{static_cast<std::uint8_t>(left[kHeadBytes]), left.substr(kHeadBytes + 1, size - 1)}
    );
}

}  // namespace weft::protocol
