#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/json.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Files as the rest of the program speaks of them: handles, never bytes and never paths.
namespace weft {
using FileId = Id<struct FileTag>;
}

namespace weft::file {

inline constexpr std::int64_t kFileBytesMax = 5'368'709'120;  // 5 GiB; what one upload may hold of a disk
inline constexpr std::size_t kFilesPerBodyMax = 20;           // of one request or form
inline constexpr std::size_t kFilesPerValueMax = 100;         // handles in one value of a run
inline constexpr std::int64_t kZipMembersMax = 10'000;        // of an archive; they are one value
inline constexpr std::size_t kNameBytesMax = 255;             // as file systems allow
inline constexpr std::size_t kTypeBytesMax = 127;

/// The member that makes an object a handle; its value is the id.
inline constexpr std::string_view kMember = "$file";
inline constexpr std::string_view kAnyType = "application/octet-stream";

struct Handle {
    FileId id;
    std::string name;
    std::string type;  // a media type, lower case, without parameters
    std::int64_t size = 0;
    std::string sha256;  // of its bytes, in hexadecimal digits
    bool operator==(const Handle&) const = default;
};

/// {"$file", "name", "type", "size", "sha256"}
Json to_json(const Handle& handle);
/// The id, of an object that is a handle. The other members say nothing.
std::optional<FileId> handle_in(const Json& value);
/// All handles in a value, each once. Errors: kLimit beyond kFilesPerValueMax, with field `field`.
Result<std::vector<FileId>> handles_in(const Json& value, std::string_view field = "input");
/// Whether there may be one in this JSON text; costs a search.
bool may_hold_handles(std::string_view json);

/// What a name becomes: valid UTF-8, one line, the last segment of a path, at most kNameBytesMax bytes; never
/// empty.
std::string clean_name(std::string_view name);
/// "Image/PNG; q=1" -> "image/png"; what is no media type -> application/octet-stream.
std::string clean_type(std::string_view type);
/// A type by the name's ending, for the few that programs make; application/octet-stream otherwise.
std::string_view type_of_name(std::string_view name);

/// Content-Disposition by RFC 6266: never inline, so that no page of ours shows what others uploaded.
std::string disposition(std::string_view name);

}  // namespace weft::file
