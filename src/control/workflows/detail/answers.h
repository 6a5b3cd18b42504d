#pragma once

#include "control/api/api.h"
#include "store/workflows/workflows.h"

namespace weft::control {

Json workflow_json(const store::workflows::Workflow& workflow);
/// Without the definition: lists of versions stay small.
Json version_json(const store::workflows::Version& version);
Json whole_version_json(const store::workflows::Version& version);

}  // namespace weft::control
