#include "graphql/execute/room.h"

namespace weft::graphql {

rt::Task<Outcome<>> AnswerRoom::open(rt::Deadline by) {
    if (is_open_) co_return Outcome<>();
    auto room = co_await charge_.resize(static_cast<std::int64_t>(bytes_max_), std::move(by));
    if (!room) {
        const bool is_late = room.error().code == Code::kTimeout;
        co_return failure(
            "limit",
            is_late ? "too many large answers are under way; ask for less at a time, or try again later"
                    : room.error().user
        );
    }
    is_open_ = true;
    co_return Outcome<>();
}

Outcome<> AnswerRoom::add(std::size_t bytes) {
    if (bytes > left()) {
        return failure(
            "limit",
            "the answer is larger than " + std::to_string(bytes_max_) + " bytes; ask for less with `limit`"
        );
    }
    used_ += bytes;
    return {};
}

}  // namespace weft::graphql
