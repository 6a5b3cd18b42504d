#pragma once

#include "core/connector/connector.h"
#include "platform/http/client.h"
#include "store/files/files.h"

#include <memory>
#include <string>
#include <vector>

/// Bodies of calls that are files: sent and kept as they go by, in memory that does not grow with them.
namespace weft::broker {

/// Texts and files in the order in which they are sent.
class FilesSource final : public http::BodySource {
  public:
    struct Segment {
        std::string text;
        std::unique_ptr<store::files::Download> file;  // instead of `text`
        std::int64_t size() const;
    };
    explicit FilesSource(std::vector<Segment> segments);

    std::uint64_t size() const override { return size_; }
    rt::Task<Result<std::string>> next(rt::Deadline by) override;
    void rewind() override;

  private:
    std::vector<Segment> segments_;
    std::uint64_t size_ = 0;
    std::size_t segment_ = 0;
    std::int64_t at_ = 0;  // in it
};

/// An answer's body into a file. The secrets of the connection that was used are starred in it.
class FileSink final : public http::BodySink {
  public:
    struct Needs {
        store::files::Files& files;
        TenantId tenant;
        std::string name;                                     // where the answer gives none
        std::shared_ptr<const connector::Redactor> redactor;  // shared with other calls
    };
    explicit FileSink(Needs needs) : needs_(std::move(needs)) {}

    /// A 2xx without a coding.
    bool wants(int status, const http::Fields& headers) override;
    rt::Task<Result<void>> write(std::string piece, rt::Deadline by) override;
    /// What has come, whole; nothing when `wants` was not asked, hence of an empty body.
    rt::Task<Result<store::files::File>> finish(rt::Deadline by);
    std::unique_ptr<store::files::Upload> take() { return std::move(upload_); }
    /// Takes name and type from the answer; `wants` does so too.
    void look(const http::Fields& headers);
    /// That have come.
    std::int64_t bytes() const { return bytes_; }

  private:
    rt::Task<Result<void>> open(rt::Deadline by);

    Needs needs_;
    store::files::What what_;
    std::unique_ptr<store::files::Upload> upload_;
    std::int64_t bytes_ = 0;
    std::string held_;  // may be the beginning of a secret
};

/// "invoice.pdf" of "https://example.com/a/invoice.pdf?x".
std::string name_of_url(std::string_view url);

}  // namespace weft::broker
