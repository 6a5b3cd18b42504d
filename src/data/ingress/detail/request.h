#pragma once

#include "base/error.h"
#include "base/time.h"
#include "core/trigger/trigger.h"
#include "platform/http/http.h"
#include "store/triggers/inbox.h"

#include <string>

namespace weft::ingress::detail {

/// What a run sees of a delivery; hooks.h says how. JSON texts. kInvalid: the content type says JSON or a
/// form, and the body is none.
Result<std::string> input_of(const http::Request& request);
std::string trigger_of(
    const http::Request& request,
    const store::triggers::WebhookTarget& target,
    const trigger::Signature& signature,
    Instant received_at
);

}  // namespace weft::ingress::detail
