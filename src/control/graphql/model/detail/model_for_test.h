#pragma once

#include "control/graphql/model/model_for_test.h"  // where it lives now
