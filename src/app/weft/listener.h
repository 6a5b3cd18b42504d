#pragma once

#include "app/weft/settings.h"
#include "base/error.h"
#include "platform/proc/proc.h"

namespace weft::app {

/// A TCP socket that listens on `address`, whose port 0 becomes the one it got. `weft serve` owns it and
/// hands it to each incarnation of the api: while one is being replaced, connections wait instead of being
/// refused. Errors say what to do about an address that is taken or not ours.
Result<proc::Fd> listen_on(Address& address);

}  // namespace weft::app
