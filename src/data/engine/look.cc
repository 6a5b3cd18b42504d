#include "data/engine/detail/look.h"

#include "base/limits.h"
#include "platform/rt/loop.h"

#include <utility>

namespace weft::engine {

rt::Task<Result<Value>> read_value(std::string text) {
    auto read = [&] { return parse_json(text, {.bytes_max = limits::kPayloadBytesMax}); };
    CO_TRY(Json tree, co_await rt::offload(text.size(), read));
    co_return Value{std::move(text), std::move(tree)};
}

rt::Task<Result<void>> check_value(std::size_t bytes, std::function<Result<void>(schema::Work)> check) {
    if (bytes <= rt::kInlineBytesMax) {
        auto quick = check(schema::Work::kQuick);
        if (quick || quick.error().code != Code::kLimit) co_return quick;
    }
    auto whole = [&] { return check(schema::Work::kFull); };
    co_return co_await rt::on_pool(whole, rt::Pool::kTenants);
}

}  // namespace weft::engine
