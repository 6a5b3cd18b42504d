#pragma once

#include "base/error.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weft::file {

/// multipart/form-data (RFC 7578) read as it comes, in memory that does not grow with it:
///
///     reader.feed(bytes);
///     for (;;) switch (TRY(reader.next())) { kMore: feed again; kPart: reader.part(); kData: reader.data()
///     ... }
class MultipartReader {
  public:
    /// Errors: kInvalid with field "body" (no boundary).
    static Result<MultipartReader> make(std::string_view content_type);

    struct Part {
        std::string name;                     // of the field
        std::optional<std::string> filename;  // as sent; a part without one is a field's text
        std::string type;                     // as sent; may be empty
    };
    enum class Event {
        kMore,  // feed
        kPart,  // a part begins
        kData,  // some of its bytes
        kEnd,   // it is whole
        kDone,  // so is the body
    };

    void feed(std::string_view bytes) { buffer_.append(bytes); }
    /// Errors: kInvalid with field "body" (damaged).
    Result<Event> next();
    /// After kPart.
    const Part& part() const { return part_; }
    /// After kData: never empty.
    std::string data() { return std::exchange(data_, {}); }
    /// At the end of the input: whether it was all.
    Result<void> finish() const;

  private:
    enum class State { kPreamble, kBoundary, kHeaders, kBody, kEnd, kDone };
    explicit MultipartReader(std::string_view boundary);
    Result<Event> read_boundary();
    Result<Event> read_headers();
    Event read_body();

    State state_ = State::kPreamble;
    std::string delimiter_;
    std::string buffer_;
    std::string data_;
    bool is_at_start_ = false;  // of a part's value: behind its headers' last line end
    Part part_;
};

/// The head of one part of a body that we write; the boundary must not occur in any part, which 128 random
/// bits make sure of.
std::string part_head(std::string_view boundary, const MultipartReader::Part& part);
std::string multipart_end(std::string_view boundary);

/// A parameter of a header's value: `form-data; name="field"; filename="x"`, as it is written.
std::optional<std::string_view> parameter(std::string_view header, std::string_view name);

}  // namespace weft::file
