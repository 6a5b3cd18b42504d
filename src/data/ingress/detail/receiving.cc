#include "data/ingress/detail/receiving.h"

#include "base/bytes.h"
#include "core/file/multipart.h"
#include "core/media/media.h"
#include "data/ingress/detail/request.h"
#include "platform/crypto/crypto.h"

namespace weft::ingress::detail {

namespace {

using store::files::Upload;
using store::files::What;

/// More than the bits of a key: nobody writes it into a header by chance.
constexpr std::size_t kDigestsMax = 16;  // secrets and ways to sign of one delivery

std::string media_type(const http::Request& head) {
    return media::parse_content_type(head.headers.get("content-type")).type;
}

/// One multipart body on its way.
class Parts {
  public:
    Parts(Receiving& how, file::MultipartReader reader, rt::Deadline by)
        : how_(how), reader_(std::move(reader)), by_(std::move(by)) {}

    /// True at the body's end.
    rt::Task<Result<bool>> take(std::string piece) {
        reader_.feed(piece);
        for (;;) {
            CO_TRY(const auto event, reader_.next());
            switch (event) {
                case file::MultipartReader::Event::kMore:
                    co_return false;
                case file::MultipartReader::Event::kDone:
                    co_return true;
                case file::MultipartReader::Event::kPart:
                    CO_CHECK_OK(begin());
                    break;
                case file::MultipartReader::Event::kData: {
                    std::string data = reader_.data();
                    CO_CHECK_OK(co_await add(std::move(data)));
                    break;
                }
                case file::MultipartReader::Event::kEnd:
                    CO_CHECK_OK(co_await end());
                    break;
            }
        }
    }
    Result<void> finish() const { return reader_.finish(); }

    Received out;

  private:
    Result<void> begin() {
        if (++parts_ > how_.entries_max) return fail(Error::limit("The body has too many fields", "body"));
        text_.clear();
        file_bytes_ = 0;
        before_ = reader_.part().filename ? begun_[reader_.part().name]++ : 0;
        is_refused_ = !is_nothing() && refuses();
        return count(reader_.part().name.size());
    }
    Result<void> count(std::size_t bytes) {
        out.text_bytes += bytes;
        if (out.text_bytes <= how_.text_bytes_max) return {};
        return fail(Error::limit("The body's fields that are no files are too large", "body"));
    }
    /// A browser sends a part without a name and bytes for an entry that was left empty.
    bool is_nothing() const {
        const auto& part = reader_.part();
        return !part.filename || (part.filename->empty() && file_bytes_ == 0);
    }
    bool refuses() const {
        const auto& part = reader_.part();
        return how_.refuses && how_.refuses({part.name, *part.filename, part.type, file_bytes_, before_});
    }
    rt::Task<Result<void>> open() {
        if (out.files.size() >= file::kFilesPerBodyMax)
            co_return fail(Error::limit("The body has more than 20 files", "body"));
        const auto& part = reader_.part();
        const std::string type =
            part.type.empty() ? std::string(file::type_of_name(*part.filename)) : part.type;
        What what{.name = *part.filename, .type = type, .origin = how_.origin};
        CO_TRY(upload_, co_await how_.files.create(how_.tenant, std::move(what), std::nullopt, by_));
        co_return Result<void>{};
    }
    rt::Task<Result<void>> add(std::string data) {
        if (!reader_.part().filename) {
            CO_CHECK_OK(count(data.size()));
            text_ += data;
            co_return Result<void>{};
        }
        file_bytes_ += static_cast<std::int64_t>(data.size());
        if (!is_refused_) is_refused_ = refuses();
        if (is_refused_) {
            upload_.reset();
            co_return Result<void>{};
        }
        if (upload_ == nullptr) CO_CHECK_OK(co_await open());
        co_return co_await upload_->append(std::move(data), by_);
    }
    rt::Task<Result<void>> end() {
        const auto& part = reader_.part();
        if (!part.filename) {
            out.entries.emplace_back(part.name, media::to_utf8(std::move(text_), "").utf8);
            text_.clear();
            co_return Result<void>{};
        }
        if (is_refused_) co_return Result<void>{};
        if (upload_ == nullptr) {
            if (is_nothing()) --begun_[part.name];
            if (is_nothing()) co_return Result<void>{};
            CO_CHECK_OK(co_await open());
        }
        CO_TRY(auto file, co_await upload_->finish(by_));
        out.entries.emplace_back(part.name, file::to_json(file.handle()));
        out.files.push_back(std::move(file));
        out.uploads.push_back(std::move(upload_));
        co_return Result<void>{};
    }

    Receiving& how_;
    file::MultipartReader reader_;
    rt::Deadline by_;
    std::string text_;
    std::unique_ptr<Upload> upload_;
    std::int64_t file_bytes_ = 0;
    std::size_t parts_ = 0;
    std::size_t before_ = 0;
    std::map<std::string, std::size_t> begun_;  // files, by field
    bool is_refused_ = false;
};

Result<void> admit(const Receiving& how, std::string_view piece, std::size_t& bytes) {
    bytes += piece.size();
    if (how.admit) CHECK_OK(how.admit(bytes));
    if (how.hear) how.hear(piece);
    return {};
}

rt::Task<Result<Received>> finished(std::unique_ptr<Upload> upload, rt::Deadline by) {
    Received out;
    CO_TRY(auto file, co_await upload->finish(by));
    out.files.push_back(std::move(file));
    out.uploads.push_back(std::move(upload));
    co_return out;
}

}  // namespace

bool is_multipart(const http::Request& head) {
    return media_type(head) == "multipart/form-data";
}

bool brings_files(const http::Request& head) {
    if (head.method == http::Method::kGet || head.method == http::Method::kHead) return false;
    const std::string_view coding = head.headers.get("content-encoding", "identity");
    if (!http::same_name(coding, "identity")) return false;
    return is_multipart(head) || is_bytes(media_type(head));
}

bool has_begun_nothing(const Error& error) {
    return error.code != Code::kUnavailable && error.code != Code::kTimeout && error.code != Code::kCancelled;
}

std::vector<FileId> Received::ids() const {
    std::vector<FileId> out;
    for (const auto& file : files) out.push_back(file.id);
    return out;
}

rt::Task<Result<Received>> receive_multipart(http::Request& request, Receiving how, rt::Deadline by) {
    CO_TRY(auto reader, file::MultipartReader::make(request.headers.get("content-type")));
    Parts parts(how, std::move(reader), by);
    for (;;) {
        CO_TRY(std::string piece, co_await request.incoming->read(by));
        if (piece.empty()) break;
        CO_CHECK_OK(admit(how, piece, parts.out.body_bytes));
        CO_CHECK_OK(co_await parts.take(std::move(piece)));
    }
    CO_CHECK_OK(parts.finish());
    co_return std::move(parts.out);
}

rt::Task<Result<Received>> receive_file(http::Request& request, Receiving how, rt::Deadline by) {
    const auto given = file::parameter(request.headers.get("content-disposition"), "filename");
    What what{
        .name = std::string(given.value_or("file")),
        .type = std::string(request.headers.get("content-type")),
        .origin = how.origin
    };
    const auto length = static_cast<std::int64_t>(stated_length(request));
    const auto stated = length > 0 ? std::optional(length) : std::nullopt;
    CO_TRY(auto upload, co_await how.files.create(how.tenant, std::move(what), stated, by));
    std::size_t bytes = 0;
    for (;;) {
        CO_TRY(std::string piece, co_await request.incoming->read(by));
        if (piece.empty()) break;
        CO_CHECK_OK(admit(how, piece, bytes));
        CO_CHECK_OK(co_await upload->append(std::move(piece), by));
    }
    CO_TRY(auto out, co_await finished(std::move(upload), by));
    out.body_bytes = bytes;
    co_return out;
}

rt::Task<Result<Received>> receive_bytes(std::string bytes, What what, Receiving how, rt::Deadline by) {
    const auto stated = static_cast<std::int64_t>(bytes.size());
    CO_TRY(auto upload, co_await how.files.create(how.tenant, std::move(what), stated, by));
    CO_CHECK_OK(co_await upload->append(std::move(bytes), by));
    co_return co_await finished(std::move(upload), by);
}

Result<StreamedSignature> StreamedSignature::begin(
    const trigger::Signature& signature,
    std::vector<Secret> secrets,
    const http::Request& head,
    std::vector<std::string> urls,
    Instant now,
    std::string stand_in
) {
    StreamedSignature out;
    out.signature_ = signature;
    out.secrets_ = std::move(secrets);
    for (const auto& [name, value] : head.headers) out.headers_.emplace_back(name, value);
    out.urls_ = std::move(urls);
    out.now_ = now;
    out.stand_in_ = std::move(stand_in);
    out.body_ = std::make_unique<crypto::Sha256>();
    const trigger::Hmac record = [&](std::string_view key, std::string_view message) {
        const auto at = message.find(out.stand_in_);
        if (at != std::string_view::npos && out.digests_.size() < kDigestsMax) {
            Digest digest{crypto::HmacSha256(key), std::string(message.substr(at + out.stand_in_.size()))};
            digest.hmac.add(message.substr(0, at));
            out.digests_.emplace(Message(key, message), std::move(digest));
        }
        return std::string(32, '\0');
    };
    auto told = out.ask(record);
    // Without a digest of the body the head has decided.
    if (!told && out.digests_.empty()) return fail(std::move(told).error());
    return out;
}

void StreamedSignature::add(std::string_view bytes) {
    for (auto& [message, digest] : digests_) digest.hmac.add(bytes);
    body_->add(bytes);
}

Result<trigger::Accepted> StreamedSignature::finish() {
    std::map<Message, std::string> made;
    for (auto& [message, digest] : digests_) {
        digest.hmac.add(digest.suffix);
        made.emplace(message, digest.hmac.finish());
    }
    const std::string body = hex(body_->finish());
    return ask([&](std::string_view key, std::string_view message) {
        if (const auto found = made.find(Message(key, message)); found != made.end()) return found->second;
        // No signature: what a body is recognised by. Its own digest stands for it.
        std::string text(message);
        if (const auto at = text.find(stand_in_); at != std::string::npos)
            text.replace(at, stand_in_.size(), body);
        return crypto::hmac_sha256(key, text);
    });
}

Result<trigger::Accepted> StreamedSignature::ask(const trigger::Hmac& hmac) const {
    std::vector<std::pair<std::string_view, std::string_view>> headers(headers_.begin(), headers_.end());
    // Who signs with SHA-1 sends forms; of a body that is read as it comes such a signature never fits.
    static const trigger::Hmac kSha1 = crypto::hmac_sha1;
    const trigger::Delivery delivery{
        .headers = headers, .body = stand_in_, .urls = urls_, .hmac_sha1 = &kSha1
    };
    return trigger::verify(signature_, secrets_, delivery, now_, hmac);
}

}  // namespace weft::ingress::detail
