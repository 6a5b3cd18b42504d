#include "graphql/execute/detail/statement_name.h"

#include "base/bytes.h"
#include "platform/crypto/crypto.h"

namespace weft::graphql {

std::string statement_name(std::string_view text) {
    return "graphql." + hex(std::string_view(crypto::sha256(text)).substr(0, 16));
}

}  // namespace weft::graphql
