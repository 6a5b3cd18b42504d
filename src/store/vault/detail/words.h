#pragma once

#include "store/db/db.h"
#include "store/vault/connections.h"

namespace weft::pg {

template <>
struct Reader<store::vault::State> : WordReader<store::vault::State, store::vault::state_from> {};
template <>
struct Reader<store::vault::Circuit> : WordReader<store::vault::Circuit, store::vault::circuit_from> {};

}  // namespace weft::pg
