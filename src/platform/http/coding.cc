#include "platform/http/coding.h"

#include "platform/http/http.h"

#include <zstd.h>

#include <brotli/decode.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace weft::http {

namespace {

constexpr std::size_t kPieceBytes = 64u << 10;
constexpr std::size_t kFreeBytes = 64u << 10;  // small bodies may be as thin as they like
constexpr std::size_t kRatioMax = 200;
constexpr std::size_t kCodingsMax = 3;  // nobody packs twice on purpose; a proxy may
constexpr std::size_t kNameBytesMax = 32;
constexpr int kZstdWindowLogMax = 23;  // 8 MiB: what RFC 8878 asks every reader to have

struct Known {
    std::string_view name;
    Coding coding;
};
constexpr std::array kKnown{
    Known{"gzip", Coding::kGzip},
    Known{"x-gzip", Coding::kGzip},
    Known{"deflate", Coding::kDeflate},
    Known{"br", Coding::kBrotli},
    Known{"zstd", Coding::kZstd},
};

std::string_view name(Coding coding) {
    return std::ranges::find(kKnown, coding, &Known::coding)->name;
}

/// The result of one coding, never longer than it may be.
class Output {
  public:
    explicit Output(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// Where the next piece goes; one byte more than allowed may be asked for, so that the limit shows.
    std::pair<char*, std::size_t> room() {
        used_ = text_.size();
        text_.resize(used_ + std::min(kPieceBytes, bytes_max_ + 1 - used_));
        return {text_.data() + used_, text_.size() - used_};
    }
    /// False: too long.
    bool wrote(std::size_t bytes) {
        text_.resize(used_ + bytes);
        return text_.size() <= bytes_max_;
    }
    std::string take() { return std::move(text_); }

  private:
    std::size_t bytes_max_;
    std::size_t used_ = 0;
    std::string text_;
};

enum class Outcome { kDone, kDamaged, kTooLong };

struct EndInflate {
    void operator()(z_stream* stream) const { inflateEnd(stream); }
};

/// `window_bits` say what stands around the data: 31 gzip, 15 zlib, -15 nothing.
Outcome inflate_all(std::string_view from, int window_bits, Output& out) {
    z_stream stream{};
    if (inflateInit2(&stream, window_bits) != Z_OK) return Outcome::kDamaged;
    std::unique_ptr<z_stream, EndInflate> owner(&stream);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from.data()));
    stream.avail_in = static_cast<uInt>(from.size());
    for (;;) {
        auto [to, size] = out.room();
        stream.next_out = reinterpret_cast<Bytef*>(to);
        stream.avail_out = static_cast<uInt>(size);
        const int status = inflate(&stream, Z_NO_FLUSH);
        if (!out.wrote(size - stream.avail_out)) return Outcome::kTooLong;
        if (status == Z_STREAM_END) {
            // A gzip file is one or more members; what is no member after the first is padding.
            const bool has_next = window_bits > 16 && stream.avail_in > 2 && stream.next_in[0] == 0x1F &&
                                  stream.next_in[1] == 0x8B;
            if (!has_next || inflateReset(&stream) != Z_OK) return Outcome::kDone;
        } else if (status != Z_OK) {
            return Outcome::kDamaged;  // Z_BUF_ERROR too: it ends early
        }
    }
}

Outcome undo_deflate(std::string_view from, Output& out) {
    // The name means zlib's format; some send the bare data (RFC 9110, 8.4.1.2). A zlib head is a multiple
    // of 31.
    const bool is_zlib =
        from.size() >= 2 && (from[0] & 0x0F) == 8 &&
        (static_cast<unsigned char>(from[0]) * 256 + static_cast<unsigned char>(from[1])) % 31 == 0;
    return inflate_all(from, is_zlib ? 15 : -15, out);
}

struct EndBrotli {
    void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
};

Outcome undo_brotli(std::string_view from, Output& out) {
    std::unique_ptr<BrotliDecoderState, EndBrotli> state(
        BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)
    );
    if (state == nullptr) return Outcome::kDamaged;
    std::size_t left = from.size();
    auto next = reinterpret_cast<const std::uint8_t*>(from.data());
    for (;;) {
        auto [to, size] = out.room();
        std::size_t room = size;
        auto at = reinterpret_cast<std::uint8_t*>(to);
        const auto result = BrotliDecoderDecompressStream(state.get(), &left, &next, &room, &at, nullptr);
        if (!out.wrote(size - room)) return Outcome::kTooLong;
        if (result == BROTLI_DECODER_RESULT_SUCCESS) return Outcome::kDone;
        if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return Outcome::kDamaged;
    }
}

struct EndZstd {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Outcome undo_zstd(std::string_view from, Output& out) {
    std::unique_ptr<ZSTD_DCtx, EndZstd> context(ZSTD_createDCtx());
    if (context == nullptr) return Outcome::kDamaged;
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
    ZSTD_inBuffer in{from.data(), from.size(), 0};
    for (;;) {
        auto [to, size] = out.room();
        ZSTD_outBuffer piece{to, size, 0};
        const std::size_t left = ZSTD_decompressStream(context.get(), &piece, &in);
        if (!out.wrote(ZSTD_isError(left) != 0 ? 0 : piece.pos)) return Outcome::kTooLong;
        if (ZSTD_isError(left) != 0) return Outcome::kDamaged;
        if (in.pos == in.size && piece.pos < size) return left == 0 ? Outcome::kDone : Outcome::kDamaged;
    }
}

Outcome undo(Coding coding, std::string_view from, Output& out) {
    switch (coding) {
        case Coding::kGzip:
            return inflate_all(from, 31, out);
        case Coding::kDeflate:
            return undo_deflate(from, out);
        case Coding::kBrotli:
            return undo_brotli(from, out);
        case Coding::kZstd:
            break;
    }
    return undo_zstd(from, out);
}

/// A proxy may have undone what the header still names. Only formats with a magic number tell.
bool is_mislabelled(Coding coding, std::string_view body) {
    if (coding == Coding::kGzip) return !body.starts_with("\x1F\x8B");
    if (coding != Coding::kZstd) return false;
    const bool is_skippable =
        body.size() >= 4 && (body[0] & 0xF0) == 0x50 && body.substr(1, 3) == "\x2A\x4D\x18";
    return !body.starts_with("\x28\xB5\x2F\xFD") && !is_skippable;
}

std::string size_text(std::size_t bytes) {
    return bytes % (1u << 20) == 0 ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes) + " bytes";
}

Error too_long(Coding coding, std::size_t bytes, std::size_t bytes_max) {
    const std::string unpacked =
        "The body is, once its " + std::string(name(coding)) + " coding is undone, more than ";
    if (decoded_bytes_max(bytes, bytes_max) == bytes_max) {
        return Error::limit(unpacked + size_text(bytes_max) + "; send less at once", "body");
    }
    return Error::limit(unpacked + std::to_string(kRatioMax) + " times as long; send it uncoded", "body");
}

}  // namespace

Result<Codings> codings_of(const Fields& headers) {
    Codings out;
    for (const auto& [key, value] : headers) {
        if (!same_name(key, "content-encoding")) continue;
        for (std::string_view rest = value; !rest.empty();) {
            const std::size_t end = std::min(rest.find(','), rest.size());
            std::string_view word = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            word.remove_prefix(std::min(word.find_first_not_of(" \t"), word.size()));
            word = word.substr(0, word.find_last_not_of(" \t") + 1);
            const auto known =
                std::ranges::find_if(kKnown, [&](const Known& one) { return same_name(one.name, word); });
            if (known != kKnown.end()) {
                out.applied.push_back(known->coding);
            } else if (!word.empty() && !same_name(word, "identity") && out.unknown.empty()) {
                out.unknown = word.substr(0, kNameBytesMax);
            }
            if (out.applied.size() > kCodingsMax)
                return fail(Error::invalid("A body is coded at most three times", "content-encoding"));
        }
    }
    return out;
}

std::size_t decoded_bytes_max(std::size_t bytes, std::size_t bytes_max) {
    return std::min(bytes_max, kFreeBytes + bytes * kRatioMax);
}

Result<Plain> decode_body(std::string body, const Codings& codings, std::size_t bytes_max) {
    Plain plain{.body = std::move(body)};
    const std::size_t coded = plain.body.size();
    const std::size_t most = decoded_bytes_max(coded, bytes_max);
    for (std::size_t i = codings.applied.size(); i-- > 0 && !plain.body.empty();) {
        const Coding coding = codings.applied[i];
        if (is_mislabelled(coding, plain.body)) {
            plain.is_mislabelled = true;
            continue;
        }
        Output out(most);
        switch (undo(coding, plain.body, out)) {
            case Outcome::kDone:
                plain.body = out.take();
                break;
            case Outcome::kTooLong:
                return fail(too_long(coding, coded, bytes_max));
            case Outcome::kDamaged:
                return fail(Error::invalid(
                    "The body is damaged or cut short: its " + std::string(name(coding)) +
                        " coding cannot be undone",
                    "body"
                ));
        }
    }
    return plain;
}

}  // namespace weft::http
