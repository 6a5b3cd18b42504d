#pragma once

#include "base/error.h"
#include "base/json.h"
#include "core/file/file.h"
#include "core/trigger/trigger.h"
#include "platform/http/http.h"
#include "store/files/files.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Bodies that are read as they come: files go to the disk, never into memory whole.
namespace weft::ingress::detail {

inline constexpr auto kTransferTimeout = std::chrono::hours(1);  // of 5 GiB at 12 Mbit/s

/// Whether a delivery's body is one: multipart, or bytes that are no text. Bodies with a coding are small
/// ones.
bool brings_files(const http::Request& head);
bool is_multipart(const http::Request& head);

/// What has come. Its files are whole and durable, and nobody's: dropped before Files::keep, nothing is left.
struct Received {
    std::vector<std::pair<std::string, Json>> entries;  // of multipart: texts and handles, in their order
    std::vector<std::unique_ptr<store::files::Upload>> uploads;
    std::vector<store::files::File> files;  // likewise
    std::size_t text_bytes = 0;
    std::size_t body_bytes = 0;  // all that was read
    std::vector<FileId> ids() const;
};

struct Receiving {
    store::files::Files& files;
    TenantId tenant;
    store::files::Origin origin = store::files::Origin::kWebhook;
    std::size_t text_bytes_max = 0;
    std::size_t entries_max = 0;
    std::function<void(std::string_view)> hear = nullptr;  // of each byte of the body, for its signature
    /// Of a file's part, when it begins and as it grows: what this refuses is read and dropped, and the body
    /// goes on.
    struct Part {
        std::string_view field;
        std::string_view filename;  // may be empty
        std::string_view type;
        std::int64_t bytes = 0;  // so far
        std::size_t before = 0;  // files of the field before it
    };
    std::function<bool(const Part&)> refuses = nullptr;
    std::function<Result<void>(std::size_t)> admit =
        nullptr;  // asked before more of it is kept: all until then
};

/// multipart/form-data. A file without name and bytes, which browsers send for an empty field, is left out.
/// Errors: kInvalid, kLimit (fields "body" and "file"), those of Files and of http::BodyReader.
rt::Task<Result<Received>> receive_multipart(http::Request& request, Receiving how, rt::Deadline by);
/// The body as one file.
rt::Task<Result<Received>> receive_file(http::Request& request, Receiving how, rt::Deadline by);
/// The same of a body that is here already.
rt::Task<Result<Received>> receive_bytes(
    std::string bytes, store::files::What what, Receiving how, rt::Deadline by
);

/// After a start that failed so: nobody uses its files. Of one whose outcome nobody knows they stay, of a
/// repetition the run that began before has its own.
bool has_begun_nothing(const Error& error);

/// The verification of a body that is not there yet: `trigger::verify` is asked before it about a body that
/// stands for it, which says what is digested, and again behind it with these digests.
class StreamedSignature {
  public:
    /// Errors: kUnauthenticated, when the head alone is refused: nothing of the body need be read then.
    static Result<StreamedSignature> begin(
        const trigger::Signature& signature,
        std::vector<Secret> secrets,
        const http::Request& head,
        std::vector<std::string> urls,
        Instant now,
        std::string stand_in
    );
    void add(std::string_view bytes);
    /// As trigger::verify.
    Result<trigger::Accepted> finish();

  private:
    struct Digest {
        crypto::HmacSha256 hmac;
        std::string suffix;
    };
    using Message = std::pair<std::string, std::string>;  // key and what is digested

    Result<trigger::Accepted> ask(const trigger::Hmac& hmac) const;

    trigger::Signature signature_;
    std::vector<Secret> secrets_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::vector<std::string> urls_;  // see trigger::Delivery
    Instant now_{};
    std::string stand_in_;
    std::map<Message, Digest> digests_;
    std::unique_ptr<crypto::Sha256> body_;
};

}  // namespace weft::ingress::detail
