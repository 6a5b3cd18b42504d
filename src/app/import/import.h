#pragma once

#include "base/secret.h"

#include <string>
#include <vector>

namespace weft::app {

struct ImportOptions {
    std::vector<std::string> files;
    std::string zone;      // for workflows that name none
    std::string out;       // folder for definitions; "" = none
    bool is_json = false;  // prints all that is known as JSON instead of the report
    bool saves = false;
    std::string url;  // of the installation to save in
    Secret token;
};

/// `weft import n8n`. Exit code: 0; 1 when a file cannot be read or saved.
int import_n8n(const ImportOptions& options);

}  // namespace weft::app
