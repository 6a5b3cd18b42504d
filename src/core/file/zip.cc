#include "core/file/zip.h"

#include "core/file/file.h"

#include <algorithm>

namespace weft::file {

namespace {

constexpr std::int64_t kLarge = 0xffff'ffff;  // and beyond: what a field of four bytes cannot say
constexpr std::size_t kMany = 0xffff;
constexpr std::uint16_t kPlainVersion = 20;
constexpr std::uint16_t kLargeVersion = 45;
constexpr std::uint16_t kFlags = 0x0808;  // sizes stand behind the bytes; names are UTF-8
constexpr std::uint16_t kDeflated = 8;
/// What deflate adds to bytes that it cannot pack, and more: whoever is close to the border counts as beyond.
constexpr std::int64_t kGrowth = 16ll << 20;

class Bytes {
  public:
    Bytes& u16(std::uint64_t value) { return put(value, 2); }
    Bytes& u32(std::uint64_t value) { return put(value, 4); }
    Bytes& u64(std::uint64_t value) { return put(value, 8); }
    /// As far as it fits.
    Bytes& capped(std::int64_t value) { return u32(static_cast<std::uint64_t>(std::min(value, kLarge))); }
    Bytes& text(std::string_view text) {
        out.append(text);
        return *this;
    }
    std::string out;

  private:
    Bytes& put(std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
        return *this;
    }
};

std::uint64_t number(std::string_view bytes, std::size_t at, int size) {
    std::uint64_t out = 0;
    for (int i = size; i-- > 0;)
        out = out << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
    return out;
}

std::uint32_t dos_time(Instant now) {
    using namespace std::chrono;
    const auto day = floor<days>(now);
    const year_month_day date(day);
    const hh_mm_ss<seconds> time(floor<seconds>(now - day));
    const int year = std::clamp(static_cast<int>(date.year()), 1980, 2107);
    const auto part = [](auto value, int shift) { return static_cast<std::uint32_t>(value) << shift; };
    return part(year - 1980, 25) | part(static_cast<unsigned>(date.month()), 21) |
           part(static_cast<unsigned>(date.day()), 16) | part(time.hours().count(), 11) |
           part(time.minutes().count(), 5) | part(time.seconds().count() / 2, 0);
}

}  // namespace

ZipWriter::ZipWriter(Instant now) : time_(dos_time(now)) {}

std::string ZipWriter::begin(std::string name, std::int64_t plain) {
    const bool is_large = plain >= kLarge - kGrowth;
    Bytes head;
    head.u32(0x04034b50).u16(is_large ? kLargeVersion : kPlainVersion).u16(kFlags).u16(kDeflated).u32(time_);
    // With ZIP64's extra field the descriptor's sizes have eight bytes.
    head.u32(0).capped(is_large ? kLarge : 0).capped(is_large ? kLarge : 0);
    head.u16(name.size()).u16(is_large ? 20 : 0).text(name);
    if (is_large) head.u16(1).u16(16).u64(0).u64(0);
    members_.push_back({.name = std::move(name), .at = at_, .is_large = is_large, .sizes = {}});
    at_ += static_cast<std::int64_t>(head.out.size());
    return std::move(head.out);
}

std::string ZipWriter::end(const ZipSizes& sizes) {
    Member& member = members_.back();
    member.sizes = sizes;
    Bytes out;
    out.u32(0x08074b50).u32(sizes.crc);
    if (member.is_large)
        out.u64(static_cast<std::uint64_t>(sizes.packed)).u64(static_cast<std::uint64_t>(sizes.plain));
    else
        out.u32(static_cast<std::uint64_t>(sizes.packed)).u32(static_cast<std::uint64_t>(sizes.plain));
    at_ += sizes.packed + static_cast<std::int64_t>(out.out.size());
    return std::move(out.out);
}

std::string ZipWriter::finish() {
    Bytes out;
    for (const Member& member : members_) {
        Bytes large;  // what four bytes cannot say, in this order
        if (member.sizes.plain >= kLarge) large.u64(static_cast<std::uint64_t>(member.sizes.plain));
        if (member.sizes.packed >= kLarge) large.u64(static_cast<std::uint64_t>(member.sizes.packed));
        if (member.at >= kLarge) large.u64(static_cast<std::uint64_t>(member.at));
        const std::size_t extra = large.out.empty() ? 0 : 4 + large.out.size();
        const std::uint16_t version = extra > 0 || member.is_large ? kLargeVersion : kPlainVersion;
        out.u32(0x02014b50).u16(version).u16(version).u16(kFlags).u16(kDeflated).u32(time_);
        out.u32(member.sizes.crc).capped(member.sizes.packed).capped(member.sizes.plain);
        out.u16(member.name.size())
            .u16(extra)
            .u16(0)
            .u16(0)
            .u16(0)
            .u32(0)
            .capped(member.at)
            .text(member.name);
        if (extra > 0) out.u16(1).u16(large.out.size()).text(large.out);
    }
    const auto size = static_cast<std::int64_t>(out.out.size());
    const std::size_t count = members_.size();
    if (count >= kMany || size >= kLarge || at_ >= kLarge) {
        const auto end_at = static_cast<std::uint64_t>(at_ + size);
        out.u32(0x06064b50).u64(44).u16(kLargeVersion).u16(kLargeVersion).u32(0).u32(0);
        out.u64(count).u64(count).u64(static_cast<std::uint64_t>(size)).u64(static_cast<std::uint64_t>(at_));
        out.u32(0x07064b50).u32(0).u64(end_at).u32(1);
    }
    const std::size_t shown = std::min(count, kMany);
    out.u32(0x06054b50).u16(0).u16(0).u16(shown).u16(shown).capped(size).capped(at_).u16(0);
    return std::move(out.out);
}

std::string clean_member(std::string_view name) {
    std::string out;
    for (std::size_t at = 0; at <= name.size();) {
        const std::size_t end = std::min(name.find_first_of("/\\", at), name.size());
        const std::string_view part = name.substr(at, end - at);
        at = end + 1;
        if (part.find_first_not_of(" .") == std::string_view::npos) continue;
        if (!out.empty()) out += '/';
        out += clean_name(part);
    }
    while (out.size() > kMany) out.erase(0, out.find('/') + 1);
    return out.empty() ? "file" : out;
}

std::string unlike(std::string name, std::vector<std::string>& taken) {
    const auto is_taken = [&](const std::string& one) {
        return std::ranges::find(taken, one) != taken.end();
    };
    std::string out = name;
    const auto slash = name.rfind('/');
    auto dot = name.rfind('.');
    if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) dot = name.size();
    for (int i = 2; is_taken(out); ++i)
        out = name.substr(0, dot) + " (" + std::to_string(i) + ")" + name.substr(dot);
    taken.push_back(out);
    return out;
}

std::optional<ZipMember> zip_member(const Json& said, std::int64_t size) {
    const JsonObject* object = said.if_object();
    if (object == nullptr) return std::nullopt;
    const auto whole = [&](std::string_view key) { return int_or(*object, key, -1); };
    ZipMember out{
        .place = static_cast<std::size_t>(whole("place")),
        .name = std::string(text_or(*object, "name")),
        .at = whole("at"),
        .packed = whole("packed"),
        .plain = whole("plain"),
        .crc = static_cast<std::uint32_t>(whole("crc")),
    };
    const Json* deflated = object->if_contains("deflated");
    if (deflated == nullptr || !deflated->is_bool() || whole("place") < 0) return std::nullopt;
    out.is_deflated = deflated->get_bool();
    const auto is_inside = [&](std::int64_t value) { return value >= 0 && value <= size; };
    if (!is_inside(out.at) || !is_inside(out.packed) || out.packed > size - out.at || out.plain < 0)
        return std::nullopt;
    return out;
}

std::optional<std::int64_t> zip_data_at(std::string_view head, std::int64_t at) {
    if (head.size() < kZipHeadBytes || number(head, 0, 4) != 0x04034b50) return std::nullopt;
    const auto names = static_cast<std::int64_t>(number(head, 26, 2) + number(head, 28, 2));
    return at + static_cast<std::int64_t>(kZipHeadBytes) + names;
}

}  // namespace weft::file
