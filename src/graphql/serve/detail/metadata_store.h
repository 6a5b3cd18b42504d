#pragma once

#include "graphql/serve/serve.h"
#include "platform/rt/sync.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::graphql::detail {

/// The metadata in force and the model made of it. One change at a time.
class MetadataStore {
  public:
    MetadataStore(rt::Loop& loop, pg::Pool& pool, Engine& engine, Live& live, ModelOptions options)
        : pool_(pool), engine_(engine), live_(live), options_(options), changed_(loop) {}

    /// What a change may leave inconsistent.
    enum class Allows { kNothing, kWhatWas, kAnything };
    /// Reads the catalog, builds the model, and puts it in place. Failure: the metadata stay as they were;
    /// `internal` lists the inconsistent objects.
    rt::Task<Outcome<>> replace(metadata::Metadata metadata, Allows allows, rt::Deadline by);
    /// The same for a document. Failure: parse-failed with the path.
    rt::Task<Outcome<>> replace_document(Json document, Allows allows, rt::Deadline by);
    /// The catalog again, with the metadata as they are.
    rt::Task<Outcome<>> reload(rt::Deadline by);

    JsonObject document() const;
    JsonArray inconsistencies() const;
    bool is_consistent() const;
    std::int64_t version() const { return version_; }

  private:
    rt::Task<Outcome<>> build(metadata::Metadata metadata, Allows allows, rt::Deadline by);
    rt::Task<Result<std::shared_ptr<const Model>>> make_model(metadata::Metadata metadata, rt::Deadline by);
    Outcome<> check(const Model& next, Allows allows) const;

    pg::Pool& pool_;
    Engine& engine_;
    Live& live_;
    ModelOptions options_;
    rt::Signal changed_;
    bool is_changing_ = false;
    std::int64_t version_ = 0;
};

}  // namespace weft::graphql::detail
