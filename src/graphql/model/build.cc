#include "graphql/model/detail/draft.h"
#include "graphql/model/detail/generator.h"
#include "graphql/model/detail/rules.h"

namespace weft::graphql {

/// Opens the model's parts to the stages that make it.
class ModelBuilder {
  public:
    static std::shared_ptr<const Model> build(
        Catalog catalog, metadata::Metadata metadata, const EnumValues& enums, ModelOptions options
    ) {
        auto model = std::make_shared<Model>();
        model->catalog_ = std::move(catalog);
        model->metadata_ = std::move(metadata);
        model->options_ = options;
        model->schema_ = std::make_unique<Schema>();
        add_roles(*model);
        Draft draft = open(*model, enums);
        inherit_lists(draft);
        resolve_tables(draft);
        resolve_computed_fields(draft);
        resolve_relationships(draft);
        resolve_permissions(draft);
        resolve_functions(draft);
        Generator generator(draft);
        generator.run();
        model->schema_->finish();
        make_accesses(draft, generator.visibility(), *model->nobody_);
        find_missing_indexes(draft);
        return model;
    }

  private:
    static void add_roles(Model& model) {
        const auto add = [&](std::string name) {
            if (model.roles_by_name_.contains(name)) return;
            auto role = std::make_unique<Role>();
            role->name = name;
            role->number = static_cast<int>(model.roles_.size());
            model.roles_by_name_.emplace(std::move(name), role.get());
            model.roles_.push_back(std::move(role));
        };
        add("admin");
        for (std::string& name : metadata::roles(model.metadata_)) add(std::move(name));
        model.nobody_ = std::make_unique<Role>();
        model.nobody_->number = -1;
    }

    static Draft open(Model& model, const EnumValues& enums) {
        return Draft{
            .catalog = model.catalog_,
            .metadata = model.metadata_,
            .options = model.options_,
            .enum_values = enums,
            .schema = *model.schema_,
            .meanings = model.meanings_,
            .tables = model.tables_,
            .enums = model.enums_,
            .functions = model.functions_,
            .actions = model.actions_,
            .outputs = model.outputs_,
            .tables_by_name = model.tables_by_name_,
            .roles = model.roles_,
            .roles_by_name = model.roles_by_name_,
            .inconsistencies = model.inconsistencies_,
            .index_warnings = model.index_warnings_,
        };
    }
};

std::shared_ptr<const Model> build_model(
    Catalog catalog, metadata::Metadata metadata, const EnumValues& enums, ModelOptions options
) {
    return ModelBuilder::build(std::move(catalog), std::move(metadata), enums, options);
}

}  // namespace weft::graphql
