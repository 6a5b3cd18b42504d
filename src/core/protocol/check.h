#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

/// What the api and `weft-runner check` say to each other: one packet over SOCK_SEQPACKET asks about one
/// script, one answers. The child that reads it may die over it; then nothing answers, and the next child
/// goes on with the next packet.
namespace weft::protocol::check {

struct Question {
    std::uint32_t id = 0;
    std::uint32_t is_code = 0;  // the body of core/code; else an expression
};

enum class Verdict : std::uint32_t { kGood = 0, kWrong = 1, kTooMuch = 2 };

struct Answer {
    std::uint32_t id = 0;
    Verdict verdict = Verdict::kGood;
    std::uint32_t line = 0;  // 1-based in the source; 0 = unknown
    std::uint32_t column = 0;
};

inline constexpr std::size_t kTextBytesMax = 64u << 10;  // of a source, limits::kExpressionBytesMax
inline constexpr std::size_t kPacketBytesMax = kTextBytesMax + sizeof(Answer);

template <class Head>
std::string packet(const Head& head, std::string_view text) {
    std::string out(sizeof head, '\0');
    std::memcpy(out.data(), &head, sizeof head);
    return out.append(text.substr(0, kTextBytesMax));
}

/// Takes the head off the packet; false when it is too short.
template <class Head>
bool take(std::string_view& packet, Head& head) {
    if (packet.size() < sizeof head) return false;
    std::memcpy(&head, packet.data(), sizeof head);
    packet.remove_prefix(sizeof head);
    return true;
}

}  // namespace weft::protocol::check
