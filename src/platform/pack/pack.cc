#include "platform/pack/pack.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace weft::pack {

namespace {

constexpr int kRaw = -MAX_WBITS;
constexpr int kMemory = 8;  // 128 KiB beside the window
constexpr int kLevel = 5;   // the smallest sizes cost twice the time and spare a percent

unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
/// zlib reads what it is given, and its type does not say so.
unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
}

}  // namespace

void Count::add(std::string_view plain) {
    crc = static_cast<std::uint32_t>(crc32_z(crc, bytes_of(plain), plain.size()));
    bytes += static_cast<std::int64_t>(plain.size());
}

struct Deflater::State {
    z_stream stream{};
    State() {
        if (deflateInit2(&stream, kLevel, Z_DEFLATED, kRaw, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    ~State() { deflateEnd(&stream); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Deflater::Deflater() : state_(std::make_unique<State>()) {}
Deflater::~Deflater() = default;
Deflater::Deflater(Deflater&&) noexcept = default;
Deflater& Deflater::operator=(Deflater&&) noexcept = default;

std::string Deflater::add(std::string_view plain, Last last) {
    z_stream& stream = state_->stream;
    std::string out;
    std::string piece(64u << 10, '\0');
    do {
        const auto some = std::min<std::size_t>(plain.size(), std::numeric_limits<uInt>::max());
        stream.next_in = bytes_of(plain.substr(0, some));
        stream.avail_in = static_cast<uInt>(some);
        plain.remove_prefix(some);
        const int flush = last == Last::kYes && plain.empty() ? Z_FINISH : Z_NO_FLUSH;
        do {
            stream.next_out = bytes_of(piece);
            stream.avail_out = static_cast<uInt>(piece.size());
            (void)deflate(&stream, flush);
            out.append(piece, 0, piece.size() - stream.avail_out);
        } while (stream.avail_out == 0);
    } while (!plain.empty());
    return out;
}

struct Inflater::State {
    z_stream stream{};
    std::string packed;
    bool is_done = false;
    State() {
        if (inflateInit2(&stream, kRaw) != Z_OK) throw std::bad_alloc();
    }
    ~State() { inflateEnd(&stream); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Inflater::Inflater() : state_(std::make_unique<State>()) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

void Inflater::feed(std::string packed) {
    state_->packed = std::move(packed);
    state_->stream.next_in = bytes_of(state_->packed);
    state_->stream.avail_in = static_cast<uInt>(state_->packed.size());
}

Result<std::string> Inflater::next() {
    z_stream& stream = state_->stream;
    std::string out(kPieceBytes, '\0');
    stream.next_out = bytes_of(out);
    stream.avail_out = static_cast<uInt>(out.size());
    const int status = state_->is_done ? Z_STREAM_END : inflate(&stream, Z_NO_FLUSH);
    // Z_BUF_ERROR: there was nothing to read.
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return fail(Error::invalid("The packed bytes are damaged"));
    state_->is_done = status == Z_STREAM_END;
    out.resize(out.size() - stream.avail_out);
    return out;
}

bool Inflater::is_done() const {
    return state_->is_done;
}

}  // namespace weft::pack
