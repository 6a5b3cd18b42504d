#pragma once

#include "platform/pg/row.h"
#include "store/vault/keys.h"

#include <string>

namespace weft::pg {

template <>
struct Reader<store::vault::KeyClass> : WordReader<store::vault::KeyClass, store::vault::key_class_from> {};

}  // namespace weft::pg

namespace weft::store::vault::detail {

struct StoredKey {
    TenantKeyId id;
    KeyClass key_class = KeyClass::kData;
    int version = 1;
    std::string wrapped;
};
inline constexpr auto kStoredKey = pg::columns(
    pg::column<&StoredKey::id>("id"),
    pg::column<&StoredKey::key_class>("class"),
    pg::column<&StoredKey::version>("version"),
    pg::bytes<&StoredKey::wrapped>("wrapped_key")
);

}  // namespace weft::store::vault::detail
