#include "data/broker/bodies.h"

#include "core/file/multipart.h"

namespace weft::broker {

using store::files::Upload;

std::int64_t FilesSource::Segment::size() const {
    return file != nullptr ? file->file().size : static_cast<std::int64_t>(text.size());
}

FilesSource::FilesSource(std::vector<Segment> segments) : segments_(std::move(segments)) {
    for (const Segment& segment : segments_) size_ += static_cast<std::uint64_t>(segment.size());
}

rt::Task<Result<std::string>> FilesSource::next(rt::Deadline by) {
    while (segment_ < segments_.size() && at_ == segments_[segment_].size()) {
        ++segment_;
        at_ = 0;
    }
    if (segment_ == segments_.size()) co_return std::string();
    Segment& segment = segments_[segment_];
    if (segment.file == nullptr) {
        at_ = segment.size();
        co_return segment.text;
    }
    CO_TRY(auto chunk, co_await segment.file->read(at_, by));
    at_ += static_cast<std::int64_t>(chunk.size());
    co_return chunk;
}

void FilesSource::rewind() {
    segment_ = 0;
    at_ = 0;
}

std::string name_of_url(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    const auto begin = url.find("://");
    if (begin != std::string_view::npos) url.remove_prefix(begin + 3);
    const auto slash = url.rfind('/');
    return slash == std::string_view::npos ? "" : std::string(url.substr(slash + 1));
}

void FileSink::look(const http::Fields& headers) {
    const auto given = file::parameter(headers.get("content-disposition"), "filename");
    what_ = {
        .name = given ? std::string(*given) : needs_.name,
        .type = std::string(headers.get("content-type")),
        .origin = store::files::Origin::kMade
    };
}

bool FileSink::wants(int status, const http::Fields& headers) {
    const std::string_view coding = headers.get("content-encoding", "identity");
    if (status < 200 || status >= 300 || !http::same_name(coding, "identity")) return false;
    look(headers);
    return true;
}

rt::Task<Result<void>> FileSink::open(rt::Deadline by) {
    if (upload_ != nullptr) co_return Result<void>{};
    CO_TRY(upload_, co_await needs_.files.create(needs_.tenant, what_, std::nullopt, by));
    co_return Result<void>{};
}

rt::Task<Result<void>> FileSink::write(std::string piece, rt::Deadline by) {
    bytes_ += static_cast<std::int64_t>(piece.size());
    CO_CHECK_OK(co_await open(by));
    if (!needs_.redactor->empty()) piece = needs_.redactor->redact_piece(held_, piece, false);
    co_return co_await upload_->append(std::move(piece), by);
}

rt::Task<Result<store::files::File>> FileSink::finish(rt::Deadline by) {
    CO_CHECK_OK(co_await open(by));
    if (!held_.empty()) {
        std::string rest = needs_.redactor->redact_piece(held_, "", true);
        CO_CHECK_OK(co_await upload_->append(std::move(rest), by));
    }
    co_return co_await upload_->finish(by);
}

}  // namespace weft::broker
