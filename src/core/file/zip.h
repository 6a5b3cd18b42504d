#pragma once

#include "base/json.h"
#include "base/time.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// ZIP archives (PKWARE's APPNOTE): writing them as bytes go by, and what of one that is read we look at
/// ourselves.
namespace weft::file {

/// A member's bytes, as its descriptor says them.
struct ZipSizes {
    std::uint32_t crc = 0;
    std::int64_t packed = 0;
    std::int64_t plain = 0;
};

/// What stands around the members' bytes, which are deflated; the caller writes them between `begin` and
/// `end`. Sizes stand behind the bytes, hence nothing is known before or written twice. Beyond 4 GiB, and
/// 65,535 members, the forms of ZIP64.
class ZipWriter {
  public:
    explicit ZipWriter(Instant now);

    /// `name` as clean_member gives it; `plain` is what the member will have.
    std::string begin(std::string name, std::int64_t plain);
    std::string end(const ZipSizes& sizes);
    /// The directory.
    std::string finish();

  private:
    struct Member {
        std::string name;
        std::int64_t at = 0;
        bool is_large = false;
        ZipSizes sizes;
    };
    std::uint32_t time_;  // as DOS counts
    std::int64_t at_ = 0;
    std::vector<Member> members_;
};

/// "a/b.txt": each part as clean_name has it; empty parts, "." and ".." are left out; never empty.
std::string clean_member(std::string_view name);
/// The same, or "b (2).txt" when it is among `taken`, to which it is added.
std::string unlike(std::string name, std::vector<std::string>& taken);

// ---- reading. A sandbox reads the directory; what it says of members is a hint, and these are its words.

/// A member that is to be taken out.
struct ZipMember {
    std::size_t place = 0;  // in the list of all
    std::string name;
    std::int64_t at = 0;  // of its head
    std::int64_t packed = 0;
    std::int64_t plain = 0;
    std::uint32_t crc = 0;
    bool is_deflated = true;  // else stored
};
/// {"place", "name", "at", "packed", "plain", "crc", "deflated"}; nothing when it is not that, or lies
/// outside of a file of `size` bytes.
std::optional<ZipMember> zip_member(const Json& said, std::int64_t size);

inline constexpr std::size_t kZipHeadBytes = 30;
/// Where the member's bytes begin, after its head begins so; nothing when it does not.
std::optional<std::int64_t> zip_data_at(std::string_view head, std::int64_t at);

}  // namespace weft::file
