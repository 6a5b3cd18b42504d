#include "platform/rate/rate.h"

#include <sodium.h>

#include <sys/mman.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <new>
#include <optional>
#include <span>

namespace weft::rate {

namespace {

constexpr double kPerSecondMax = 1e9;
constexpr double kBurstMax = 1e12;
constexpr double kWindowMax = 1e8;  // seconds, some years: beyond it clocks overflow
constexpr unsigned kBitsOfRow = 16;

Steady::duration seconds(double count) {
    return std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(count));
}

std::optional<double> number(std::string_view text, double most) {
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_number = ec == std::errc() && end == text.data() + text.size();
    if (!is_number || !(value > 0) || value > most) return std::nullopt;
    return value;
}

struct Sum {
    Steady next;  // full again at, if it is spent
    Verdict verdict;
};

Sum reckon(Steady full_at, const Rate& rate, double cost, Steady now) {
    const Steady from = std::max(full_at, now);
    const Steady next = from + seconds(std::min(cost, rate.burst) / rate.per_second);
    const Steady latest = now + rate.window();
    Verdict verdict;
    verdict.is_allowed = next <= latest;
    if (!verdict.is_allowed) verdict.retry_after = next - latest;
    const Steady after = verdict.is_allowed ? next : from;
    verdict.full_after = after - now;
    const double left = std::chrono::duration<double>(latest - after).count() * rate.per_second;
    verdict.left = std::clamp(left, 0.0, rate.burst);
    return {next, verdict};
}

}  // namespace

Steady::duration Rate::window() const {
    return is_off() ? Steady::duration::zero() : seconds(burst / per_second);
}

Result<Rate> Rate::parse(std::string_view text) {
    if (text == "off") return Rate{};
    const auto slash = text.find('/');
    const auto per_second = number(text.substr(0, slash), kPerSecondMax);
    auto burst = per_second ? std::optional(std::max(1.0, 2 * *per_second)) : std::nullopt;
    if (slash != std::string_view::npos) burst = number(text.substr(slash + 1), kBurstMax);
    if (!per_second || !burst || *burst < 1 || *burst / *per_second > kWindowMax) {
        return fail(Error::invalid(
            "\"" + std::string(text) +
            "\" is no rate. Write RATE/BURST, e.g. 50/200 for 50 a second and 200 at once, or off."
        ));
    }
    return Rate{.per_second = *per_second, .burst = *burst};
}

Limiter::Limiter(Rng& rng, std::size_t cells) : hash_key_(), mask_(cells - 1), full_at_(map(kRows * cells)) {
    static_assert(sizeof hash_key_ == crypto_shorthash_KEYBYTES);
    rng.fill(std::as_writable_bytes(std::span(hash_key_)));
}

/// Not from the heap, which would have to clear what others have used before.
std::unique_ptr<Steady[], Limiter::Unmap> Limiter::map(std::size_t cells) {
    const std::size_t bytes = cells * sizeof(Steady);
    void* zeros = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (zeros == MAP_FAILED) throw std::bad_alloc();
    (void)::madvise(zeros, bytes, MADV_NOHUGEPAGE);  // a touch costs one small page, not 2 MiB
    return {static_cast<Steady*>(zeros), Unmap{bytes}};
}

void Limiter::Unmap::operator()(Steady* cells) const {
    ::munmap(cells, bytes);
}

Limiter::Cells Limiter::cells_of(std::string_view key) const {
    std::array<unsigned char, crypto_shorthash_BYTES> hash{};
    crypto_shorthash(
        hash.data(), reinterpret_cast<const unsigned char*>(key.data()), key.size(), hash_key_.data()
    );
    std::uint64_t bits = 0;
    for (const unsigned char byte : hash) bits = bits << 8 | byte;
    Cells cells{};
    for (std::size_t row = 0; row < kRows; ++row) {
        cells[row] = row * (mask_ + 1) + (bits >> (row * kBitsOfRow) & mask_);
    }
    return cells;
}

/// Others may share some of its cells, which makes them later: the earliest is the nearest to the truth.
Steady Limiter::full_at(const Cells& cells) const {
    Steady earliest = Steady::max();
    for (const std::size_t cell : cells) earliest = std::min(earliest, full_at_[cell]);
    return earliest;
}

Verdict Limiter::take(std::string_view key, const Rate& rate, double cost, Steady now) {
    if (rate.is_off()) return {};
    const Cells cells = cells_of(key);
    const auto [next, verdict] = reckon(full_at(cells), rate, cost, now);
    if (!verdict.is_allowed) return verdict;
    for (const std::size_t cell : cells) full_at_[cell] = std::max(full_at_[cell], next);
    return verdict;
}

Verdict Limiter::look(std::string_view key, const Rate& rate, double cost, Steady now) const {
    if (rate.is_off()) return {};
    return reckon(full_at(cells_of(key)), rate, cost, now).verdict;
}

}  // namespace weft::rate
